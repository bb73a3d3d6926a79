/**
 * The one alarm that a Durable Object has, shared by the outbox and every timer: it is set only when an earlier moment is
 * asked for, since setting it costs a written row and, locally, most of a commit.
 */

/**
 * How long after a commit the alarm looks whether the events were announced. Announcing is done at once; this only covers
 * a crash in between, so it may be lazy, and one alarm serves every commit of that time.
 */
export const DRAIN_SAFETY_MS = 10_000;

export class AlarmClock {
  readonly #set: (at: number) => void;
  /** When the alarm will fire, as far as this instance knows; undefined after waking, for reading it needs an await. */
  #at: number | undefined;
  rowsWritten = 0;

  constructor(set: (at: number) => void) {
    this.#set = set;
  }

  /** The alarm fires at `at` or earlier (milliseconds since 1970). Part of the running turn's transaction. */
  setBefore(at: number): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.#at = at;
    this.rowsWritten++;
    this.#set(at);
  }

  /** The alarm has gone off: nothing is set any more. */
  fired(): void {
    this.#at = undefined;
  }
}
