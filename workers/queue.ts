/** Queue batches: from the queue's name to its consumer, and ack or retry of each message on its own, after commit. */
import { Retryable } from '../queues/kernel/errors.ts';
import { project } from '../queues/kernel/runner.ts';
import { type EventsMessage, parseEventsMessage } from '../schemas/message.ts';
import { partOf } from '../schemas/partition.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { type Env, viewDatabases } from './env.ts';
import { projectionDeps } from './projection.ts';

/** Seconds before a message is delivered again whose consumer failed without saying when. */
const RETRY_SECONDS = 5;

export async function handleQueue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const logger = createLogger('queue', env.LOG_LEVEL);
  if (batch.queue.startsWith('folio-views-dead')) return parkDead(batch, env, logger);
  if (batch.queue.startsWith('folio-views')) return projectBatch(batch, env, logger);
  throw new Error(`no consumer for queue ${batch.queue}`);
}

interface Delivery {
  readonly message: Message<unknown>;
  readonly announcement: EventsMessage;
}

/** Each view database takes its share of the batch; one that fails has its own messages delivered again. */
async function projectBatch(batch: MessageBatch<unknown>, env: Env, logger: Logger): Promise<void> {
  const databases = viewDatabases(env);
  const shares: Delivery[][] = databases.map(() => []);
  for (const message of batch.messages) {
    try {
      const announcement = parseEventsMessage(message.body as string);
      shares[partOf(announcement.aggregateId, databases.length)]?.push({ message, announcement });
    } catch (error) {
      // Not ours, and never will be: it names no event, and what it may have meant is in some log.
      logger.log('error', 'message is not an announcement', { messageId: message.id, ...errorFields(error) });
      message.ack();
    }
  }
  await Promise.all(shares.map((share, part) => projectShare(share, part, env, logger)));
}

async function projectShare(
  share: readonly Delivery[],
  part: number,
  env: Env,
  logger: Logger,
): Promise<void> {
  if (share.length === 0) return;
  try {
    const result = await project(
      projectionDeps(env, part, logger),
      share.map(({ announcement }) => announcement),
    );
    logger.log('debug', 'events projected', { part, messages: share.length, ...result });
    for (const { message } of share) message.ack();
  } catch (error) {
    logger.log('warn', 'projection failed', { part, messages: share.length, ...errorFields(error) });
    const delaySeconds = error instanceof Retryable ? error.delaySeconds : RETRY_SECONDS;
    for (const { message } of share) message.retry({ delaySeconds });
  }
}

/**
 * A message that used up its retries. The log has its events and the sweeper brings them to the views once those answer
 * again, so nothing is copied here: the line in the log says which range waits.
 */
async function parkDead(batch: MessageBatch<unknown>, _env: Env, logger: Logger): Promise<void> {
  for (const message of batch.messages) {
    try {
      const { aggregateType, aggregateId, fromVersion, toVersion } = parseEventsMessage(
        message.body as string,
      );
      logger.log('error', 'delivery given up; the sweeper will repair it', {
        aggregateType,
        aggregateId,
        version: toVersion,
        fromVersion,
      });
    } catch (error) {
      logger.log('error', 'dead message is not an announcement', {
        messageId: message.id,
        ...errorFields(error),
      });
    }
    message.ack();
  }
}
