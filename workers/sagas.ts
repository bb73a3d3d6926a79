/** Wires the sagas' consumer group to this Worker's bindings. */
import type { SagaConsumerDeps } from '../queues/sagas/consumer.ts';
import { isKnownEvent } from '../schemas/eventTypes.ts';
import type { Logger } from '../telemetry/logger.ts';
import { actorStub, readLog } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { inTime } from './inTime.ts';
import { viewDatabase } from './viewDatabase.ts';

/**
 * Milliseconds that the consumer waits for a saga, and a repair for whom it commands. Longer than a reader waits, since what is given up is delivered again and
 * counts as a failure: a saga that is only slow, beside a thousand others, is to be waited for.
 */
export const TELL_MS_MAX = 30_000;

/** The consumer's world: the Worker's sagas, logs and view databases. */
export function sagaConsumerDeps(env: Env, logger: Logger): SagaConsumerDeps {
  return {
    logger,
    databases: viewDatabases(env).map(viewDatabase),
    knowsEvent: isKnownEvent,
    readLog: (key, fromVersion, limit) => readLog(env, key, fromVersion, limit),
    // One that hangs must not hold up what came along with it: it is told again, under the same ids.
    execute: (sagaId, commands, context) =>
      inTime(
        `saga/${sagaId}`,
        actorStub(env, { aggregateType: 'saga', aggregateId: sagaId }).execute(commands, context),
        TELL_MS_MAX,
      ),
    chance: Math.random,
  };
}
