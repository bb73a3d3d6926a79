/** When a request is sent again, and after how long. */
import { FolioProblem, REDIRECTED, UNKNOWN } from './errors.ts';

/** How persistent a client is. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Milliseconds before the second attempt at most; each further pause may be twice as long. */
  readonly firstPauseMs: number;
  /** Milliseconds of a pause at most, whatever the platform asks for. */
  readonly pauseMsMax: number;
}

/** Up to 23 seconds of pauses, half as much on average: most restarts take less. */
export const RETRY_POLICY: RetryPolicy = { attempts: 8, firstPauseMs: 200, pauseMsMax: 10_000 };

/** The platform was too busy to begin: nothing has happened, whatever was asked. */
const TURNED_AWAY: readonly string[] = ['rate_limited', 'overloaded', 'too_many_in_flight', 'out_of_turn'];

/** Something on the way did not answer: what was asked may have happened. From 520 on they are Cloudflare's own. */
const PASSING_STATUSES: readonly number[] = [502, 503, 504, 520, 521, 522, 523, 524];

/** The token is refused: that stays so however often one asks for a stream. */
const TOKEN_REFUSED: readonly number[] = [401, 403];

/** The same, as a refusal is called that has no status. */
const TOKEN_REFUSALS: readonly string[] = ['unauthenticated', 'forbidden'];

/** The url leads to something that is no platform; where one was there before, something on the way says so while it is away. */
function isElsewhere({ status, code }: FolioProblem): boolean {
  return status === 404 || code === REDIRECTED;
}

/** Whether a stream will never be opened so. `isProven`: it was open before. */
export function isFinal(problem: FolioProblem, isProven: boolean): boolean {
  return TOKEN_REFUSED.includes(problem.status) || (!isProven && isElsewhere(problem));
}

/** Whether what was refused on a stream may be asked for again in a while: a reason that passes, and nothing was begun. */
export function isPassing({ code }: FolioProblem): boolean {
  return code === 'unavailable' || TURNED_AWAY.includes(code);
}

/** Whether nothing was begun, since the platform was too busy. */
export function isTurnedAway(failure: unknown): boolean {
  return failure instanceof FolioProblem && TURNED_AWAY.includes(failure.code);
}

/**
 * Whether a refusal is of its own attempt alone: of who asked, of when, or of something on the way. The command itself was not looked at,
 * so it says nothing of an attempt before it that had no answer.
 */
export function isOfTheAttempt(failure: unknown): boolean {
  if (!(failure instanceof FolioProblem)) return false;
  const { status, code } = failure;
  const isOfToken = TOKEN_REFUSED.includes(status) || TOKEN_REFUSALS.includes(code);
  return isTurnedAway(failure) || isOfToken || code === UNKNOWN || code === REDIRECTED;
}

/**
 * Whether to ask again. `isRepeatable`: asking twice is asking once, as it is of every read, and of every command under its id.
 */
export function mayRetry(failure: unknown, isRepeatable: boolean): boolean {
  if (!(failure instanceof FolioProblem)) return isRepeatable;
  if (isTurnedAway(failure)) return true;
  return isRepeatable && PASSING_STATUSES.includes(failure.status);
}

/**
 * Milliseconds until the next attempt: chance between nothing and a bound that doubles, so that clients that failed together
 * do not come back together; and never before the platform said. `random` is from 0 to 1.
 */
export function pauseMs(policy: RetryPolicy, attempt: number, random: number, failure?: unknown): number {
  const bound = Math.min(policy.pauseMsMax, policy.firstPauseMs * 2 ** (attempt - 1));
  const asked = failure instanceof FolioProblem ? (failure.retryAfterSeconds ?? 0) * 1_000 : 0;
  return Math.min(policy.pauseMsMax, asked + random * bound);
}
