/** Wires the sagas' consumer group to this Worker's bindings. */
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { type SagaConsumerDeps, tellSagas } from '../queues/sagas/consumer.ts';
import { forgetPosition, readSagaPositions } from '../queues/sagas/positions.ts';
import { isHeard } from '../queues/sagas/subscriptions.ts';
import { isKnownEvent } from '../schemas/eventTypes.ts';
import { partOf } from '../schemas/partition.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readLog, receiverOf } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { viewDatabase } from './viewDatabase.ts';

/** The consumer's world: the Worker's sagas, logs and view databases. */
export function sagaConsumerDeps(env: Env, logger: Logger): SagaConsumerDeps {
  return {
    logger,
    databases: viewDatabases(env).map(viewDatabase),
    knowsEvent: isKnownEvent,
    readLog: (key, fromVersion, limit) => readLog(env, key, fromVersion, limit),
    // One that hangs must not hold up what came along with it: it is told again, under the same ids.
    execute: (sagaId, commands, context) =>
      receiverOf(env, { aggregateType: 'saga', aggregateId: sagaId }).execute(commands, context),
    chance: Math.random,
  };
}

/** How far sagas were told of some aggregates, by `keyOf`; absent: not at all. */
export async function sagasAt(env: Env, keys: readonly AggregateKey[]): Promise<Map<string, number>> {
  const databases = viewDatabases(env);
  const shares = databases.map((database, part) =>
    readSagaPositions(
      viewDatabase(database),
      keys.filter(({ aggregateId }) => partOf(aggregateId, databases.length) === part),
    ),
  );
  return new Map((await Promise.all(shares)).flatMap((share) => [...share]));
}

/** Tells sagas what they lack of an aggregate up to a version. */
export async function tellSagasOf(
  env: Env,
  logger: Logger,
  key: AggregateKey,
  toVersion: number,
): Promise<void> {
  const head = { ...key, fromVersion: toVersion, toVersion, previousHash: '', events: [] };
  await tellSagas(sagaConsumerDeps(env, logger), [head]);
}

/** Lets sagas be told of an aggregate from its first event on. Of most they are told nothing, and no database is asked. */
export async function forgetTold(env: Env, key: AggregateKey): Promise<void> {
  if (!isHeard(key.aggregateType)) return;
  const databases = viewDatabases(env);
  const database = databases[partOf(key.aggregateId, databases.length)];
  if (database !== undefined) await viewDatabase(database).batch([forgetPosition(key)]);
}
