/** Dead letters of every consumer group. */
import { type DeadLetterDeps, redeliver } from '../../queues/kernel/deadLetters.ts';
import { project } from '../../queues/kernel/runner.ts';
import { tellSagas } from '../../queues/sagas/consumer.ts';
import { type GroupName, isGroupName } from '../../schemas/consumerGroups.ts';
import type { DeadLetter } from '../../schemas/deadLetter.ts';
import { placeOf } from '../../schemas/location.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ownerOf } from '../aggregates.ts';
import { archivistFor } from '../archive.ts';
import { type Env, viewDatabases } from '../env.ts';
import { projectionDeps } from '../projection.ts';
import { sagaConsumerDeps } from '../sagas.ts';
import type { ParkedItem, ParkedSource } from './item.ts';

const PREFIX = 'message.';

/** Name of the one object that keeps dead letters. */
const KEEPER = 'keeper';

type Deliver = (env: Env, logger: Logger, texts: readonly string[]) => Promise<void>;

/** How each consumer group takes messages: letters of a group that this release does not have are kept until one has it again. */
const GROUPS: Readonly<Record<GroupName, Deliver>> = {
  views: toViews,
  archive: toArchive,
  sagas: toSagas,
};

/** Wires dead letters to this Worker's bindings. */
export function deadLetterDeps(env: Env, logger: Logger): DeadLetterDeps {
  return {
    store: keeper(env),
    logger,
    deliver: async (group, texts) => {
      if (!isGroupName(group)) throw new Error(`the consumer group ${group} has no consumer`);
      await GROUPS[group](env, logger, texts);
    },
    readLog: (key, fromVersion, limit) => ownerOf(env, key).messages(fromVersion, limit),
    now: () => Date.now(),
  };
}

function keeper(env: Env) {
  return env.DEAD_LETTERS.getByName(KEEPER, placeOf(env));
}

async function toViews(env: Env, logger: Logger, texts: readonly string[]): Promise<void> {
  const messages = texts.map(parseEventsMessage);
  const parts = viewDatabases(env).length;
  for (let part = 0; part < parts; part++) {
    const share = messages.filter(({ aggregateId }) => partOf(aggregateId, parts) === part);
    if (share.length > 0) await project(projectionDeps(env, part, logger), share);
  }
}

async function toArchive(env: Env, _logger: Logger, texts: readonly string[]): Promise<void> {
  const arrivals = texts.map((text) => ({ text, events: parseEventsMessage(text).events.length }));
  if (!(await archivistFor(env)((archivist) => archivist.accept(arrivals))))
    throw new Error('the archivist has no room');
}

async function toSagas(env: Env, logger: Logger, texts: readonly string[]): Promise<void> {
  const failed = await tellSagas(sagaConsumerDeps(env, logger), texts.map(parseEventsMessage));
  if (failed.size > 0) throw new Error(`sagas were not told of ${[...failed].join(', ')}`);
}

/** Parked messages. */
export function parkedMessages(env: Env, logger: Logger): ParkedSource {
  return {
    kind: 'message',
    list: async (after, limit) => {
      const letters = await keeper(env).list(after.slice(PREFIX.length), limit);
      return letters.map(itemOf);
    },
    find: async (id) => {
      const letter = await keeper(env).find(id.slice(PREFIX.length));
      return letter === null ? undefined : itemOf(letter);
    },
    retry: async (id, isOver) => {
      const letter = await keeper(env).find(id.slice(PREFIX.length));
      return letter === null ? undefined : redeliver(deadLetterDeps(env, logger), letter, isOver);
    },
  };
}

function itemOf({ letterId, group, aggregateType, aggregateId, ...letter }: DeadLetter): ParkedItem {
  const { fromVersion, toVersion, reason, parkedAt, text } = letter;
  const aggregate = aggregateType === null || aggregateId === null ? null : { aggregateType, aggregateId };
  const id = `${PREFIX}${letterId}`;
  return { id, kind: 'message', where: group, aggregate, fromVersion, toVersion, reason, parkedAt, text };
}
