/**
 * Bounded load: a rebuild lets others have their turn. Where objects, Worker and database share a thread, as in a local run,
 * its calls follow each other without a gap, and nobody else's request is even read before the rebuild pauses.
 */
import type { RunnerDeps } from '../kernel/deps.ts';

/** Work between two pauses while others ask for something: what a request waits for one. A pause takes a millisecond or two. */
export const SLICE_MS = 20;

/** The same while nobody does, so that a rebuild by itself loses next to nothing. */
export const QUIET_SLICE_MS = 100;

/** How long the slices stay short after somebody was seen. */
export const BUSY_MS = 1_000;

/** Pauses in a row at most, of somewhat more than a millisecond: whatever others do, the rebuild has half of the time. */
export const PAUSES_MAX = 16;

/** The world of the pacing. */
export interface PacingDeps {
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends once others had their turn. */
  pause(): Promise<void>;
  /** Whether somebody else's request is in flight. */
  isAwaited(): boolean;
}

/** The same, with pauses before reads and transactions: each until nobody else waits for an answer, or for a while. */
export function paced(deps: RunnerDeps, { now, pause, isAwaited }: PacingDeps): RunnerDeps {
  const { database, readLog } = deps;
  let pausedAt = now();
  let busyUntil = 0;
  const letOthersGoFirst = async (): Promise<void> => {
    const slice = now() < busyUntil ? SLICE_MS : QUIET_SLICE_MS;
    if (now() - pausedAt < slice) return;
    for (let pauses = 0; pauses < PAUSES_MAX; pauses++) {
      await pause();
      pausedAt = now();
      if (!isAwaited()) return;
      busyUntil = pausedAt + BUSY_MS;
    }
  };
  return {
    ...deps,
    database: {
      all: async (statement) => {
        await letOthersGoFirst();
        return database.all(statement);
      },
      batch: async (statements) => {
        await letOthersGoFirst();
        return database.batch(statements);
      },
    },
    readLog: async (...range) => {
      await letOthersGoFirst();
      return readLog(...range);
    },
  };
}
