/** The archive's objects as the Worker reaches them. */
import type { Env } from './env.ts';

/** Names of the one archivist and the one notary. */
const ARCHIVIST = 'archivist';
const NOTARY = 'notary';

/** The writer of the archive. */
export function archivistStub(env: Env) {
  return env.ARCHIVIST.getByName(ARCHIVIST);
}

/** Whoever signs it. */
export function notaryStub(env: Env) {
  return env.NOTARY.getByName(NOTARY);
}
