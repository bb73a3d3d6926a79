/** One shipment as the auditor keeps it: nobody but its order says what becomes of it. */
import { isDeepStrictEqual } from 'node:util';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import type { AuditedEvent, Due } from './book.ts';
import type { LedgerOf } from './ledger.ts';
import type { OrderTold, ShipmentTold } from './shopBooks.ts';

/** What each command of the order makes of the shipment, and with which event. */
const COMMANDS: Readonly<Record<string, { readonly event: string; readonly status: string }>> = {
  'order:CreateShipment': { event: 'ShipmentCreated', status: 'CREATED' },
  'order:DispatchShipment': { event: 'ShipmentDispatched', status: 'DISPATCHED' },
  'order:DeliverShipment': { event: 'ShipmentDelivered', status: 'DELIVERED' },
};

export class ShipmentBook implements ShipmentTold {
  status = 'UNCREATED';
  readonly #shipmentId: string;
  readonly #ledgerOf: LedgerOf;

  constructor(shipmentId: string, ledgerOf: LedgerOf) {
    this.#shipmentId = shipmentId;
    this.#ledgerOf = ledgerOf;
  }

  fits({ type }: Body, event: AuditedEvent): boolean {
    return COMMANDS[`order:${type}`]?.event === event.type;
  }

  platformBody(event: AuditedEvent, commandId: string): Body | undefined {
    const command = COMMANDS[commandId];
    return command?.event === event.type
      ? { type: commandId.slice('order:'.length), data: event.data }
      : undefined;
  }

  due(): Iterable<Due> {
    return [];
  }

  apply(event: AuditedEvent): void {
    const orderId = this.#shipmentId.replace(/-\d+$/, '');
    const order = this.#ledgerOf({ aggregateType: 'order', aggregateId: orderId }).book as OrderTold;
    const shipped = order.shipments.get(this.#shipmentId);
    if (shipped === undefined) fail(event, 'its order knows of no such shipment');
    if (event.type === 'ShipmentCreated') this.#create(event, order, shipped);
    if (event.type === 'ShipmentDelivered' && order.status !== 'DELIVERED')
      fail(event, `its order is ${order.status}`);
    this.status = Object.values(COMMANDS).find((one) => one.event === event.type)?.status ?? this.status;
  }

  #create(event: AuditedEvent, order: OrderTold, { data }: AuditedEvent): void {
    const { carrier, trackingNumber, items } = data;
    const { orderId, shipTo } = order.placed?.data ?? {};
    if (!isDeepStrictEqual({ ...event.data }, { orderId, carrier, trackingNumber, shipTo, items }))
      fail(event, 'its order says something else of it');
  }
}

function fail({ aggregateId, version, type }: AuditedEvent, detail: string): never {
  throw new Breach(
    'shipments know what their order says',
    `${aggregateId} version ${version} (${type}): ${detail}`,
  );
}
