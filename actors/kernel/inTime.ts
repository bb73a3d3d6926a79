/** Waiting for another part of the platform, and for how long. */

/** A part of the platform did not answer in time. It may yet; the same question may be asked again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** As on errors of the runtime that pass. */
  readonly retryable = true;
}

/** Runs a task after some milliseconds. What it answers gives that up. */
export type StartTimer = (task: () => void, milliseconds: number) => () => void;

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
