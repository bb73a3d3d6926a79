/** Balances over periods of the calendar: how each began and ended, and how low and how high it was in between. */
import { dayOf, type Period } from '../../schemas/calendar.ts';
import { compareDecimals, formatDecimal, larger, type Scaled, smaller, ZERO } from '../../schemas/decimal.ts';
import { timeText } from '../../schemas/time.ts';
import type { DigestRecipe } from '../kernel/decider.ts';

/** A period of a balance history. Amounts are decimal strings, times RFC 3339. */
export interface BalancePeriod {
  readonly period: string;
  readonly from: string;
  readonly to: string;
  readonly opening: string;
  readonly closing: string;
  readonly minimum: string;
  readonly maximum: string;
}

/** Some balances that followed one another: the lowest, the highest, the last. */
export interface Balances {
  readonly minimum: Scaled;
  readonly maximum: Scaled;
  readonly closing: Scaled;
}

/** The balances of one UTC day within a stretch of the log: the day, counted from 1970, lowest, highest and last. */
export type DayBalances = readonly [day: number, minimum: string, maximum: string, closing: string];

/** What is kept of a stretch of the log: every period of the calendar begins with a day. */
export const BALANCE_DIGESTS: DigestRecipe<DayBalances[]> = {
  name: 'balances',
  version: 1,
  field: 'cash',
  empty: () => [],
  add: (days, { recordedAt, value }) => {
    const day = dayOf(recordedAt);
    const last = days.at(-1);
    if (last === undefined || last[0] !== day) {
      days.push([day, value, value, value]);
      return days;
    }
    const [, minimum, maximum] = last;
    days[days.length - 1] = [
      day,
      compareDecimals(value, minimum) < 0 ? value : minimum,
      compareDecimals(value, maximum) > 0 ? value : maximum,
      value,
    ];
    return days;
  },
};

/** One balance by itself. */
export function balance(cash: Scaled): Balances {
  return { minimum: cash, maximum: cash, closing: cash };
}

function followedBy(before: Balances | undefined, next: Balances): Balances {
  if (before === undefined) return next;
  return {
    minimum: smaller(next.minimum, before.minimum),
    maximum: larger(next.maximum, before.maximum),
    closing: next.closing,
  };
}

/** Takes balances in the order of their times and says what they were in each period. */
export class BalanceWalk {
  readonly #periods: readonly Period[];
  readonly #done: BalancePeriod[] = [];
  #opening: Scaled;
  #balances: Balances | undefined;

  /** `opening` is the balance before the first period; undefined where there was no account. */
  constructor(periods: readonly Period[], opening: Scaled | undefined) {
    this.#periods = periods;
    this.#opening = opening ?? ZERO;
    this.#balances = opening === undefined ? undefined : balance(opening);
  }

  /** The next balances, all of one period, in which `at` is. */
  add(at: number, balances: Balances): void {
    while (this.#current !== undefined && at >= this.#current.to) this.#close();
    this.#balances = followedBy(this.#balances, balances);
  }

  /** Every period, the later ones as the last balance left them. */
  finish(): BalancePeriod[] {
    while (this.#current !== undefined) this.#close();
    return this.#done;
  }

  get #current(): Period | undefined {
    return this.#periods[this.#done.length];
  }

  #close(): void {
    const { name, from, to } = this.#current as Period;
    const { minimum, maximum, closing } = this.#balances ?? balance(this.#opening);
    this.#done.push({
      period: name,
      from: timeText(from),
      to: timeText(to),
      opening: formatDecimal(this.#opening),
      closing: formatDecimal(closing),
      minimum: formatDecimal(minimum),
      maximum: formatDecimal(maximum),
    });
    this.#opening = closing;
    this.#balances = balance(closing);
  }
}
