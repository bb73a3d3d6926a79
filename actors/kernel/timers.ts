/**
 * Timers: moments at which an aggregate sends itself a command. They are derived from the state by the decider, so the log
 * holds them and nothing else can lose or repeat one; the alarm is set to the earliest, and each firing is a command whose
 * id is made from the timer, so that a second firing is recognised.
 */
import type { Aggregate } from './aggregate.ts';
import type { Timer } from './decider.ts';

type AnyTimer = Timer<{ readonly type: string; readonly data: unknown }>;

/** The earliest moment that any timer waits for, milliseconds since 1970. */
export function nextTimerAt(aggregate: Aggregate<unknown>): number | undefined {
  let earliest: number | undefined;
  for (const timer of timersOf(aggregate)) {
    if (earliest === undefined || timer.dueAt < earliest) earliest = timer.dueAt;
  }
  return earliest;
}

/** The timers whose moment has come, earliest first. */
export function dueTimers(aggregate: Aggregate<unknown>, now: number): AnyTimer[] {
  return [...timersOf(aggregate)].filter((timer) => timer.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
}

/** The id of the command that a timer sends: the same however often it fires. */
export function timerCommandId(timer: AnyTimer): string {
  return `timer:${timer.timer}:${timer.dueAt}`;
}

function timersOf(aggregate: Aggregate<unknown>): Iterable<AnyTimer> {
  const { timers } = aggregate.decider;
  return timers === undefined || !aggregate.log.isStored ? [] : timers(aggregate.current().state as object);
}
