/** Queue batches: from the queue's name to its consumer. */
import type { Arrival } from '../queues/archive/archiveTables.ts';
import { consumeForArchive } from '../queues/archive/consumer.ts';
import { consumeBatch } from '../queues/kernel/consumer.ts';
import { consumeDead } from '../queues/kernel/deadLetters.ts';
import { consumeForSagas } from '../queues/sagas/consumer.ts';
import { createLogger } from '../telemetry/logger.ts';
import { archivistFor } from './archive.ts';
import { type Env, viewDatabases } from './env.ts';
import { deadLetterDeps } from './parked/messages.ts';
import { consumerDeps } from './projection.ts';
import { sagaConsumerDeps } from './sagas.ts';

/** Every consumer group's dead letters go the same way. */
const DEAD_QUEUE = /^folio-([a-z]+)-dead/;

/** Hands a batch to its queue's consumer. */
export async function handleQueue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const logger = createLogger('queue', env.LOG_LEVEL);
  const [, deadGroup] = DEAD_QUEUE.exec(batch.queue) ?? [];
  if (deadGroup !== undefined) return consumeDead(deadLetterDeps(env, logger), deadGroup, batch.messages);
  if (batch.queue.startsWith('folio-views')) {
    const parts = viewDatabases(env).length;
    return consumeBatch(
      { parts, logger, runnerDeps: (part) => consumerDeps(env, part, logger), chance: Math.random },
      batch.messages,
    );
  }
  if (batch.queue.startsWith('folio-archive')) {
    const archivist = archivistFor(env);
    const accept = (arrivals: readonly Arrival[]) => archivist((stub) => stub.accept(arrivals));
    return consumeForArchive({ logger, accept }, batch.messages);
  }
  if (batch.queue.startsWith('folio-sagas'))
    return consumeForSagas(sagaConsumerDeps(env, logger), batch.messages);
  throw new Error(`no consumer for queue ${batch.queue}`);
}
