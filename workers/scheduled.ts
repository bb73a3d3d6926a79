/** The cron tick: one page of the sweep and of the reconciler in every part of the directory, and a checkpoint over what was archived. */
import { archiveBucket, RetainedBucket } from '../queues/archive/retainedBucket.ts';
import { askInGroups, GROUP_CALLS, type Pacing } from '../queues/kernel/pacing.ts';
import { sweepPage } from '../queues/kernel/sweep.ts';
import { tellSagas } from '../queues/sagas/consumer.ts';
import { IS_LOCAL } from '../schemas/localRun.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { DIRECTORY_PARTS } from '../schemas/partition.ts';
import { archiveRemovalOf } from '../schemas/retention.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { ownerOf } from './aggregates.ts';
import { type AskArchivist, archivistFor, askNotary } from './archive.ts';
import { directoryPart } from './directory.ts';
import { type Env, viewDatabases } from './env.ts';
import { forgetOldHoldings } from './holders.ts';
import { pacingOf } from './pacing.ts';
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

/**
 * Does what a tick is to do, one task after the other, whatever becomes of the others. `now`: milliseconds since 1970. Throws in the
 * end where a task has thrown.
 */
export async function handleScheduled(env: Env, now: number): Promise<void> {
  const logger = createLogger('sweeper', env.LOG_LEVEL);
  const tick: Tick = { env, now, logger, archivist: archivistFor(env) };
  const failures = new Map<string, unknown>();
  for (const [task, run] of Object.entries(TASKS)) {
    try {
      await run(tick);
    } catch (error) {
      logger.log('error', 'task of the cron tick failed', { task, ...errorFields(error) });
      failures.set(task, error);
    }
  }
  if (failures.size > 0)
    throw new AggregateError(failures.values(), `the cron tick failed in ${[...failures.keys()].join(', ')}`);
}

/** What the tasks of one tick share. */
interface Tick {
  readonly env: Env;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly logger: Logger;
  readonly archivist: AskArchivist;
}

/** What a tick does, by the names that the log says. */
const TASKS: Readonly<Record<string, (tick: Tick) => Promise<void>>> = {
  sweep: (tick) => sweepAround(tick, pacingOf(tick.env, 0)),
  reconcile: (tick) => reconcileAround(tick, pacingOf(tick.env, 0)),
  sign: signCheckpoint,
  removeExpired,
  forgetOld,
};

/** One page of every part of the directory. */
async function sweepAround({ env, logger, archivist }: Tick, pacing: Pacing): Promise<void> {
  const parts = viewDatabases(env).length;
  const sagas = sagaConsumerDeps(env, logger);
  const sweep = (part: number) =>
    sweepPage({
      directory: directoryPart(env, part),
      parts,
      pageOfLarge: IS_LOCAL ? LOCAL_PAGE_OF_LARGE : undefined,
      headsAtOnce: IS_LOCAL ? GROUP_CALLS : undefined,
      logger,
      head: pacing.afterOthers((key) => ownerOf(env, key).head()),
      runnerDeps: (database) => {
        const deps = projectionDeps(env, database, logger);
        return { ...deps, database: pacing.database(deps.database) };
      },
      followers: [
        (heads) => followHeads(archivist, heads),
        async (heads) => void (await tellSagas(sagas, heads)),
      ],
    });
  await throughParts(DIRECTORY_PARTS, (part) =>
    sweep(part).catch((error) => logger.log('error', 'sweep failed', { part, ...errorFields(error) })),
  );
}

/** One page of every part of the reconciler's walk. */
async function reconcileAround({ env, logger, archivist }: Tick, pacing: Pacing): Promise<void> {
  // Events that were just put back are old and heard of by nobody yet: all of them would look late.
  if (env.RESTORE === 'open') return;
  await throughParts(WALK_PARTS, (part) =>
    reconcileNext(env, part, logger, { pacing, archivist }).catch((error: unknown) =>
      logger.log('error', 'not reconciled', { part, ...errorFields(error) }),
    ),
  );
}

/** Does something for every part: for one after the other where all share a thread, since each that has begun is waited for. */
async function throughParts(parts: number, pass: (part: number) => Promise<void>): Promise<void> {
  const all = Array.from({ length: parts }, (_, part) => part);
  await askInGroups(all, pass, IS_LOCAL ? 1 : parts);
}

async function signCheckpoint({ env, logger }: Tick): Promise<void> {
  const { unsigned } = await askNotary(env, (notary) => notary.sign());
  if (unsigned !== undefined) logger.log('error', 'no checkpoint signed', { reason: unsigned });
}

/** Once an hour, in local runs: elsewhere R2 does it. */
async function removeExpired({ env, now, logger }: Tick): Promise<void> {
  if (archiveRemovalOf(env.ARCHIVE_REMOVAL) === 'SUSPENDED') return;
  const bucket = archiveBucket(env.ARCHIVE, () => now);
  if (!(bucket instanceof RetainedBucket) || now % HOUR_MS >= MINUTE_MS) return;
  const objects = await bucket.removeExpired();
  if (objects > 0) logger.log('info', 'archive objects removed at the end of their term', { objects });
}

/** Once an hour. */
async function forgetOld({ env, now, logger }: Tick): Promise<void> {
  if (now % HOUR_MS >= MINUTE_MS) return;
  await forgetOldHoldings(env).catch((error: unknown) =>
    logger.log('error', 'old holdings not forgotten', errorFields(error)),
  );
}

async function followHeads(archivist: AskArchivist, heads: readonly EventsMessage[]): Promise<void> {
  if (heads.length > 0) await archivist((stub) => stub.follow(heads));
}
