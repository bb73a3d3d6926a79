/** One order as the auditor keeps it: what it comes to, what may follow what, and what has been shipped of each line. */
import type { Source } from '../../../actors/kernel/messages.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Due, EFFECT_SLACK_MS } from './book.ts';
import { countryOfOrder } from './eras.ts';
import { units } from './exact.ts';
import type { LedgerOf } from './ledger.ts';
import { sagaCommand } from './sagaCommands.ts';
import { isSealed, type OpenSealed } from './sealed.ts';
import type { OrderTold, ShipmentTold } from './shopBooks.ts';

/** How the order says that a shipment has been told something. */
const EFFECT_ID = /^effect tell (\S+) (DISPATCHED|DELIVERED) 0$/;

/** The event of each command, and what of the command it says again. */
const EVENTS: Readonly<Record<string, { readonly event: string; readonly same: readonly string[] }>> = {
  PlaceOrder: { event: 'OrderPlaced', same: ['orderId', 'customerId', 'currency'] },
  ConfirmOrder: { event: 'OrderConfirmed', same: [] },
  ShipOrder: { event: 'OrderShipped', same: ['carrier', 'trackingNumber'] },
  DeliverOrder: { event: 'OrderDelivered', same: [] },
  CancelOrder: { event: 'OrderCancelled', same: ['reason'] },
  RecordShipment: { event: 'ShipmentRecorded', same: ['shipmentId', 'status'] },
};

/** From which states each event may come. */
const FROM: Readonly<Record<string, readonly string[]>> = {
  OrderPlaced: ['UNPLACED'],
  OrderConfirmed: ['PENDING'],
  OrderShipped: ['CONFIRMED'],
  OrderDelivered: ['SHIPPED'],
  OrderCancelled: ['PENDING', 'CONFIRMED'],
  ShipmentRecorded: ['CONFIRMED', 'SHIPPED', 'DELIVERED'],
};

/** States of an order that has neither ended nor left. */
export const UNDER_WAY = ['PENDING', 'CONFIRMED'];

/** A line of the order. */
export interface BookedLine {
  readonly line: number;
  readonly productId: string;
  readonly quantity: bigint;
  shipped: bigint;
}

/** What is personal in the command that places an order and in the event of it, and what goes with that. */
type PlacedData = Body['data'] & {
  readonly customerId: string;
  readonly payment: { readonly method: string; readonly token: unknown };
  readonly shipTo: unknown;
};

interface PlacedItem {
  readonly line: number;
  readonly productId: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
}

export class OrderBook implements OrderTold {
  status = 'UNPLACED';
  total = 0n;
  lines: BookedLine[] = [];
  /** The event that placed it, and the one that cancelled it. */
  placed: AuditedEvent | undefined;
  cancelled: AuditedEvent | undefined;
  /** The events of its shipments, by their ids. */
  readonly shipments = new Map<string, AuditedEvent>();
  /** What stands for the customer's card, and where the goods go, as the client said it. */
  token = '';
  address: unknown;
  readonly #source: Source;
  readonly #ledgerOf: LedgerOf;
  readonly #open: OpenSealed;
  /** What each shipment is known to know. */
  readonly #recorded = new Map<string, string>();

  constructor(source: Source, ledgerOf: LedgerOf, open: OpenSealed) {
    this.#source = source;
    this.#ledgerOf = ledgerOf;
    this.#open = open;
  }

  /** Whether some of it has left, and not all. */
  get isPartlyShipped(): boolean {
    return this.status === 'CONFIRMED' && this.shipments.size > 0;
  }

  fits({ type, data }: Body, event: AuditedEvent): boolean {
    const expected = EVENTS[type];
    if (event.type !== expected?.event || !expected.same.every((name) => event.data[name] === data[name]))
      return false;
    if (type !== 'PlaceOrder') return true;
    const isAsSaid = isAsAsked(data.items as PlacedItem[], event.data.items as PlacedItem[]);
    return isAsSaid && this.#isProtected(data as PlacedData, event);
  }

  /** Address and token are sealed for the customer, and the country stays beside them. */
  #isProtected({ shipTo, payment: { method, token } }: PlacedData, event: AuditedEvent): boolean {
    const { customerId: subject, payment, shipTo: stored } = event.data as unknown as PlacedData;
    const address = { asked: shipTo, stored };
    const card = { asked: token, stored: payment.token };
    return (
      countryOfOrder(event) === ((shipTo as { country?: string }).country ?? null) &&
      payment.method === method &&
      isSealed(this.#open, event, { kind: 'address', subject }, address) &&
      isSealed(this.#open, event, { kind: 'paymentToken', subject }, card)
    );
  }

  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, shipmentId, status] = EFFECT_ID.exec(commandId) ?? [];
    if (shipmentId === undefined) return sagaCommand(this.#ledgerOf, this.#source, commandId);
    return this.shipments.has(shipmentId)
      ? { type: 'RecordShipment', data: { shipmentId, status } }
      : undefined;
  }

