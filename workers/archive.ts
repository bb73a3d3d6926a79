/** The archive's objects as the Worker reaches them. */
import type { Env } from './env.ts';

/** Name of the one archivist. */
const ARCHIVIST = 'archivist';

/** The writer of the archive. */
export function archivistStub(env: Env) {
  return env.ARCHIVIST.getByName(ARCHIVIST);
}
