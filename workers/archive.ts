/** The archive's objects as the Worker reaches them. */
import type { Arrival } from '../queues/archive/archiveTables.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';

/** Names of the one archivist and the one notary. */
const ARCHIVIST = 'archivist';
const NOTARY = 'notary';

/**
 * Milliseconds that queues, checks and the cron tick wait for the archivist or the notary: longer than those wait for their bucket.
 * What is given up goes on there, and is found done by the next call.
 */
export const ARCHIVE_MS_MAX = 60_000;

/** The writer of the archive. */
export function archivistStub(env: Env) {
  return env.ARCHIVIST.getByName(ARCHIVIST);
}

/** Hands messages over to the archivist; false where it has no room. */
export function archiveMessages(env: Env, arrivals: readonly Arrival[]): Promise<boolean> {
  return inTime('the archivist', archivistStub(env).accept(arrivals), ARCHIVE_MS_MAX);
}

/** Whoever signs it. */
export function notaryStub(env: Env) {
  return env.NOTARY.getByName(NOTARY);
}
