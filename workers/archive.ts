/** The archive's objects as the Worker reaches them, and for how long it waits for them. */
import type { ArchivistActor } from '../actors/archivist/actor.ts';
import type { NotaryActor } from '../actors/notary/actor.ts';
import type { Sealed } from '../queues/archive/archivist.ts';
import { type ArchiveStore, r2Store } from '../queues/archive/store.ts';
import { placeOf } from '../schemas/location.ts';
import type { Env } from './env.ts';
import { inBucketTime, inTime, Unanswered } from './inTime.ts';

/** Names of the one archivist and the one notary. */
const ARCHIVIST = 'archivist';
const NOTARY = 'notary';

/**
 * Milliseconds that requests, queues, checks and the cron tick wait for the archivist or the notary: longer than those wait for their
 * bucket. What is given up goes on there, and is found done by the next call.
 */
export const ARCHIVE_MS_MAX = 60_000;

/** The writer of the archive. */
export function archivistStub(env: Env): DurableObjectStub<ArchivistActor> {
  return env.ARCHIVIST.getByName(ARCHIVIST, placeOf(env));
}

/** Whoever signs it. */
export function notaryStub(env: Env): DurableObjectStub<NotaryActor> {
  return env.NOTARY.getByName(NOTARY, placeOf(env));
}

/** Asks the archivist. Rejects with {@link Unanswered} where it does not answer in time. */
export type AskArchivist = <Answer>(
  call: (archivist: DurableObjectStub<ArchivistActor>) => PromiseLike<Answer>,
) => Promise<Answer>;

/**
 * The archivist for one request, one batch or one cron tick. Once it was waited for in vain, every further question fails at
 * once: a tick asks for sixteen parts of the directory in turn, and would wait for a quarter of an hour.
 */
export function archivistFor(env: Env): AskArchivist {
  let unanswered: Unanswered | undefined;
  return async (call) => {
    if (unanswered !== undefined) throw unanswered;
    try {
      return await inTime('the archivist', call(archivistStub(env)), ARCHIVE_MS_MAX);
    } catch (error) {
      if (error instanceof Unanswered) unanswered = error;
      throw error;
    }
  };
}

/**
 * Has everything archived that waits and whose logs answer. Each call of the archivist reads as much as the platform allows one; where
 * that was nothing, too many logs do not answer, and what is left is for a later run.
 */
export async function sealAll(archivist: AskArchivist): Promise<Omit<Sealed, 'isComplete'>> {
  const total = { segments: 0, events: 0 };
  for (;;) {
    const { segments, events, isComplete } = await archivist((stub) => stub.seal());
    total.segments += segments;
    total.events += events;
    if (isComplete || segments === 0) return total;
  }
}

/** Asks the notary. Rejects with {@link Unanswered} where it does not answer in time. */
export function askNotary<Answer>(
  env: Env,
  call: (notary: DurableObjectStub<NotaryActor>) => PromiseLike<Answer>,
): Promise<Answer> {
  return inTime('the notary', call(notaryStub(env)), ARCHIVE_MS_MAX);
}

/** The bucket as requests read it. Rejects with {@link Unanswered} where it does not answer in time. */
export function archiveObjects(env: Env): Pick<ArchiveStore, 'read'> & Pick<R2Bucket, 'list'> {
  const bucket = "the archive's bucket";
  return {
    read: (key) => inBucketTime(bucket, r2Store(env.ARCHIVE).read(key)),
    list: (options) => inBucketTime(bucket, env.ARCHIVE.list(options)),
  };
}
