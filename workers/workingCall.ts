/** How much one request works on something that takes several, such as a rebuild. */
import type { Pacing } from '../queues/kernel/pacing.ts';

/** Milliseconds that one call works: less than any proxy waits, and far from the 30 s of CPU of a request. */
export const WORKING_CALL_MS = 10_000;

/**
 * Calls to objects and databases after which it ends. The platform allows a request 10,000: a piece of work that has begun takes up to a
 * thousand more, and a call to an owner may be two.
 */
export const WORKING_CALLS_MAX = 4_000;

/** The same of databases alone, of which the platform allows 1,000. */
export const DATABASE_CALLS_MAX = 500;

/** Whether a call that begins now has done its part. `pacing`: what lets its calls through, where something does. */
export function workingCall(pacing?: Pick<Pacing, 'calls'>): () => boolean {
  const end = Date.now() + WORKING_CALL_MS;
  const calls = pacing?.calls ?? { all: 0, databases: 0 };
  return () => Date.now() >= end || calls.all >= WORKING_CALLS_MAX || calls.databases >= DATABASE_CALLS_MAX;
}
