/**
 * The sweeper: walks the directory of aggregates, compares each log's head with what the views have applied, and repairs
 * what no message will ever announce. Touching an object also wakes it, which re-arms an alarm that had used up its tries.
 */
import { project } from '../queues/kernel/runner.ts';
import { lagging } from '../queues/kernel/sweep.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { DIRECTORY_PARTS, directoryName, partOf } from '../schemas/partition.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { actorStub } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { projectionDeps } from './projection.ts';

/** Aggregates looked at in one part of the directory in one tick: bounds the objects woken, 16 parts a minute. */
const SWEEP_PAGE = 250;

export async function handleScheduled(env: Env): Promise<void> {
  const logger = createLogger('sweeper', env.LOG_LEVEL);
  const parts = Array.from({ length: DIRECTORY_PARTS }, (_, part) => part);
  await Promise.all(
    parts.map((part) =>
      sweepPart(env, part, logger).catch((error) =>
        logger.log('error', 'sweep failed', { part, ...errorFields(error) }),
      ),
    ),
  );
}

/** One page of one part. The cursor moves only after the page was repaired, so a failure repeats it. */
async function sweepPart(env: Env, part: number, logger: Logger): Promise<void> {
  const directory = env.DIRECTORY.getByName(directoryName(part));
  const entries = await directory.list(await directory.sweepCursor(), SWEEP_PAGE);
  const heads = await Promise.all(
    entries.map(async (key): Promise<EventsMessage> => {
      const head = await actorStub(env, key).head();
      return { ...key, fromVersion: head, toVersion: head, previousHash: '', events: [] };
    }),
  );
  const databases = viewDatabases(env);
  for (let database = 0; database < databases.length; database++) {
    const share = heads.filter((head) => partOf(head.aggregateId, databases.length) === database);
    if (share.length === 0) continue;
    const deps = projectionDeps(env, database, logger);
    const behind = await lagging(deps, share);
    if (behind.length === 0) continue;
    const result = await project(deps, behind);
    logger.log('info', 'views repaired', { part, aggregates: behind.length, ...result });
  }
  await directory.saveSweepCursor(entries.length < SWEEP_PAGE ? null : (entries.at(-1) ?? null));
}
