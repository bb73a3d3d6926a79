/** The cron tick: one page of the sweep and of the reconciler in every part of the directory, and a checkpoint over what was archived. */
import { archiveBucket, RetainedBucket } from '../queues/archive/retainedBucket.ts';
import { sweepPage } from '../queues/kernel/sweep.ts';
import { tellSagas } from '../queues/sagas/consumer.ts';
import { IS_LOCAL } from '../schemas/localRun.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import { archiveRemovalOf } from '../schemas/retention.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { ownerOf } from './aggregates.ts';
import { archivistStub, notaryStub } from './archive.ts';
import { type Env, viewDatabases } from './env.ts';
import { forgetOldHoldings } from './holders.ts';
import { projectionDeps } from './projection.ts';
import { reconcileNext, WALK_PARTS } from './reconciliation.ts';
import { sagaConsumerDeps } from './sagas.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Aggregates of a large part of the directory that are swept in one tick of a local run. Its runtime keeps three files open for
 * each object that is awake, for one to two minutes after its last use: sixteen whole pages a minute would use up the 20,000
 * that a process may often open.
 */
const LOCAL_PAGE_OF_LARGE = 25;

/** `now`: milliseconds since 1970. */
export async function handleScheduled(env: Env, now: number): Promise<void> {
  const logger = createLogger('sweeper', env.LOG_LEVEL);
  const parts = viewDatabases(env).length;
  const sagas = sagaConsumerDeps(env, logger);
  const sweep = (directoryPart: number) =>
    sweepPage({
      directory: env.DIRECTORY.getByName(directoryName(directoryPart)),
      parts,
      pageOfLarge: IS_LOCAL ? LOCAL_PAGE_OF_LARGE : undefined,
      logger,
      head: (key) => ownerOf(env, key).head(),
      runnerDeps: (part) => projectionDeps(env, part, logger),
      followers: [(heads) => followHeads(env, heads), async (heads) => void (await tellSagas(sagas, heads))],
    });
  const directoryParts = Array.from({ length: DIRECTORY_PARTS }, (_, part) => part);
  await Promise.all(
    directoryParts.map((part) =>
      sweep(part).catch((error) => logger.log('error', 'sweep failed', { part, ...errorFields(error) })),
    ),
  );
  // Events that were just put back are old and heard of by nobody yet: all of them would look late.
  if (env.RESTORE !== 'open') await reconcileAround(env, logger);
  const { unsigned } = await notaryStub(env).sign();
  if (unsigned !== undefined) logger.log('error', 'no checkpoint signed', { reason: unsigned });
  await removeExpired(env, now, logger);
  await forgetOld(env, now, logger);
}

/** One page of every part of the reconciler's walk. */
async function reconcileAround(env: Env, logger: Logger): Promise<void> {
  await Promise.all(
    Array.from({ length: WALK_PARTS }, (_, part) =>
      reconcileNext(env, part, logger).catch((error: unknown) =>
        logger.log('error', 'not reconciled', { part, ...errorFields(error) }),
      ),
    ),
  );
}

/** Once an hour, in local runs: elsewhere R2 does it. */
async function removeExpired(env: Env, now: number, logger: Logger): Promise<void> {
  if (archiveRemovalOf(env.ARCHIVE_REMOVAL) === 'SUSPENDED') return;
  const bucket = archiveBucket(env.ARCHIVE, () => now);
  if (!(bucket instanceof RetainedBucket) || now % HOUR_MS >= MINUTE_MS) return;
  const objects = await bucket.removeExpired();
  if (objects > 0) logger.log('info', 'archive objects removed at the end of their term', { objects });
}

/** Once an hour. */
async function forgetOld(env: Env, now: number, logger: Logger): Promise<void> {
  if (now % HOUR_MS >= MINUTE_MS) return;
  await forgetOldHoldings(env).catch((error: unknown) =>
    logger.log('error', 'old holdings not forgotten', errorFields(error)),
  );
}

async function followHeads(env: Env, heads: readonly EventsMessage[]): Promise<void> {
  if (heads.length > 0) await archivistStub(env).follow(heads);
}
