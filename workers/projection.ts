/** Wires the projector of one view database to this Worker's bindings. */
import type { RunnerDeps } from '../queues/kernel/runner.ts';
import { projectors } from '../queues/projectors/index.ts';
import { isKnownEvent } from '../schemas/eventTypes.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readLog } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { viewDatabase } from './viewDatabase.ts';

export function projectionDeps(env: Env, part: number, logger: Logger): RunnerDeps {
  const database = viewDatabases(env)[part];
  if (database === undefined) throw new Error(`no view database ${part}`);
  return {
    database: viewDatabase(database),
    projectors,
    logger,
    knowsEvent: isKnownEvent,
    readLog: (key, fromVersion, limit) => readLog(env, key, fromVersion, limit),
    newClaim: () => crypto.randomUUID(),
    now: () => Date.now(),
  };
}
