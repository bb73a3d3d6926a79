/** Waiting for another part of the platform, for how long, and which failures pass. */
import { inTime as answeredInTime } from '../actors/kernel/inTime.ts';

export { type StartTimer, sharedTimers, Unanswered } from '../actors/kernel/inTime.ts';
export { answeredInTime };

/**
 * Milliseconds that a reader waits for an actor or a view database. Waking an actor takes some milliseconds and folding a
 * long log a second; what has not answered by then hangs, and whoever waits holds a request or a batch of a queue.
 */
export const ANSWER_MS_MAX = 5_000;

/**
 * Milliseconds that whoever sends commands, a repair or a restoration waits for an aggregate. Longer than a reader waits: what is given up
 * may have run, and has to be sent again, so an aggregate that is only slow, beside a thousand others or for the keys of personal data and
 * the directory (ten seconds each), is to be waited for; and less than the half a minute after which clients and proxies give up, who would
 * else learn nothing.
 */
export const TELL_MS_MAX = 25_000;

/**
 * Milliseconds that a request waits for an object of a bucket, or for a page of its keys: some megabytes take seconds, and R2 says of
 * no call when it gives up.
 */
const BUCKET_MS_MAX = 30_000;

/** What a bucket answers, or {@link Unanswered} where it takes longer. `bucket` is named in the error. */
export function inBucketTime<Answer>(bucket: string, answer: Promise<Answer>): Promise<Answer> {
  return inTime(bucket, answer, BUCKET_MS_MAX);
}

/** What a call answers, or {@link Unanswered} where it takes longer than a while. `who` is named in the error. */
export function inTime<Answer>(
  who: string,
  call: PromiseLike<Answer>,
  milliseconds = ANSWER_MS_MAX,
): Promise<Answer> {
  return answeredInTime(startTimer, who, call, milliseconds);
}

/** The runtime's timers. */
export function startTimer(task: () => void, milliseconds: number): () => void {
  const timer = setTimeout(task, milliseconds);
  return () => clearTimeout(timer);
}

/**
 * What D1 says where a database restarts, is out of reach or has too much to do. It sets no flags on its errors, so their words
 * are all there is (https://developers.cloudflare.com/d1/observability/debug-d1/).
 */
const DATABASE_PASSING =
  /Network connection lost|caused object to be reset|reset because its code was updated|Cannot resolve D1 DB|D1 DB is overloaded/;

/** Whether an error, or what it was caused by, passes: an object or a database that was restarted, has too much to do, or did not answer. */
export function isPassing(error: unknown): boolean {
  const { retryable, overloaded, durableObjectReset, message, cause } = Object(error) as Partial<
    Record<string, unknown>
  >;
  // An object that was reset, by a release, for its memory or for its processor time, answers the next call.
  if (retryable === true || overloaded === true || durableObjectReset === true) return true;
  if (typeof message === 'string' && DATABASE_PASSING.test(message)) return true;
  return cause !== undefined && isPassing(cause);
}

/**
 * Whether an aggregate has answered that a restoration holds it (`BeingRestored`). A call between objects takes an error's name along, and
 * not its class.
 */
export function isBeingRestored(error: unknown): boolean {
  return (Object(error) as { readonly name?: unknown }).name === 'BeingRestored';
}
