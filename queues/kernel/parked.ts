/** Aggregates that a view has parked: what they are, and how one goes on. */
import type { Colour, ViewName } from '../../schemas/tables/views.ts';
import type { ViewDatabase } from './database.ts';
import type { RunnerDeps } from './deps.ts';
import { type AggregateKey, resumeStatement, viewTargets } from './positions.ts';
import { project } from './runner.ts';

/** An aggregate that stands before an event which the view cannot take. */
export interface ParkedAggregate extends AggregateKey {
  /** What the view has applied. */
  readonly version: number;
  readonly parkedVersion: number;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly parkedAt: number;
}

/** The parked aggregates of a view's live colour, the latest first. */
export async function parkedAggregates(
  database: ViewDatabase,
  view: ViewName,
  limit: number,
): Promise<ParkedAggregate[]> {
  return database.all<ParkedAggregate>({
    sql: `${PARKED} ORDER BY parked_at DESC, aggregate_type, aggregate_id LIMIT ?`,
    parameters: [view, await liveColour(database, view), limit],
  });
}

const PARKED =
  'SELECT aggregate_type AS aggregateType, aggregate_id AS aggregateId, version, parked_version AS parkedVersion, ' +
  'parked_reason AS reason, parked_at AS parkedAt FROM view_positions ' +
  'WHERE view = ? AND colour = ? AND parked_version IS NOT NULL';

async function liveColour(database: ViewDatabase, view: ViewName): Promise<Colour> {
  const { targets } = await viewTargets(database, [view]);
  return targets[0]?.colour ?? 'blue';
}

/** What resuming came to. */
export interface Resumed {
  /** `PARKED` again where an event still cannot be taken, the same one or a later one. */
  readonly status: 'RESUMED' | 'PARKED';
  /** What the view has applied now. */
  readonly version: number;
  readonly parked: ParkedAggregate | null;
}

/**
 * Lets a parked aggregate go on and brings the view up to `head` from the log. Answers undefined where it is not parked.
 * Where a rebuild is going on, its colour goes on as well.
 */
export async function resume(
  deps: RunnerDeps,
  view: ViewName,
  key: AggregateKey,
  head: number,
): Promise<Resumed | undefined> {
  const before = await parkedOf(deps.database, view, key);
  if (before === undefined) return undefined;
  const { targets } = await viewTargets(deps.database, [view]);
  await deps.database.batch(targets.map((target) => resumeStatement(target, key)));
  await project(deps, [{ ...key, fromVersion: head, toVersion: head, previousHash: '', events: [] }]);
  const [position] = await deps.database.all<{ version: number }>({
    sql: 'SELECT version FROM view_positions WHERE view = ? AND colour = ? AND aggregate_type = ? AND aggregate_id = ?',
    parameters: [view, await liveColour(deps.database, view), key.aggregateType, key.aggregateId],
  });
  const parked = (await parkedOf(deps.database, view, key)) ?? null;
  return {
    status: parked === null ? 'RESUMED' : 'PARKED',
    version: position?.version ?? before.version,
    parked,
  };
}

async function parkedOf(
  database: ViewDatabase,
  view: ViewName,
  { aggregateType, aggregateId }: AggregateKey,
): Promise<ParkedAggregate | undefined> {
  const rows = await database.all<ParkedAggregate>({
    sql: `${PARKED} AND aggregate_type = ? AND aggregate_id = ?`,
    parameters: [view, await liveColour(database, view), aggregateType, aggregateId],
  });
  return rows[0];
}
