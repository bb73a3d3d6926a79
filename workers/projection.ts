/** Wires the projector of one view database to this Worker's bindings. */
import { RememberedStandings } from '../queues/kernel/rememberedStandings.ts';
import type { RunnerDeps } from '../queues/kernel/runner.ts';
import { projectors } from '../queues/projectors/index.ts';
import { isKnownEvent } from '../schemas/eventTypes.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readLog } from './aggregates.ts';
import { type Env, viewDatabases } from './env.ts';
import { viewDatabase } from './viewDatabase.ts';

/** What projecting into one of the view databases needs. */
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

/** By database: what the consumers of this isolate remember. */
const REMEMBERED = new WeakMap<D1Database, RememberedStandings>();

/** The same for a consumer of messages, which need not ask where views stand that it has moved itself. */
export function consumerDeps(env: Env, part: number, logger: Logger): RunnerDeps {
  const deps = projectionDeps(env, part, logger);
  const database = viewDatabases(env)[part] as D1Database;
  const remembered = REMEMBERED.get(database) ?? new RememberedStandings(projectors);
  REMEMBERED.set(database, remembered);
  return { ...deps, remembered };
}
