/** The cron tick: one page of the sweep in every part of the directory, and a checkpoint over what was archived. */
import { sweepPage } from '../queues/kernel/sweep.ts';
import { tellSagas } from '../queues/sagas/consumer.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import { createLogger, errorFields } from '../telemetry/logger.ts';
import { ownerOf } from './aggregates.ts';
import { archivistStub, notaryStub } from './archive.ts';
import { type Env, viewDatabases } from './env.ts';
import { projectionDeps } from './projection.ts';
import { sagaConsumerDeps } from './sagas.ts';

export async function handleScheduled(env: Env): Promise<void> {
  const logger = createLogger('sweeper', env.LOG_LEVEL);
  const parts = viewDatabases(env).length;
  const sagas = sagaConsumerDeps(env, logger);
  const sweep = (directoryPart: number) =>
    sweepPage({
      directory: env.DIRECTORY.getByName(directoryName(directoryPart)),
      parts,
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
  const { unsigned } = await notaryStub(env).sign();
  if (unsigned !== undefined) logger.log('error', 'no checkpoint signed', { reason: unsigned });
}

async function followHeads(env: Env, heads: readonly EventsMessage[]): Promise<void> {
  if (heads.length > 0) await archivistStub(env).follow(heads);
}
