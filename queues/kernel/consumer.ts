/**
 * What becomes of each message of a batch: every view database takes its share, and messages are acked or given back one by
 * one, after commit. No Cloudflare import: the simulation runs this very module.
 */
import { type EventsMessage, type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { retryDelaySeconds } from './backoff.ts';
import { LogsNotRead, Retryable } from './errors.ts';
import { keyOf } from './positions.ts';
import { project, type RunnerDeps } from './runner.ts';

/** Seconds before the second delivery of a message whose consumer failed without saying when. */
const RETRY_SECONDS = 5;

/** A message as a queue hands it over. */
export interface QueueMessage {
  readonly id: string;
  readonly body: unknown;
  /** How often it has been delivered, this time included. */
  readonly attempts: number;
  ack(): void;
  retry(options: { delaySeconds: number }): void;
}

/** The world of a consumer: its view databases and its logger. */
export interface ConsumerDeps {
  /** View databases that aggregates are spread over. */
  readonly parts: number;
  readonly logger: Logger;
  runnerDeps(part: number): RunnerDeps;
  /** A random number from 0 up to 1. */
  chance(): number;
}

interface Delivery {
  readonly message: QueueMessage;
  readonly announcement: EventsMessage;
}

/** Each view database takes its share of the batch; one that fails has its own messages delivered again. */
export async function consumeBatch(deps: ConsumerDeps, messages: readonly QueueMessage[]): Promise<void> {
  const shares: Delivery[][] = Array.from({ length: deps.parts }, () => []);
  for (const message of messages) {
    try {
      const announcement = parseEventsMessage(message.body as string);
      shares[partOf(announcement.aggregateId, deps.parts)]?.push({ message, announcement });
    } catch (error) {
      // It names no event, and this release will not read it however often: the dead letters keep it for another.
      deps.logger.log('error', 'message is not an announcement', {
        messageId: message.id,
        ...errorFields(error),
      });
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
  await Promise.all(shares.map((share, part) => consumeShare(deps, share, part)));
}

async function consumeShare(deps: ConsumerDeps, share: readonly Delivery[], part: number): Promise<void> {
  if (share.length === 0) return;
  const { logger } = deps;
  try {
    const result = await project(
      deps.runnerDeps(part),
      share.map(({ announcement }) => announcement),
    );
    logger.log('debug', 'batch projected', { part, messages: share.length, ...result });
    for (const { message, announcement } of share) {
      logProjected(logger, announcement);
      message.ack();
    }
  } catch (error) {
    logger.log('warn', 'projection failed', { part, messages: share.length, ...errorFields(error) });
    const first = error instanceof Retryable ? error.delaySeconds : RETRY_SECONDS;
    for (const { message, announcement } of share) {
      if (error instanceof LogsNotRead && !error.causes.has(keyOf(announcement))) {
        logProjected(logger, announcement);
        message.ack();
      } else message.retry({ delaySeconds: retryDelaySeconds(first, message.attempts, deps.chance()) });
    }
  }
}

/** A line for each request whose events are in the views now: the end of what its correlation id can be followed through. */
function logProjected(logger: Logger, { aggregateType, aggregateId, events }: EventsMessage): void {
  if (!logger.enabled('debug')) return;
  for (let first = 0; first < events.length; ) {
    const { correlationId } = (events[first] as PublishedEvent).metadata;
    let last = first;
    while (events[last + 1]?.metadata.correlationId === correlationId) last++;
    const [fromVersion, version] = [events[first]?.version, events[last]?.version];
    const range = { fromVersion, ...(version === undefined ? {} : { version }) };
    logger.log('debug', 'events projected', { aggregateType, aggregateId, ...range, correlationId });
    first = last + 1;
  }
}
