/** Orders as their events leave them: who ordered how much, and how far it has come. */
import type { OrderEvent } from '../../schemas/order.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { ordersAudit } from './orderAudits.ts';

/** What an event changes of the order's row. */
interface OrderChange {
  readonly orderId: string;
  readonly version: number;
  readonly at: number;
  status?: string;
  reason?: string;
}

interface PlacedOrder extends OrderChange {
  readonly customerId: string;
  readonly currency: string;
  readonly total: string;
  readonly lines: number;
  readonly units: string;
  readonly country: string | null;
}

const insertSql = (colour: Colour) => `
  INSERT INTO orders_${colour} (order_id, customer_id, status, currency, total, lines, units, country, version, placed_at,
    updated_at)
  SELECT value ->> 'orderId', value ->> 'customerId', value ->> 'status', value ->> 'currency', value ->> 'total',
    value ->> 'lines', value ->> 'units', value ->> 'country', value ->> 'version', value ->> 'at', value ->> 'at'
  FROM jsonb_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE orders_${colour} AS placed SET
    status = coalesce(change.value ->> 'status', placed.status),
    reason = coalesce(change.value ->> 'reason', placed.reason),
    version = change.value ->> 'version', updated_at = change.value ->> 'at'
  FROM jsonb_each(?) AS change WHERE placed.order_id = change.value ->> 'orderId'`;

function changeOf(event: Exclude<OrderEvent, { type: 'OrderPlaced' }>): { status?: string; reason?: string } {
  switch (event.type) {
    case 'OrderConfirmed':
      return { status: 'CONFIRMED' };
    case 'ShipmentRecorded':
      return {};
    case 'OrderShipped':
      return { status: event.data.status };
    case 'OrderDelivered':
      return { status: 'DELIVERED' };
    case 'OrderCancelled':
      return { status: 'CANCELLED', reason: event.data.reason };
  }
}

/** The row of an order that was placed. */
function placedOrder({
  aggregateId: orderId,
  version,
  recordedAt: at,
  current,
}: ProjectedEvent): PlacedOrder {
  const {
    customerId,
    currency,
    total,
    items,
    country,
  }: Extract<OrderEvent, { type: 'OrderPlaced' }>['data'] = current;
  const units = items.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
  return {
    orderId,
    version,
    at,
    status: 'PENDING',
    customerId,
    currency,
    total,
    lines: items.length,
    units: String(units),
    country,
  };
}

export const ordersProjector: RebuildableProjector = {
  view: 'orders',
  aggregateTypes: ['order'],
  table: {
    name: (colour) => `orders_${colour}`,
    key: ['order_id'],
    idColumn: 'order_id',
    clearRows: 10_000,
  },
  audit: ordersAudit,
  collector({ colour }) {
    const placed: PlacedOrder[] = [];
    const changes = new Map<string, OrderChange>();
    return {
      add(event) {
        if (event.eventType === 'OrderPlaced') {
          placed.push(placedOrder(event));
          return;
        }
        const { aggregateId: orderId, version, recordedAt: at } = event;
        const change = changeOf({ type: event.eventType, data: event.current } as Parameters<
          typeof changeOf
        >[0]);
        changes.set(orderId, { ...changes.get(orderId), ...change, orderId, version, at });
      },
      statements: () => [
        ...jsonStatements(insertSql(colour), placed),
        ...jsonStatements(updateSql(colour), [...changes.values()]),
      ],
    };
  },
};
