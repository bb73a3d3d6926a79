/**
 * Timers: moments at which an aggregate sends itself a command. They are derived from the state by the decider, so the log
 * holds them and nothing else can lose or repeat one; the alarm is set to the earliest, and each firing is a command whose
 * id is made from the timer, so that a second firing is recognised.
 */
import type { Aggregate } from './aggregate.ts';
import type { Timer } from './decider.ts';

type AnyTimer = Timer<{ readonly type: string; readonly data: unknown }>;

/** Pause before a timer is tried again whose command left it running: a bug, to be seen in the log and not to spin. */
export const TIMER_RETRY_MS = 10_000;

/**
 * The id of the command that a timer sends: the same however often it fires. It has spaces, which no client's command id may
 * have, so that nobody can take it first.
 */
export function timerCommandId(timer: AnyTimer): string {
  return `timer ${timer.timer} ${timer.dueAt}`;
}

/** The timers of one aggregate as its actor runs them. */
export class Timers {
  readonly #aggregate: Aggregate<unknown>;
  /** When each timer is tried again whose command was sent. Kept in memory: waking tries at once. */
  readonly #heldBack = new Map<string, number>();

  constructor(aggregate: Aggregate<unknown>) {
    this.#aggregate = aggregate;
  }

  /** The earliest moment that any timer waits for, milliseconds since 1970. */
  nextAt(): number | undefined {
    let earliest: number | undefined;
    for (const timer of this.#running()) {
      if (earliest !== undefined && timer.dueAt >= earliest) break;
      const at = this.#fireAt(timer);
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }

  /** Takes the timers whose moment has come, earliest first. Until their commands end them they wait for another try. */
  takeDue(now: number): AnyTimer[] {
    const due = this.#runningUntil(now).filter((timer) => this.#fireAt(timer) <= now);
    for (const timer of due) this.#heldBack.set(timerCommandId(timer), now + TIMER_RETRY_MS);
    return due;
  }

  /** Called after the commands of timers that were taken: those that are still running. */
  stillRunning(taken: readonly AnyTimer[]): AnyTimer[] {
    const last = Math.max(...taken.map(({ dueAt }) => dueAt));
    const running = new Set(this.#runningUntil(last).map(timerCommandId));
    return taken.filter((timer) => {
      const id = timerCommandId(timer);
      if (running.has(id)) return true;
      this.#heldBack.delete(id);
      return false;
    });
  }

  #fireAt(timer: AnyTimer): number {
    if (this.#heldBack.size === 0) return timer.dueAt;
    return Math.max(timer.dueAt, this.#heldBack.get(timerCommandId(timer)) ?? timer.dueAt);
  }

  /** Those that are due by a moment, milliseconds since 1970. */
  #runningUntil(moment: number): AnyTimer[] {
    const running: AnyTimer[] = [];
    for (const timer of this.#running()) {
      if (timer.dueAt > moment) break;
      running.push(timer);
    }
    return running;
  }

  /** Earliest first. Each turn asks for the next one, and an aggregate may have thousands: they are read as far as is needed. */
  *#running(): Iterable<AnyTimer> {
    const { decider, log } = this.#aggregate;
    const { timers, aggregateType } = decider;
    if (timers === undefined || !log.isStored) return;
    let before = Number.NEGATIVE_INFINITY;
    for (const timer of timers(this.#aggregate.current().state as object)) {
      if (timer.dueAt < before) throw new Error(`${aggregateType} names a later timer before ${timer.timer}`);
      before = timer.dueAt;
      yield timer;
    }
  }
}
