/** Queue batches: from the queue's name to its consumer. */
import type { Arrival } from '../queues/archive/archiveTables.ts';
import { consumeForArchive } from '../queues/archive/consumer.ts';
import { consumeBatch } from '../queues/kernel/consumer.ts';
import { consumeDead } from '../queues/kernel/deadLetters.ts';
import { consumeForSagas } from '../queues/sagas/consumer.ts';
import { type GroupName, isGroupName, ownerOfQueue } from '../schemas/consumerGroups.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { archivistFor } from './archive.ts';
import { type Env, viewDatabases } from './env.ts';
import { deadLetterDeps } from './parked/messages.ts';
import { consumerDeps } from './projection.ts';
import { sagaConsumerDeps } from './sagas.ts';

/** Hands a batch to its queue's consumer. */
export async function handleQueue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const logger = createLogger('queue', env.LOG_LEVEL);
  const { group, isDead } = ownerOfQueue(batch.queue);
  if (group !== undefined && isDead) return consumeDead(deadLetterDeps(env, logger), group, batch.messages);
  if (group === undefined || !isGroupName(group)) throw new Error(`no consumer for queue ${batch.queue}`);
  return CONSUMERS[group](batch.messages, env, logger);
}

type Consume = (messages: MessageBatch<unknown>['messages'], env: Env, logger: Logger) => Promise<void>;

/** By group: one that is told of events has somebody who takes them. */
const CONSUMERS: Readonly<Record<GroupName, Consume>> = {
  views(messages, env, logger) {
    const parts = viewDatabases(env).length;
    const runnerDeps = (part: number) => consumerDeps(env, part, logger);
    return consumeBatch({ parts, logger, runnerDeps, chance: Math.random }, messages);
  },
  archive(messages, env, logger) {
    const archivist = archivistFor(env);
    const accept = (arrivals: readonly Arrival[]) => archivist((stub) => stub.accept(arrivals));
    return consumeForArchive({ logger, accept }, messages);
  },
  sagas: (messages, env, logger) => consumeForSagas(sagaConsumerDeps(env, logger), messages),
};
