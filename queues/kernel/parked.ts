/** Aggregates that a view has parked: what they are, and how one goes on. */
import { type Colour, VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import type { ViewDatabase } from './database.ts';
import type { RunnerDeps } from './deps.ts';
import { UNKNOWN_EVENT } from './errors.ts';
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

/**
 * Lets go on, in every colour, what waited for a release that knows its event, where this is one. The sweeper finds what is
 * behind then.
 */
export async function resumeKnown({ database, knowsEvent, logger }: RunnerDeps): Promise<void> {
  const waiting = await database.all<{ aggregateType: string; eventType: string }>({
    sql:
      'SELECT DISTINCT aggregate_type AS aggregateType, substr(parked_reason, length(?1) + 1) AS eventType ' +
      `FROM view_positions ${WAITING}`,
    parameters: [UNKNOWN_EVENT, VIEW_NAMES],
  });
  for (const { aggregateType, eventType } of waiting) {
    if (!knowsEvent(aggregateType, eventType)) continue;
    await database.batch([
      {
        sql:
          'UPDATE view_positions SET parked_version = NULL, parked_reason = NULL, parked_at = NULL ' +
          `${WAITING} AND aggregate_type = ?3 AND parked_reason = ?1 || ?4`,
        parameters: [UNKNOWN_EVENT, VIEW_NAMES, aggregateType, eventType],
      },
    ]);
    logger.log('info', 'parked aggregates go on', { aggregateType, eventType });
  }
}

const VIEW_NAMES = JSON.stringify(VIEWS);

/** View and colour are named for the sake of the index, which has the parked rows alone. */
const WAITING =
  "WHERE view IN (SELECT value FROM json_each(?2)) AND colour IN ('blue', 'green') AND parked_version IS NOT NULL " +
  'AND substr(parked_reason, 1, length(?1)) = ?1';

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
