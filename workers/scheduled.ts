/** The cron tick: one page of the sweep in every part of the directory. */
import { sweepPage } from '../queues/kernel/sweep.ts';
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import { createLogger, errorFields } from '../telemetry/logger.ts';
import { ownerOf } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { projectionDeps } from './projection.ts';

export async function handleScheduled(env: Env): Promise<void> {
  const logger = createLogger('sweeper', env.LOG_LEVEL);
  const parts = viewDatabases(env).length;
  const sweep = (directoryPart: number) =>
    sweepPage({
      directory: env.DIRECTORY.getByName(directoryName(directoryPart)),
      parts,
      logger,
      head: (key) => ownerOf(env, key).head(),
      runnerDeps: (part) => projectionDeps(env, part, logger),
    });
  const directoryParts = Array.from({ length: DIRECTORY_PARTS }, (_, part) => part);
  await Promise.all(
    directoryParts.map((part) =>
      sweep(part).catch((error) => logger.log('error', 'sweep failed', { part, ...errorFields(error) })),
    ),
  );
}
