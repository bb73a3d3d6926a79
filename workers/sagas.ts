/** Wires the sagas' consumer group to this Worker's bindings. */
import { d1Database } from '../queues/kernel/database.ts';
import type { SagaConsumerDeps } from '../queues/sagas/consumer.ts';
import { isKnownEvent } from '../schemas/eventTypes.ts';
import type { Logger } from '../telemetry/logger.ts';
import { actorStub, readLog } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';

export function sagaConsumerDeps(env: Env, logger: Logger): SagaConsumerDeps {
  return {
    logger,
    databases: viewDatabases(env).map(d1Database),
    knowsEvent: isKnownEvent,
    readLog: (key, fromVersion, limit) => readLog(env, key, fromVersion, limit),
    execute: (sagaId, commands, context) =>
      actorStub(env, { aggregateType: 'saga', aggregateId: sagaId }).execute(commands, context),
    chance: Math.random,
  };
}
