/**
 * The balance of an account by day, week or month: as it was recorded at every moment, or as it is known later, after trades
 * were amended. Of long stretches of the log only digests are read, and of an amendment only how much cash it changed: what is
 * known of a balance differs from what was recorded between a trade and its amendment, by that much.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import { type Interval, periodsBetween, startOfDay, startOfPeriod } from '../../schemas/calendar.ts';
import { add, negate, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import { type History, type LoggedValue, type Paced, STRETCH_EVENTS } from '../kernel/decider.ts';
import { type BalancePeriod, BalanceWalk, balance, type DayBalances } from './balances.ts';
import { type Amendment, amendmentsOf } from './replay.ts';
import type { AccountState } from './state.ts';

/** Periods of one answer: ten years of days, less than a megabyte. */
export const BALANCE_PERIODS_MAX = 3_660;

/** Stretches between two pauses: some tens of milliseconds if every event of them is read. */
const STRETCHES_AT_ONCE = 8;

/** What a balance history is made of. Times are in milliseconds since 1970. */
export interface BalanceSource {
  readonly history: History<AccountState, AccountEvent>;
  /** When the account was opened. */
  readonly openedAt: number;
  /** The newest version recorded at or before a time; 0 where there was none. */
  versionAt(time: number): number;
  /** Balances after a version up to another, in order. */
  balances(afterVersion: number, upToVersion: number): readonly LoggedValue[];
  /** The digest of a whole stretch of {@link STRETCH_EVENTS} versions. */
  digest(stretch: number): readonly DayBalances[];
}

/** Which history is wanted. */
export interface BalanceRequest {
  readonly interval: Interval;
  /** Absent: from the period in which the account was opened. */
  readonly from?: number | undefined;
  /** Not included. */
  readonly to: number;
  /** The version by which amendments count everywhere; absent: each moment as it was recorded. */
  readonly knownVersion?: number | undefined;
}

/** A history, or why there is none. */
export type BalanceHistory =
  | {
      readonly status: 'made';
      readonly currency: string;
      readonly version: number;
      readonly periods: readonly BalancePeriod[];
    }
  /** There was no account by the end of it. */
  | { readonly status: 'not_found' }
  | { readonly status: 'too_long'; readonly periodsMax: number }
  /** What is known at a version says nothing of what was recorded after it. */
  | { readonly status: 'known_too_early'; readonly version: number };

/** Makes a balance history; lets go after every few stretches of the log. */
export function* balanceHistory(
  source: BalanceSource,
  { interval, from, to, knownVersion }: BalanceRequest,
): Paced<BalanceHistory> {
  const version = source.versionAt(to - 1);
  if (version === 0) return { status: 'not_found' };
  if (knownVersion !== undefined && knownVersion < version) return { status: 'known_too_early', version };
  const opened = startOfPeriod(interval, source.openedAt);
  const begin = Math.max(from ?? opened, opened);
  const periods = periodsBetween(interval, begin, to, BALANCE_PERIODS_MAX + 1);
  if (periods.length > BALANCE_PERIODS_MAX) return { status: 'too_long', periodsMax: BALANCE_PERIODS_MAX };
  const { history } = source;
  const amendments = amendmentsOf(history.amendments());
  const known = new KnownDifference(amendments.filter((one) => one.version <= (knownVersion ?? 0)));
  const start = source.versionAt(begin - 1);
  const opening = start === 0 ? undefined : add(parseDecimal(history.stateAt(start).cash), known.at(start));
  const walk = new BalanceWalk(periods, opening);
  for (let after = start; after < version; ) {
    const stretch = Math.floor(after / STRETCH_EVENTS);
    const upTo = Math.min(version, (stretch + 1) * STRETCH_EVENTS);
    const isWhole = upTo - after === STRETCH_EVENTS;
    if (isWhole && !known.changesBy(upTo)) addDigest(walk, source.digest(stretch), known.at(after));
    else for (const one of source.balances(after, upTo)) addBalance(walk, one, known.at(one.version));
    after = upTo;
    if (stretch % STRETCHES_AT_ONCE === 0) yield;
  }
  const { currency } = history.stateAt(1);
  return { status: 'made', currency, version, periods: walk.finish() };
}

function addBalance(walk: BalanceWalk, { recordedAt, value }: LoggedValue, difference: Scaled): void {
  walk.add(recordedAt, balance(add(parseDecimal(value), difference)));
}

function addDigest(walk: BalanceWalk, days: readonly DayBalances[], difference: Scaled): void {
  const known = (cash: string) => add(parseDecimal(cash), difference);
  for (const [day, minimum, maximum, closing] of days) {
    walk.add(startOfDay(day), { minimum: known(minimum), maximum: known(maximum), closing: known(closing) });
  }
}

/** How much more is known of the balance than was recorded, version by version. */
class KnownDifference {
  /** From a trade on what its amendment changed, from the amendment on nothing of it: then it is recorded. */
  readonly #steps: readonly { readonly version: number; readonly change: Scaled }[];
  #taken = 0;
  #difference: Scaled = ZERO;

  constructor(amendments: readonly Amendment[]) {
    this.#steps = amendments
      .flatMap(({ version, event }) => {
        const change = parseDecimal(event.data.changes.cash);
        return [
          { version: event.data.tradeVersion, change },
          { version, change: negate(change) },
        ];
      })
      .sort((a, b) => a.version - b.version);
  }

  /** The difference at a version; versions that are asked for do not decrease. */
  at(version: number): Scaled {
    for (let step = this.#steps[this.#taken]; step !== undefined && step.version <= version; ) {
      this.#difference = add(this.#difference, step.change);
      step = this.#steps[++this.#taken];
    }
    return this.#difference;
  }

  /** Whether it changes after the version that was asked for last, by another. */
  changesBy(version: number): boolean {
    const next = this.#steps[this.#taken];
    return next !== undefined && next.version <= version;
  }
}
