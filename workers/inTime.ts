/** Waiting for another part of the platform, and for how long. */

/**
 * Milliseconds that a reader waits for an actor or a view database. Waking an actor takes some milliseconds and folding a
 * long log a second; what has not answered by then hangs, and whoever waits holds a request or a batch of a queue.
 */
export const ANSWER_MS_MAX = 5_000;

/** A part of the platform did not answer in time. It may yet; the same question may be asked again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** As on errors of the runtime that pass. */
  readonly retryable = true;
}

/** What a call answers, or {@link Unanswered} where it takes longer than a while. `who` is named in the error. */
export async function inTime<Answer>(
  who: string,
  call: PromiseLike<Answer>,
  milliseconds = ANSWER_MS_MAX,
): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Unanswered(`${who} did not answer within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What D1 says where a database restarts, is out of reach or has too much to do. It sets no flags on its errors, so their words
 * are all there is (https://developers.cloudflare.com/d1/observability/debug-d1/).
 */
const DATABASE_PASSING =
  /Network connection lost|caused object to be reset|reset because its code was updated|Cannot resolve D1 DB|D1 DB is overloaded/;

/** Whether an error, or what it was caused by, passes: an object or a database that was restarted, has too much to do, or did not answer. */
export function isPassing(error: unknown): boolean {
  const { retryable, overloaded, message, cause } = Object(error) as Partial<Record<string, unknown>>;
  if (retryable === true || overloaded === true) return true;
  if (typeof message === 'string' && DATABASE_PASSING.test(message)) return true;
  return cause !== undefined && isPassing(cause);
}
