/** How far a run has come and how long the rest will take: by lines, since they are what takes the time. */
import { count, duration } from '../figures.ts';
import type { Plan, PlannedOrder } from './planned.ts';

/**
 * Before so much of a run is through nothing is said of its rest: at first the orders that began together are all worked on and
 * none is through, so that everything looks many times slower than it is.
 */
const TELLING_SHARE = 0.2;

/** Of a long run less is enough, once so many orders are through, which is several times those that are under way at a time. */
const LONG_TELLING_SHARE = 0.02;
const LONG_TELLING_ORDERS = 64;

/** Lines a second below which a whole number says too little. */
const TENTHS_BELOW = 10;

export class Pace {
  readonly #orders: number;
  readonly #lines: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  #linesEnded = 0;
  /** Orders that are through. */
  orders = 0;

  constructor({ orders }: Pick<Plan, 'orders'>, now: () => number = () => performance.now()) {
    this.#orders = orders.length;
    this.#lines = orders.reduce((sum, { lines }) => sum + lines.length, 0);
    this.#now = now;
    this.#startedAt = now();
  }

  /** An order is through. */
  ended({ lines }: Pick<PlannedOrder, 'lines'>): void {
    this.orders += 1;
    this.#linesEnded += lines.length;
  }

  /** For people. */
  words(): string {
    const through = `${count(this.orders)} of ${count(this.#orders)} orders through`;
    const passedMs = this.#now() - this.#startedAt;
    const share = this.orders < LONG_TELLING_ORDERS ? TELLING_SHARE : LONG_TELLING_SHARE;
    if (passedMs === 0 || this.#linesEnded < this.#lines * share) return through;
    const perSecond = (this.#linesEnded * 1_000) / passedMs;
    const rate = perSecond < TENTHS_BELOW ? perSecond.toFixed(1) : count(perSecond);
    const left = ((this.#lines - this.#linesEnded) * 1_000) / perSecond;
    return `${through}, ${rate} lines/s, ${duration(left)} left`;
  }
}
