/** Rows of the views of the shop and of sagas as the auditor expects them: from the logs, by code of its own. */
import type { ViewName } from '../../../schemas/tables/views.ts';
import type { AuditedEvent } from './book.ts';
import { countryOfOrder } from './eras.ts';
import { units } from './exact.ts';
import type { Ledger } from './ledger.ts';
import type { OrderBook } from './orderBook.ts';
import type { Row } from './tradeBook.ts';

/** A view, and how its rows are found in its table and in the logs. */
export interface ShopView {
  readonly view: ViewName;
  readonly key: readonly string[];
  /** A row as it is compared, of one as it is stored. */
  shown(row: Row): Row;
  /** The rows that an aggregate has. */
  expected(ledger: Ledger): Row[];
}

interface Item {
  readonly line: number;
  readonly productId: string;
  readonly quantity: string;
  readonly amount: string;
}

/** The base of the limbs that sums are stored in. */
const LIMB = 10_000_000_000n;

const asStored = (row: Row): Row => row;

/** Every view of the shop and of sagas. */
export const SHOP_VIEWS: readonly ShopView[] = [
  { view: 'orders', key: ['order_id'], shown: asStored, expected: orderRows },
  { view: 'inventory', key: ['product_id'], shown: asStored, expected: inventoryRows },
  { view: 'payments', key: ['payment_id'], shown: asStored, expected: paymentRows },
  { view: 'sagas', key: ['saga_id'], shown: asStored, expected: sagaRows },
  {
    view: 'sales',
    key: ['aggregate_type', 'aggregate_id', 'line'],
    shown: summed,
    expected: saleRows,
  },
  {
    view: 'order_history',
    key: ['aggregate_type', 'aggregate_id', 'version'],
    // How an event is put into words is not the auditor's to know.
    shown: ({ words: _, ...row }) => row,
    expected: historyRows,
  },
];

function dataOf<Shape>({ data }: AuditedEvent): Shape {
  return data as Shape;
}

function orderRows({ source, book, events }: Ledger): Row[] {
  const { placed, status, cancelled } = book as OrderBook;
  const last = events.at(-1);
  if (source.aggregateType !== 'order' || placed === undefined || last === undefined) return [];
  const { customerId, currency, total, items } = dataOf<{
    customerId: string;
    currency: string;
    total: string;
    items: Item[];
  }>(placed);
  const row = {
    order_id: source.aggregateId,
    customer_id: customerId,
    status,
    currency,
    total,
    lines: items.length,
    units: String(items.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n)),
    country: countryOfOrder(placed),
    reason: cancelled === undefined ? null : String(cancelled.data.reason),
    version: last.version,
    placed_at: placed.recordedAt,
    updated_at: last.recordedAt,
  };
  return [row];
}

function inventoryRows({ source, events }: Ledger): Row[] {
  const last = events.at(-1);
  if (source.aggregateType !== 'inventory' || last === undefined) return [];
  const { onHand, reserved, available } = dataOf<Record<string, string>>(last);
  const row = {
    product_id: source.aggregateId,
    on_hand: onHand ?? '',
    reserved: reserved ?? '',
    available: available ?? '',
    version: last.version,
    updated_at: last.recordedAt,
  };
  return [row];
}

function paymentRows({ source, events }: Ledger): Row[] {
  const requested = events.find(({ type }) => type === 'PaymentAuthorizationRequested');
  const last = events.at(-1);
  if (source.aggregateType !== 'payment' || requested === undefined || last === undefined) return [];
  const { orderId, customerId, amount, currency, method, provider } =
    dataOf<Record<string, string>>(requested);
  const { status, authorized, captured, released, refunded } = dataOf<{ standing: Record<string, string> }>(
    last,
  ).standing;
  const row = {
    payment_id: source.aggregateId,
    order_id: orderId,
    customer_id: customerId,
    status,
    amount,
    currency,
    method,
    provider,
    authorized,
    captured,
    released,
    refunded,
    version: last.version,
    requested_at: requested.recordedAt,
    updated_at: last.recordedAt,
  } as Row;
  return [row];
}

