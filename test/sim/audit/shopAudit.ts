/** The shop at rest: every order has ended one way, its stock, its money, its shipments and its sagas with it. */
import { keyOf } from '../../../queues/kernel/positions.ts';
import type { SimDatabase } from '../model/database.ts';
import { Breach } from '../model/world.ts';
import { InventoryBook } from './inventoryBook.ts';
import type { Ledger } from './ledger.ts';
import { OrderBook } from './orderBook.ts';
import { PaymentBook } from './paymentBook.ts';
import { SagaBook } from './sagaBook.ts';
import { cancellationOf, fulfilmentOf, isForItsOwnSaga } from './sagaStarts.ts';
import type { ShipmentBook } from './shipmentBook.ts';

/** Types of aggregates whose events sagas are told of. */
const TOLD = ['order', 'payment'];

/** Every aggregate's ledger by its key. */
type Ledgers = ReadonlyMap<string, Ledger>;

/** Everything about an order that must agree. */
interface Whole {
  readonly orderId: string;
  readonly order: OrderBook;
  readonly payment: PaymentBook | undefined;
  readonly fulfilment: SagaBook | undefined;
  readonly cancellation: SagaBook | undefined;
}

/** The end of the shop: nothing is under way any more, but for what an operator could not mend. */
export function checkShop(ledgers: Ledgers): void {
  for (const { source, book } of ledgers.values()) {
    if (!(book instanceof OrderBook) || book.placed === undefined) continue;
    const { aggregateId: orderId } = source;
    const whole = {
      orderId,
      order: book,
      payment: bookOf(ledgers, `payment/${orderId}`, PaymentBook),
      fulfilment: begun(bookOf(ledgers, `saga/${fulfilmentOf(orderId)}`, SagaBook)),
      cancellation: begun(bookOf(ledgers, `saga/${cancellationOf(orderId)}`, SagaBook)),
    };
    checkSagas(whole);
    checkStock(whole, ledgers);
    checkMoney(whole);
    checkShipments(whole, ledgers);
  }
}

/** Sagas were told of everything that they may have to know. */
export function checkTold(...world: Parameters<typeof untold>): void {
  const first = untold(...world);
  if (first !== undefined) throw new Breach('sagas are told of everything', first);
}

/** Of which aggregate sagas were not told everything, and how far they were; undefined where they were of all. */
export function untold(
  ledgers: Ledgers,
  databases: readonly SimDatabase[],
  unreadable: string | undefined,
): string | undefined {
  const told = new Map(
    databases
      .flatMap((database) =>
        database.inspect("SELECT aggregate_type || '/' || aggregate_id AS key, version FROM saga_positions"),
      )
      .map(({ key, version }) => [String(key), Number(version)]),
  );
  for (const { source, version } of ledgers.values()) {
    const key = keyOf(source);
    if (!TOLD.includes(source.aggregateType) || key === unreadable) continue;
    if ((told.get(key) ?? 0) !== version) return `${key} up to ${told.get(key) ?? 0} of ${version}`;
  }
  return undefined;
}

function checkSagas({ orderId, order, payment, fulfilment, cancellation }: Whole): void {
  const isOwn = isForItsOwnSaga(order);
  if (fulfilment === undefined) fail('every order has its saga', orderId, 'nobody fulfils it');
  if (isOwn !== (cancellation !== undefined))
    fail('every order has its saga', orderId, `the cancellation is ${cancellation?.status ?? 'nowhere'}`);
  const named = order.cancelled?.data.sagaId;
  if (named !== undefined && named !== (isOwn ? cancellationOf(orderId) : fulfilmentOf(orderId)))
    fail('every order has its saga', orderId, `${named} was to undo it`);
  const hasLeft = isGone(order);
  const agree =
    (fulfilment.status === 'COMPLETED' && (hasLeft || isOwn)) ||
    (fulfilment.status === 'COMPENSATED' && order.status === 'CANCELLED') ||
    (fulfilment.isHopeless && (hasLeft || (payment?.held ?? 0n) > 0n || (payment?.retained ?? 0n) > 0n));
  if (!agree) fail('orders end with their sagas', orderId, `${order.status}, ${fulfilment.status}`);
  if (isOwn && cancellation?.status !== 'COMPLETED' && cancellation?.isHopeless !== true)
    fail('orders end with their sagas', orderId, `${order.status}, cancellation ${cancellation?.status}`);
}

function isGone({ status }: OrderBook): boolean {
  return status === 'SHIPPED' || status === 'DELIVERED';
}

/** What has left was promised, taken and no more; of what has not, nothing is promised any more. */
function checkStock({ orderId, order, fulfilment }: Whole, ledgers: Ledgers): void {
  // Stock is given back after the money: it waits for what an operator is asked about.
  const isStuck = fulfilment?.isHopeless === true && !isGone(order);
  for (const { line, productId, quantity } of order.lines) {
    const stock = bookOf(ledgers, `inventory/${productId}`, InventoryBook);
    const reservationId = `${orderId}-${line}`;
    const left = stock?.committed.get(reservationId) ?? 0n;
    const expected = order.status === 'CANCELLED' || isStuck ? 0n : quantity;
    if (left !== expected)
      fail('stock follows the order', orderId, `${left} of line ${line}, not ${expected}`);
    if (stock?.live.has(reservationId) && !isStuck)
      fail('stock follows the order', orderId, `${reservationId} is live`);
  }
}

/**
 * What has left is paid once, unless the bank said no for good, or somebody captured a part by hand and let go of the rest. What
 * was cancelled is not paid: whatever was captured by hand has gone back.
 */
function checkMoney({ orderId, order, payment, fulfilment, cancellation }: Whole): void {
  const captured = payment?.captured ?? 0n;
  if (order.status === 'CANCELLED') {
    const isSeen = fulfilment?.isHopeless === true || cancellation?.isHopeless === true;
    const retained = payment?.retained ?? 0n;
    if (retained !== 0n && !isSeen)
      fail('money follows the order', orderId, `${retained} for a cancelled order`);
    if ((payment?.held ?? 0n) > 0n && !isSeen)
      fail('money follows the order', orderId, `${payment?.held} are held for a cancelled order`);
  } else if (
    captured !== order.total &&
    !(captured === 0n && fulfilment?.isHopeless) &&
    !(payment?.isCapturedByHand && payment.isLetGo)
  ) {
    fail('money follows the order', orderId, `${captured} of ${order.total} was captured`);
  }
}

function checkShipments({ orderId, order }: Whole, ledgers: Ledgers): void {
  const expected = order.status === 'DELIVERED' ? 'DELIVERED' : 'DISPATCHED';
  for (const shipmentId of order.shipments.keys()) {
    const status = (ledgers.get(`shipment/${shipmentId}`)?.book as ShipmentBook | undefined)?.status;
    if (status !== expected)
      fail('shipments know what their order says', orderId, `${shipmentId} is ${status}, not ${expected}`);
  }
}

function bookOf<Kind>(
  ledgers: Ledgers,
  key: string,
  // biome-ignore lint/suspicious/noExplicitAny: how a book is made is of no interest here
  kind: new (...parameters: any[]) => Kind,
): Kind | undefined {
  const book = ledgers.get(key)?.book;
  return book instanceof kind ? book : undefined;
}

/** A saga that nobody started is none. */
function begun(saga: SagaBook | undefined): SagaBook | undefined {
  return saga?.status === 'UNSTARTED' ? undefined : saga;
}

function fail(check: string, orderId: string, detail: string): never {
  throw new Breach(check, `order/${orderId}: ${detail}`);
}
