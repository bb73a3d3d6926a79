/** Waiting for another part of the platform, and for how long. */

/** A part of the platform did not answer in time. It may yet; the same question may be asked again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** As on errors of the runtime that pass. */
  readonly retryable = true;
}

/** Runs a task after some milliseconds. What it answers gives that up. */
export type StartTimer = (task: () => void, milliseconds: number) => () => void;

/** How late a timer of {@link sharedTimers} may be, in milliseconds: little beside the seconds that a call is waited for. */
export const SHARED_TIMER_MS = 1_000;

/**
 * Timers for calls of which many are on their way at any time, a thousand a second: they share one of the runtime, which costs more to start
 * and to stop than the rest of the waiting. They go off up to {@link SHARED_TIMER_MS} late; where none is left, nothing keeps an object awake.
 */
export function sharedTimers(startTimer: StartTimer, now: () => number): StartTimer {
  const waiting = new Set<{ readonly task: () => void; readonly dueAt: number }>();
  let stopLooking: (() => void) | undefined;
  const look = () => {
    const time = now();
    for (const timer of waiting) {
      if (timer.dueAt > time) continue;
      waiting.delete(timer);
      timer.task();
    }
    stopLooking = waiting.size > 0 ? startTimer(look, SHARED_TIMER_MS) : undefined;
  };
  return (task, milliseconds) => {
    const timer = { task, dueAt: now() + milliseconds };
    waiting.add(timer);
    stopLooking ??= startTimer(look, SHARED_TIMER_MS);
    return () => {
      waiting.delete(timer);
      if (waiting.size > 0) return;
      stopLooking?.();
      stopLooking = undefined;
    };
  };
}

/** What a call answers, or {@link Unanswered} where it takes longer than a while. `who` is named in the error. */
export async function inTime<Answer>(
  startTimer: StartTimer,
  who: string,
  call: PromiseLike<Answer>,
  milliseconds: number,
): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const stopTimer = startTimer(
    () => late.reject(new Unanswered(`${who} did not answer within ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([call, late.promise]);
  } finally {
    stopTimer();
  }
}
