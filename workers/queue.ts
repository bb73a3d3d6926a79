/** Queue batches: from the queue's name to its consumer. */
import type { Arrival } from '../queues/archive/archiveTables.ts';
import { consumeForArchive } from '../queues/archive/consumer.ts';
import { consumeBatch, reportDead } from '../queues/kernel/consumer.ts';
import { createLogger } from '../telemetry/logger.ts';
import { archivistStub } from './archive.ts';
import { type Env, viewDatabases } from './env.ts';
import { projectionDeps } from './projection.ts';

export async function handleQueue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const logger = createLogger('queue', env.LOG_LEVEL);
  if (batch.queue.startsWith('folio-views-dead')) return reportDead(logger, batch.messages);
  if (batch.queue.startsWith('folio-views')) {
    const parts = viewDatabases(env).length;
    return consumeBatch(
      { parts, logger, runnerDeps: (part) => projectionDeps(env, part, logger), chance: Math.random },
      batch.messages,
    );
  }
  if (batch.queue.startsWith('folio-archive-dead')) return reportDead(logger, batch.messages);
  if (batch.queue.startsWith('folio-archive')) {
    const accept = (arrivals: readonly Arrival[]) => archivistStub(env).accept(arrivals);
    return consumeForArchive({ logger, accept }, batch.messages);
  }
  throw new Error(`no consumer for queue ${batch.queue}`);
}
