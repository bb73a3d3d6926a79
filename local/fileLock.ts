/** One process at a time: a lock that goes with the process that has it. */
import { DatabaseSync } from 'node:sqlite';
import { LocalServerError, messageOf } from './errors.ts';

/** A lock that is held until it is closed, or this process ends. */
export interface FileLock {
  close(): void;
}

/**
 * The operating system's lock on an empty SQLite file, which stays there: undefined where another process has it. It goes with the
 * process, even by `kill -9`, so there is no stale lock to judge and no race in taking one over.
 */
export function takeFileLock(path: string): FileLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // No journal file beside the lock: nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** The same; throws {@link LocalServerError} with `busy` where another process has it, and where there can be no such file. */
export function requireFileLock(path: string, busy: string): FileLock {
  let lock: FileLock | undefined;
  try {
    lock = takeFileLock(path);
  } catch (error) {
    throw new LocalServerError(`${path} cannot be made: ${messageOf(error)}`);
  }
  if (lock === undefined) throw new LocalServerError(busy);
  return lock;
}

/** SQLite's result code for a file that someone else has locked. */
const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return (error as { errcode?: unknown }).errcode === SQLITE_BUSY;
}