  *due(): Iterable<Due> {
    const wanted = this.status === 'DELIVERED' ? 'DELIVERED' : 'DISPATCHED';
    for (const shipmentId of this.shipments.keys())
      if (this.#recorded.get(shipmentId) !== wanted)
        yield { what: `telling ${shipmentId}`, at: 0, slackMs: EFFECT_SLACK_MS };
  }

  apply(event: AuditedEvent, body: Body): void {
    if (!FROM[event.type]?.includes(this.status))
      fail(event, 'orders go their way', `the order was ${this.status}`);
    switch (event.type) {
      case 'OrderPlaced':
        this.#place(event, body.data as PlacedData);
        return;
      case 'OrderConfirmed':
        this.status = 'CONFIRMED';
        return;
      case 'OrderShipped':
        this.#ship(event);
        return;
      case 'OrderDelivered':
        this.status = 'DELIVERED';
        return;
      case 'OrderCancelled':
        if (this.shipments.size > 0) fail(event, 'orders go their way', 'some of it has left');
        if (event.data.statusBefore !== this.status)
          fail(event, 'orders go their way', `it was ${this.status}`);
        this.cancelled = event;
        this.status = 'CANCELLED';
        return;
      case 'ShipmentRecorded':
        this.#record(event);
    }
  }

  #place(event: AuditedEvent, { shipTo, payment }: PlacedData): void {
    this.placed = event;
    this.address = shipTo;
    this.token = String(payment.token);
    this.status = 'PENDING';
    for (const { line, productId, quantity, unitPrice, amount } of event.data.items as PlacedItem[]) {
      const exact = BigInt(quantity) * units(unitPrice);
      if (units(amount) !== exact) fail(event, 'totals are exact', `line ${line} comes to ${exact}`);
      this.total += exact;
      this.lines.push({ line, productId, quantity: BigInt(quantity), shipped: 0n });
    }
    if (units(String(event.data.total)) !== this.total)
      fail(event, 'totals are exact', `the order comes to ${this.total}`);
  }

  #ship(event: AuditedEvent): void {
    const { shipmentId, items, status } = event.data as {
      shipmentId: string;
      items: { line: number; productId: string; quantity: string }[];
      status: string;
    };
    for (const { line, productId, quantity } of items) {
      const own = this.lines[line - 1];
      if (own?.productId !== productId) fail(event, 'only what was ordered leaves', `line ${line}`);
      own.shipped += BigInt(quantity);
      if (own.shipped > own.quantity || BigInt(quantity) <= 0n)
        fail(event, 'only what was ordered leaves', `${own.shipped} of ${own.quantity} of line ${line}`);
    }
    if (this.shipments.has(shipmentId)) fail(event, 'exactly once', `shipment ${shipmentId} left twice`);
    this.shipments.set(shipmentId, event);
    const isComplete = this.lines.every(({ quantity, shipped }) => shipped === quantity);
    if (status !== (isComplete ? 'SHIPPED' : 'CONFIRMED'))
      fail(event, 'orders go their way', `it says ${status} of what was shipped`);
    this.status = status;
  }

  /** What a shipment is said to know, its own log says. */
  #record(event: AuditedEvent): void {
    const { shipmentId, status } = event.data as Record<string, string>;
    const { book } = this.#ledgerOf({ aggregateType: 'shipment', aggregateId: shipmentId ?? '' });
    const own = (book as ShipmentTold).status;
    if (own !== status && !(own === 'DELIVERED' && status === 'DISPATCHED'))
      fail(event, 'acknowledged is durable', `${shipmentId} is ${own}`);
    this.#recorded.set(shipmentId ?? '', status ?? '');
  }
}

function isAsAsked(asked: readonly PlacedItem[], stored: readonly PlacedItem[]): boolean {
  return (
    asked.length === stored.length &&
    stored.every(({ line, productId, quantity, unitPrice }, index) => {
      const own = asked[index];
      return (
        line === index + 1 &&
        own?.productId === productId &&
        own.quantity === quantity &&
        own.unitPrice === unitPrice
      );
    })
  );
}

function fail({ aggregateId, version, type }: AuditedEvent, check: string, detail: string): never {
  throw new Breach(check, `order/${aggregateId} version ${version} (${type}): ${detail}`);
}
