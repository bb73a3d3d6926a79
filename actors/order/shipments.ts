/** What the order's shipments, which are aggregates of their own, are to be told. */
import type { CommandEnvelope } from '../../schemas/envelope.ts';
import type { OrderStatus, RecordedStatus } from '../../schemas/order.ts';
import type { ShipmentCommand } from '../../schemas/shipment.ts';
import type { Effect } from '../kernel/decider.ts';
import type { ShippedItem } from './shipping.ts';

/** A shipment as the order knows it. */
export interface OrderShipment {
  readonly shipmentId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly items: readonly ShippedItem[];
  /** What the shipment itself knows for sure. */
  recorded: RecordedStatus | null;
}

/** As much of an order as its shipments are told. */
interface ShippingOrder {
  readonly status: 'UNPLACED' | OrderStatus;
  readonly orderId: string;
  readonly shipTo: Extract<ShipmentCommand, { type: 'CreateShipment' }>['data']['shipTo'];
  readonly shipments: readonly OrderShipment[];
}

/** Commands for one shipment, and the status that it then has. */
export interface ShipmentErrand {
  readonly shipmentId: string;
  readonly status: RecordedStatus;
  /** All from the beginning: those that it knows already are recognised by their ids. */
  readonly commands: readonly CommandEnvelope<ShipmentCommand['data']>[];
}

/** The status that a shipment is to be told of, if it does not know it already. */
export function statusToTell(
  { recorded }: OrderShipment,
  orderStatus: ShippingOrder['status'],
): RecordedStatus | undefined {
  const status = orderStatus === 'DELIVERED' ? 'DELIVERED' : 'DISPATCHED';
  return recorded === status ? undefined : status;
}

/** Each shipment is to be told what it does not know, until its answer is recorded. */
export function* shipmentEffects(order: Readonly<ShippingOrder>): Iterable<Effect<ShipmentErrand>> {
  for (const shipment of order.shipments) {
    const status = statusToTell(shipment, order.status);
    if (status === undefined) continue;
    const { shipmentId } = shipment;
    const commands = commandsFor(order, shipment, status);
    yield { effect: `tell ${shipmentId} ${status}`, dueAt: 0, request: { shipmentId, status, commands } };
  }
}

function commandsFor(
  { orderId, shipTo }: ShippingOrder,
  { carrier, trackingNumber, items }: OrderShipment,
  status: RecordedStatus,
): CommandEnvelope<ShipmentCommand['data']>[] {
  const told: ShipmentCommand[] = [
    { type: 'CreateShipment', data: { orderId, carrier, trackingNumber, shipTo, items: [...items] } },
    { type: 'DispatchShipment', data: {} },
  ];
  if (status === 'DELIVERED') told.push({ type: 'DeliverShipment', data: {} });
  return told.map(({ type, data }) => ({ commandId: `order:${type}`, type, data }));
}
