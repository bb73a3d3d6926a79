/** How far a run has come and how long the rest will take: by lines, since they are what takes the time. */
import { count, duration } from '../figures.ts';
import type { Plan, PlannedOrder } from './plan.ts';

/** Before so much of a run is through nothing is said of its rest. */
const TELLING_SHARE = 0.02;

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
    if (passedMs === 0 || this.#linesEnded < this.#lines * TELLING_SHARE) return through;
    const perSecond = (this.#linesEnded * 1_000) / passedMs;
    const left = ((this.#lines - this.#linesEnded) * 1_000) / perSecond;
    return `${through}, ${count(perSecond)} lines/s, ${duration(left)} left`;
  }
}
