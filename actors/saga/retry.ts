/** When a failed attempt is made again: exponential backoff with a cap and jitter that is the same on every replay. */
import { partOf } from '../../schemas/partition.ts';
import type { RetryPolicy } from './definitions/definition.ts';

/** Up to so much of a pause is left out, so that sagas which failed together do not come back together. */
const JITTER_PERCENT = 50;

/** Steps that the jitter is divided into. */
const JITTER_STEPS = 1_000;

/**
 * Milliseconds to wait after the attempt of this number (1, 2, …), whole: min(first × 2^(attempt − 1), max), of which up to
 * half is left out by what `seed` says.
 */
export function retryDelay(policy: RetryPolicy, attempt: number, seed: string): number {
  const pause = Math.min(policy.firstMs * 2 ** (attempt - 1), policy.maxMs);
  const left = partOf(`${seed} ${attempt}`, JITTER_STEPS);
  return Math.ceil(pause - (pause * JITTER_PERCENT * left) / (100 * JITTER_STEPS));
}