/** A row for each line of an order, and one for what went back of its payment. */
function saleRows({ source, book, events }: Ledger): Row[] {
  if (source.aggregateType === 'payment') return refundRows(source.aggregateId, events);
  const { placed, status } = book as OrderBook;
  if (source.aggregateType !== 'order' || placed === undefined) return [];
  const { items, currency } = dataOf<{ items: Item[]; currency: string }>(placed);
  return items.map(({ line, productId, quantity, amount }, index) => ({
    aggregate_type: 'order',
    aggregate_id: source.aggregateId,
    line,
    day: new Date(placed.recordedAt).toISOString().slice(0, 10),
    product_id: productId,
    country: countryOfOrder(placed) ?? '',
    currency,
    is_sold: status === 'PENDING' || status === 'CANCELLED' ? 0 : 1,
    is_first: index === 0 ? 1 : 0,
    is_first_of_product: items.findIndex((item) => item.productId === productId) === index ? 1 : 0,
    units: quantity,
    amount: String(units(amount)),
  }));
}

function refundRows(paymentId: string, events: readonly AuditedEvent[]): Row[] {
  const last = events.findLast(({ type }) => type === 'PaymentRefunded' || type === 'RefundFailed');
  if (last === undefined) return [];
  const { refunded = '' } = dataOf<{ standing: Record<string, string> }>(last).standing;
  const row = {
    aggregate_type: 'payment',
    aggregate_id: paymentId,
    line: 0,
    day: '',
    product_id: '',
    country: '',
    currency: '',
    is_sold: 0,
    is_first: 0,
    is_first_of_product: 0,
    units: '0',
    amount: String(-units(refunded)),
  };
  return [row];
}

/** Numbers that are stored in limbs are put together. */
function summed(row: Row): Row {
  const whole = (name: string) => {
    const [high = 0n, middle = 0n, low = 0n] = ['high', 'middle', 'low'].map((limb) =>
      BigInt(row[`${name}_${limb}`] ?? 0),
    );
    return String((high * LIMB + middle) * LIMB + low);
  };
  const rest = Object.entries(row).filter(([name]) => !/_(high|middle|low)$/.test(name));
  return { ...Object.fromEntries(rest), units: whole('units'), amount: whole('amount') };
}

/** A row for every event of an order, its payment and its shipments, once the order is known. */
function historyRows({ source, events }: Ledger): Row[] {
  const { aggregateType, aggregateId } = source;
  if (!['order', 'payment', 'shipment'].includes(aggregateType)) return [];
  const orderId = aggregateType === 'order' ? aggregateId : events[0]?.data.orderId;
  if (typeof orderId !== 'string') return [];
  return events.map(({ version, type, recordedAt }) => ({
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    version,
    order_id: orderId,
    event_type: type,
    recorded_at: recordedAt,
  }));
}

function sagaRows({ source, events }: Ledger): Row[] {
  const [started] = events;
  const last = events.at(-1);
  if (source.aggregateType !== 'saga' || started === undefined || last === undefined) return [];
  const row: Row = {
    saga_id: source.aggregateId,
    definition: String(started.data.definition),
    definition_version: Number(started.data.definitionVersion),
    status: 'RUNNING',
    reason: null,
    version: last.version,
    started_at: started.recordedAt,
    updated_at: last.recordedAt,
    ended_at: null,
  };
  for (const event of events) Object.assign(row, sagaChange(event));
  return [row];
}

function sagaChange({ type, data, recordedAt }: AuditedEvent): Row {
  switch (type) {
    case 'SagaRetried':
      return { status: String(data.status) };
    case 'CompensationStarted':
      return { status: 'COMPENSATING', reason: String(data.reason), ended_at: null };
    case 'CompensationCalledOff':
      return { status: 'RUNNING', reason: null };
    case 'SagaParked':
      return { status: 'PARKED', reason: String(data.reason) };
    case 'SagaCompleted':
      return { status: 'COMPLETED', reason: null, ended_at: recordedAt };
    case 'SagaCompensated':
      return { status: 'COMPENSATED', ended_at: recordedAt };
    default:
      return {};
  }
}
