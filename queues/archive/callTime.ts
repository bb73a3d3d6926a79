/** How long the objects of the archive wait for the bucket and for a log. */
import { inTime, type StartTimer } from '../../actors/kernel/inTime.ts';
import type { LogDeps } from '../kernel/announcement.ts';
import type { ArchiveStore } from './store.ts';

/**
 * Milliseconds in which the bucket and a log have to answer each time they are asked: a segment of some megabytes takes seconds, and
 * all else that is to be archived, signed or put back waits meanwhile. What the bucket has taken all the same is found by the next try.
 */
export const CALL_MS_MAX = 30_000;

interface Called {
  readonly store: ArchiveStore;
  readonly readLog?: LogDeps['readLog'];
  readonly startTimer: StartTimer;
}

/** The same world, but whatever takes longer than {@link CALL_MS_MAX} rejects with `Unanswered`. */
export function inCallTime<World extends Called>(world: World): World {
  const { store, readLog, startTimer } = world;
  const limited = <Answer>(who: string, call: Promise<Answer>) => inTime(startTimer, who, call, CALL_MS_MAX);
  const read: LogDeps['readLog'] | undefined =
    readLog &&
    ((key, fromVersion, limit) => limited(`the log of ${key.aggregateId}`, readLog(key, fromVersion, limit)));
  return {
    ...world,
    ...(read && { readLog: read }),
    store: {
      create: (key, bytes) => limited(`the bucket, given ${key},`, store.create(key, bytes)),
      read: (key) => limited(`the bucket, asked for ${key},`, store.read(key)),
      sha256: (key) => limited(`the bucket, asked about ${key},`, store.sha256(key)),
    },
  };
}
