/** Takes every order of a plan through its life, several at a time, its goods being brought in before, and keeps how long each part of it took. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../client.ts';
import { forEachOf } from '../concurrency.ts';
import { LineBudget } from './lineBudget.ts';
import { Pace } from './pace.ts';
import type { Plan, PlannedOrder } from './planned.ts';
import type { Shop, ShownSaga } from './shop.ts';
import { Warehouse } from './warehouse.ts';

/** Orders under way at a time: their sagas wait for each other's answers, not for this program. */
const CONCURRENCY = 16;

/**
 * Lines of the orders under way at a time, unless one order alone has more. A line's stock is reserved by a command of its own
 * and has to be within a minute: of several orders of five hundred lines beside each other a slow machine would miss it.
 */
const LINES_AT_A_TIME = 250;

/** Interval at which an order is looked at, at first and at most. */
const POLL_MS = 50;
const POLL_MS_MAX = 500;

/** Every so manieth order is sent twice: the second one must change nothing. */
const REPEAT_EVERY = 20;

/** Every so manieth order of several lines leaves in two shipments. */
const PARTIAL_EVERY = 5;

/** What became of an order. */
export interface OrderRun {
  readonly order: PlannedOrder;
  /** Milliseconds from placing it until it was confirmed or cancelled. */
  decidedMs: number;
  /** Milliseconds from the last shipment until the money was taken; from the cancellation until all was undone. */
  settledMs: number | undefined;
  /** Whether a second sending of the order was known as one; undefined where there was none. */
  repeatKnown: boolean | undefined;
  /** What went otherwise than planned. */
  readonly faults: string[];
}

/** What of a plan was carried out. */
export interface Driven {
  readonly runs: readonly OrderRun[];
  /** The orders that were placed, and the products that came in. */
  readonly plan: Plan;
}

/**
 * Runs the plan; `onProgress` is told how many orders are through, and in words. Places no more orders once `isStopping`, but
 * takes those that are placed to their end.
 */
export async function driveOrders(
  shop: Shop,
  plan: Plan,
  onProgress: (text: string, ended: number) => void,
  isStopping: () => boolean = () => false,
): Promise<Driven> {
  const runs: OrderRun[] = [];
  const pace = new Pace(plan);
  const budget = new LineBudget(LINES_AT_A_TIME);
  const warehouse = new Warehouse(shop, plan.products);
  await forEachOf([...plan.orders.entries()], CONCURRENCY, async ([index, order]) => {
    const lines = order.lines.length;
    if (!isStopping()) await budget.take(lines);
    if (isStopping()) return;
    const run: OrderRun = { order, decidedMs: 0, settledMs: undefined, repeatKnown: undefined, faults: [] };
    runs.push(run);
    try {
      await warehouse.bring(order.lines.map(({ productId }) => productId));
      await live(shop, run, index, () => onProgress(pace.words(), pace.orders));
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      run.faults.push(error.message);
    } finally {
      budget.give(lines);
    }
    pace.ended(order);
    onProgress(pace.words(), pace.orders);
  });
  if (!isStopping()) await warehouse.bringRest();
  const products = [...plan.products].filter(([productId]) => warehouse.has(productId));
  return { runs, plan: { ...plan, orders: runs.map(({ order }) => order), products: new Map(products) } };
}

async function live(shop: Shop, run: OrderRun, index: number, onDecided: () => void): Promise<void> {
  const { order } = run;
  const { orderId } = order;
  const placedAt = performance.now();
  await shop.place(order);
  if (index % REPEAT_EVERY === 0) run.repeatKnown = await shop.place(order, 'again');
  const status = await until(shop, `order ${orderId} to be decided`, async () => {
    const shown = await shop.find<{ status: string }>(`/v1/orders/${orderId}`);
    return shown?.status === 'PENDING' ? undefined : shown?.status;
  });
  run.decidedMs = performance.now() - placedAt;
  onDecided();
  const expected = order.ending === 'DELIVERED' || order.ending === 'CANCELLED' ? 'CONFIRMED' : 'CANCELLED';
  if (status !== expected) {
    run.faults.push(`${orderId} is ${status} and was to be ${expected}`);
    return;
  }
  if (status === 'CANCELLED') await sagaEnds(shop, `fulfil-${orderId}`, 'COMPENSATED');
  else if (order.ending === 'CANCELLED') await cancel(shop, run);
  else await deliver(shop, run, index);
}

async function cancel(shop: Shop, run: OrderRun): Promise<void> {
  const { orderId } = run.order;
  const from = performance.now();
  await shop.cancel(orderId);
  await sagaEnds(shop, `cancel-${orderId}`, 'COMPLETED');
  run.settledMs = performance.now() - from;
}

async function deliver(shop: Shop, run: OrderRun, index: number): Promise<void> {
  const { orderId, lines, returns } = run.order;
  const [first] = lines;
  if (index % PARTIAL_EVERY === 0 && lines.length > 1 && first !== undefined) {
    await shop.ship(orderId, 1, [{ line: 1, quantity: String(first.quantity) }]);
  }
  await shop.ship(orderId, 2);
  const from = performance.now();
  await sagaEnds(shop, `fulfil-${orderId}`, 'COMPLETED');
  run.settledMs = performance.now() - from;
  await shop.deliver(orderId);
  for (const one of returns) await shop.takeBack(orderId, one);
}

async function sagaEnds(shop: Shop, sagaId: string, expected: string): Promise<void> {
  const status = await until(shop, `saga ${sagaId} to end`, async () => {
    const saga = await shop.find<ShownSaga>(`/v1/sagas/${sagaId}`);
    return ['COMPLETED', 'COMPENSATED', 'PARKED'].find((end) => end === saga?.status);
  });
  if (status !== expected) throw new PlatformError(`saga ${sagaId} is ${status} and was to be ${expected}`);
}

/** Asks until there is an answer. Rejects where nothing gets on any more, of this order or any other. */
async function until<Answer>(
  { patience }: Shop,
  what: string,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer> {
  for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, POLL_MS_MAX)) {
    const answer = await ask();
    if (answer !== undefined) {
      patience.progress();
      return answer;
    }
    if (patience.isOver)
      throw new PlatformError(`nothing got on for ${patience.ms / 1_000} s, waiting for ${what}`);
    await sleep(pause);
  }
}
