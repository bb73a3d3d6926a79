/** What the platform shows after a run, by its views; and how long they took to get there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachOf } from '../concurrency.ts';
import { count } from '../figures.ts';
import { Patience } from './patience.ts';
import type { Plan } from './planned.ts';
import type { Shop, ShownLevel, ShownSaga } from './shop.ts';

/** An order in `GET /v1/orders`. */
export interface ListedOrder {
  readonly orderId: string;
  readonly status: string;
  readonly total: string;
}

/** A payment in `GET /v1/payments`. */
export interface ListedPayment {
  readonly orderId: string;
  readonly status: string;
  readonly authorized: string;
  readonly captured: string;
  readonly released: string;
  readonly refunded: string;
}

/** A group of `GET /v1/sales`. */
export interface ListedSales {
  readonly key: string | null;
  readonly currency: string;
  readonly orders: number;
  readonly units: string;
  readonly revenue: string;
}

/** A line of an order's history. */
export interface HistoryLine {
  readonly at: string;
  readonly words: string;
}

/** Everything that the checks look at. */
export interface OrderObservation {
  readonly orders: readonly ListedOrder[];
  readonly payments: readonly ListedPayment[];
  readonly levels: readonly ShownLevel[];
  readonly byDay: readonly ListedSales[];
  readonly byProduct: readonly ListedSales[];
  readonly byCountry: readonly ListedSales[];
  /** The saga that began with each order. */
  readonly sagas: ReadonlyMap<string, ShownSaga | undefined>;
  /** Sagas of any kind that have not ended. */
  readonly unfinished: readonly ShownSaga[];
  /** Things that wait for an operator, of all kinds. */
  readonly parked: number;
  /** Milliseconds until the views had everything, or until the wait was given up. */
  readonly caughtUpMs: number;
}

/** Sagas asked for side by side. */
const CONCURRENCY = 8;

/** Views that show nothing new for so long: two runs of the sweeper have passed, so nothing will bring what they lack. */
const CATCH_UP_MS_MAX = 150_000;
const CATCH_UP_POLL_MS = 250;

/** Looks at every order's saga, and at the views until `isRight` finds nothing missing, or for as long as they get on. */
export async function observeOrders(
  shop: Shop,
  plan: Plan,
  isRight: (seen: OrderObservation) => boolean,
  onProgress: (text: string) => void,
): Promise<OrderObservation> {
  const sagas = await readSagas(shop, plan, onProgress);
  const started = performance.now();
  const patience = new Patience(CATCH_UP_MS_MAX);
  let before = '';
  for (;;) {
    const views = await readViews(shop, plan);
    const caughtUpMs = performance.now() - started;
    const seen = { ...views, sagas, caughtUpMs };
    if (isRight(seen) || patience.isOver) return seen;
    const shown = JSON.stringify(views);
    if (shown !== before) patience.progress();
    before = shown;
    onProgress('every order is through; the views are not yet where they are to be');
    await sleep(CATCH_UP_POLL_MS);
  }
}

async function readSagas(
  shop: Shop,
  { orders }: Plan,
  onProgress: (text: string) => void,
): Promise<OrderObservation['sagas']> {
  const sagas = new Map<string, ShownSaga | undefined>();
  await forEachOf(orders, CONCURRENCY, async ({ orderId }) => {
    sagas.set(orderId, await shop.find<ShownSaga>(`/v1/sagas/fulfil-${orderId}`));
    onProgress(`checking: ${count(sagas.size)} of ${count(orders.length)} sagas read`);
  });
  return sagas;
}

async function readViews(shop: Shop, plan: Plan): Promise<Omit<OrderObservation, 'sagas' | 'caughtUpMs'>> {
  const running = (status: string) => shop.all<ShownSaga>(`/v1/sagas?status=${status}&`, 'sagas');
  const [orders, payments, levels, byDay, byProduct, byCountry, parked, ...unfinished] = await Promise.all([
    shop.all<ListedOrder>('/v1/orders?', 'orders'),
    shop.all<ListedPayment>('/v1/payments?', 'payments'),
    shop.all<ShownLevel>('/v1/inventory?', 'inventory'),
    shop.all<ListedSales>('/v1/sales?by=day&', 'sales'),
    shop.all<ListedSales>('/v1/sales?by=product&', 'sales'),
    shop.all<ListedSales>('/v1/sales?by=country&', 'sales'),
    shop.all<unknown>('/v1/parked?', 'parked'),
    ...['RUNNING', 'COMPENSATING', 'PARKED'].map(running),
  ]);
  const known = levels.filter(({ productId }) => plan.products.has(productId));
  return {
    orders,
    payments,
    levels: known,
    byDay,
    byProduct,
    byCountry,
    parked: parked.length,
    unfinished: unfinished.flat(),
  };
}

/** What happened to an order, in the words of the platform. */
export function readHistory(shop: Shop, orderId: string): Promise<HistoryLine[]> {
  return shop.all<HistoryLine>(`/v1/orders/${orderId}/history?`, 'events');
}
