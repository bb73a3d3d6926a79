/**
 * The sagas' consumer group: hands what events mean to the sagas concerned. An aggregate's events are told in order, each
 * aggregate by itself; where one cannot be told, its messages alone come again. No Cloudflare import.
 */
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import { eventIdText } from '../../schemas/eventId.ts';
import { type EventsMessage, parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { type Announcement, announcementsOf } from '../kernel/announcement.ts';
import { retryDelaySeconds } from '../kernel/backoff.ts';
import type { QueueMessage } from '../kernel/consumer.ts';
import type { ViewDatabase } from '../kernel/database.ts';
import type { RunnerDeps } from '../kernel/deps.ts';
import { UnknownEvent } from '../kernel/errors.ts';
import { keyOf } from '../kernel/positions.ts';
import { ProjectedEvent } from '../kernel/projector.ts';
import { readSagaPositions, type SagaPosition, savePositions } from './positions.ts';
import { isHeard, toldOf } from './subscriptions.ts';

/** Seconds before the second delivery of a message whose events could not be told. */
const RETRY_SECONDS = 2;

/** Who tells sagas of events, in the metadata of theirs. */
const TELLER = 'saga';

/** Refusals that say that the saga has no use for the event, or has ended: nothing is lost. */
const NOT_AWAITED: ReadonlySet<string> = new Set(['saga_not_found', 'saga_ended', 'event_not_awaited']);

/** The world of the consumer. */
export interface SagaConsumerDeps extends Pick<RunnerDeps, 'logger' | 'readLog' | 'knowsEvent'> {
  /** Databases that aggregates are spread over, with the positions. */
  readonly databases: readonly ViewDatabase[];
  /** Sends commands to a saga. */
  execute(
    sagaId: string,
    commands: readonly CommandEnvelope[],
    context: CommandContext,
  ): Promise<readonly Outcome[]>;
  /** A random number from 0 up to 1. */
  chance(): number;
}

/** Tells sagas what the messages announce, and acks those whose events have all been told. */
export async function consumeForSagas(
  deps: SagaConsumerDeps,
  messages: readonly QueueMessage[],
): Promise<void> {
  const taken: { message: QueueMessage; announcement: EventsMessage }[] = [];
  for (const message of messages) {
    try {
      taken.push({ message, announcement: parseEventsMessage(message.body as string) });
    } catch (error) {
      // It names no event, and this release will not read it however often: the dead letters keep it for another.
      const fields = { messageId: message.id, ...errorFields(error) };
      deps.logger.log('error', 'message is not an announcement', fields);
      message.retry({ delaySeconds: retryDelaySeconds(RETRY_SECONDS, message.attempts, deps.chance()) });
    }
  }
  const failed = await tellSagas(
    deps,
    taken.map(({ announcement }) => announcement),
  );
  for (const { message, announcement } of taken) {
    if (!failed.has(keyOf(announcement))) message.ack();
    else message.retry({ delaySeconds: retryDelaySeconds(RETRY_SECONDS, message.attempts, deps.chance()) });
  }
}

/** Brings sagas up to what the messages announce; answers the aggregates, by `keyOf`, of which they could not be told all. */
export async function tellSagas(
  deps: SagaConsumerDeps,
  messages: readonly EventsMessage[],
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  const parts = deps.databases.length;
  await Promise.all(
    deps.databases.map(async (database, part) => {
      const share = messages.filter(
        ({ aggregateType, aggregateId }) => isHeard(aggregateType) && partOf(aggregateId, parts) === part,
      );
      if (share.length === 0) return;
      try {
        for (const key of await tellShare(deps, database, announcementsOf(share))) failed.add(key);
      } catch (error) {
        deps.logger.log('warn', 'positions of sagas not moved', { part, ...errorFields(error) });
        for (const message of share) failed.add(keyOf(message));
      }
    }),
  );
  return failed;
}

async function tellShare(
  deps: SagaConsumerDeps,
  database: ViewDatabase,
  announcements: readonly Announcement[],
): Promise<string[]> {
  const positions = await readSagaPositions(
    database,
    announcements.map(({ key }) => key),
  );
  const told = await Promise.all(
    announcements.map((announcement) =>
      tellAggregate(deps, announcement, positions.get(keyOf(announcement.key)) ?? 0),
    ),
  );
  const moved = told.filter(({ version, from }) => version > from);
  if (moved.length > 0) await database.batch(savePositions(moved));
  return told.filter(({ isFailed }) => isFailed).map(keyOf);
}

/** What became of an aggregate's events. */
interface Told extends SagaPosition {
  readonly from: number;
  readonly isFailed: boolean;
}

async function tellAggregate(
  deps: SagaConsumerDeps,
  announcement: Announcement,
  from: number,
): Promise<Told> {
  const { key, toVersion } = announcement;
  let version = from;
  try {
    const { events } = await announcement.range(deps, from, toVersion);
    for (const event of events) {
      await tellEvent(deps, event);
      version = event.version;
    }
    return { ...key, from, version, isFailed: false };
  } catch (error) {
    const fields = { ...key, version: version + 1, ...errorFields(error) };
    deps.logger.log('error', 'event not told to sagas', fields);
    return { ...key, from, version, isFailed: true };
  }
}

async function tellEvent(deps: SagaConsumerDeps, event: ProjectedEvent): Promise<void> {
  // What it means only a newer release can say: it waits for that one.
  if (!deps.knowsEvent(event)) throw new UnknownEvent(event);
  const first = async () => {
    if (event.version === 1) return event;
    const [message] = await deps.readLog(event, 1, 1);
    const [published] = message?.events ?? [];
    if (message === undefined || published === undefined)
      throw new Error(`the log of ${keyOf(event)} did not give version 1`);
    return new ProjectedEvent(message, published);
  };
  for (const { sagaId, command } of await toldOf(event, first)) {
    const { correlationId } = event.published.metadata;
    const causationId = eventIdText(event.published.hash);
    const [outcome] = await deps.execute(sagaId, [command], {
      userId: TELLER,
      correlationId,
      causationId,
      sagaId,
    });
    if (outcome === undefined) throw new Error(`saga ${sagaId} did not answer`);
    if (outcome.status !== 'refused') continue;
    const isUnused = command.type === 'ObserveEvent' && NOT_AWAITED.has(outcome.code);
    if (!isUnused) throw new Error(`saga ${sagaId} refused ${command.type}: ${outcome.code}`);
  }
}
