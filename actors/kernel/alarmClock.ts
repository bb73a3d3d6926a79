/**
 * The one alarm that a Durable Object has, shared by the outbox and every timer: it is set only when an earlier moment is
 * asked for, since setting it costs a written row and, locally, most of a commit.
 */

import { partOf } from '../../schemas/partition.ts';

/**
 * How long after a commit the alarm looks whether the events were announced. Announcing is done at once; this only covers
 * a crash in between, so it may be lazy, and one alarm serves every commit of that time.
 */
const DRAIN_SAFETY_MS = 5_000;

/**
 * Aggregates that were busy in the same moment, as at the opening of a market, look at different times within so long: their alarms
 * would hold up the commands of all others if they went off together.
 */
const DRAIN_SPREAD_MS = 5_000;

/** When the aggregate of this id looks whether what it has committed by `now` was announced, milliseconds since 1970. */
export function drainSafetyAt(aggregateId: string, now: number): number {
  return now + DRAIN_SAFETY_MS + partOf(aggregateId, DRAIN_SPREAD_MS);
}

/**
 * An alarm that should have gone off this long ago has used up its retries (six, within some two minutes), though the
 * instance is still alive: it has to be set again. Setting one that is about to be retried does no harm.
 */
const ALARM_OVERDUE_MS = 180_000;

export class AlarmClock {
  readonly #set: (at: number) => void;
  /** When the alarm will fire, as far as this instance knows; undefined after waking, for reading it needs an await. */
  #at: number | undefined;
  /** When it has been lost if it has not fired by then. */
  #overdueAt = 0;
  rowsWritten = 0;

  constructor(set: (at: number) => void) {
    this.#set = set;
  }

  /** The alarm fires at `at` or earlier (milliseconds since 1970). Part of the running turn's transaction. */
  setBefore(at: number, now: number): void {
    if (this.#at !== undefined && this.#at <= at && now < this.#overdueAt) return;
    this.#at = at;
    this.#overdueAt = Math.max(at, now) + ALARM_OVERDUE_MS;
    this.rowsWritten++;
    this.#set(at);
  }

  /** The alarm has gone off: nothing is set any more. */
  fired(): void {
    this.#at = undefined;
  }

  /** What is known to be set, to be handed to {@link restore} if the transaction that goes on from here is undone. */
  get at(): number | undefined {
    return this.#at;
  }

  restore(at: number | undefined): void {
    this.#at = at;
  }
}
