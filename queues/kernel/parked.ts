/** Aggregates that a view has parked: what they are, and how one goes on. */
import { VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import type { ViewDatabase } from './database.ts';
import type { RunnerDeps } from './deps.ts';
import { kindOf, UNKNOWN_EVENT } from './errors.ts';
import { type AggregateKey, resumeStatement, viewTargets } from './positions.ts';
import { project } from './runner.ts';

/** An aggregate that stands before an event which the view cannot take. */
export interface ParkedAggregate extends AggregateKey {
  readonly view: ViewName;
  /** What the view has applied. */
  readonly version: number;
  readonly parkedVersion: number;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly parkedAt: number;
}

/** How far a live view has come with an aggregate, parked there or not. */
type Standing = AggregateKey & Pick<ParkedAggregate, 'view' | 'version'> & Partial<Nullable<ParkedAggregate>>;
type Nullable<Of> = { readonly [Key in keyof Of]: Of[Key] | null };

const LIVE =
  'SELECT p.view, p.aggregate_type AS aggregateType, p.aggregate_id AS aggregateId, p.version, ' +
  'p.parked_version AS parkedVersion, p.parked_reason AS reason, p.parked_at AS parkedAt FROM view_positions AS p ' +
  "LEFT JOIN views AS v ON v.view = p.view WHERE p.colour = coalesce(v.live, 'blue')";

/** Where an aggregate stands in the order of {@link parkedAggregates}. */
export function parkedOrder({ view, aggregateType, aggregateId }: AggregateKey & { view: string }): string {
  return `${view}.${aggregateType}.${aggregateId}`;
}

/** The aggregates that live views have parked, after one in {@link parkedOrder}. */
export async function parkedAggregates(
  database: ViewDatabase,
  after: string,
  limit: number,
): Promise<ParkedAggregate[]> {
  const order = "p.view || '.' || p.aggregate_type || '.' || p.aggregate_id";
  return database.all<ParkedAggregate>({
    sql: `${LIVE} AND p.parked_version IS NOT NULL AND ${order} > ? ORDER BY ${order} LIMIT ?`,
    parameters: [after, limit],
  });
}

/** The parked aggregate of a live view; undefined where it is not parked there. */
export async function parkedAggregate(
  database: ViewDatabase,
  view: ViewName,
  key: AggregateKey,
): Promise<ParkedAggregate | undefined> {
  const standing = await standingOf(database, view, key);
  return standing !== undefined && isParked(standing) ? standing : undefined;
}

/**
 * Lets go on, in every colour, what waited for a release that knows its event, where this is one. The sweeper finds what is
 * behind then.
 */
export async function resumeKnown({ database, knowsEvent, logger }: RunnerDeps): Promise<void> {
  const waiting = await database.all<{ aggregateType: string; kind: string }>({
    sql:
      'SELECT DISTINCT aggregate_type AS aggregateType, substr(parked_reason, length(?1) + 1) AS kind ' +
      `FROM view_positions ${WAITING}`,
    parameters: [UNKNOWN_EVENT, VIEW_NAMES],
  });
  for (const { aggregateType, kind } of waiting) {
    if (!knowsEvent({ aggregateType, ...kindOf(kind) })) continue;
    await database.batch([
      {
        sql:
          'UPDATE view_positions SET parked_version = NULL, parked_reason = NULL, parked_at = NULL ' +
          `${WAITING} AND aggregate_type = ?3 AND parked_reason = ?1 || ?4`,
        parameters: [UNKNOWN_EVENT, VIEW_NAMES, aggregateType, kind],
      },
    ]);
    logger.log('info', 'parked aggregates go on', { aggregateType, eventType: kind });
  }
}

const VIEW_NAMES = JSON.stringify(VIEWS);

/** View and colour are named for the sake of the index, which has the parked rows alone. */
const WAITING =
  "WHERE view IN (SELECT value FROM json_each(?2)) AND colour IN ('blue', 'green') AND parked_version IS NOT NULL " +
  'AND substr(parked_reason, 1, length(?1)) = ?1';

/** What resuming came to. */
export interface Resumed {
  /**
   * `PARKED` again where an event still cannot be taken, the same one or a later one; `RESUMING` where time was up before
   * the view had all of the log: resuming again goes on from there.
   */
  readonly status: 'RESUMED' | 'RESUMING' | 'PARKED';
  /** What the view has applied now. */
  readonly version: number;
  readonly parked: ParkedAggregate | null;
}

/**
 * Lets a parked aggregate go on and brings the view up to `head` from the log, until `isOver`. Where it stands is its
 * position, so that a crash costs nothing. Answers undefined where it is neither parked nor behind. Where a rebuild is going
 * on, its colour goes on as well.
 */
export async function resume(
  deps: RunnerDeps,
  view: ViewName,
  key: AggregateKey,
  head: number,
  isOver: () => boolean = () => false,
): Promise<Resumed | undefined> {
  const before = await standingOf(deps.database, view, key);
  if (before === undefined || (!isParked(before) && before.version >= head)) return undefined;
  if (isParked(before)) {
    const { targets } = await viewTargets(deps.database, [view]);
    await deps.database.batch(targets.map((target) => resumeStatement(target, key)));
  }
  const announced = { ...key, fromVersion: head, toVersion: head, previousHash: '', events: [] };
  await project(deps, [announced], isOver);
  const after = (await standingOf(deps.database, view, key)) ?? before;
  if (isParked(after)) return { status: 'PARKED', version: after.version, parked: after };
  return { status: after.version < head ? 'RESUMING' : 'RESUMED', version: after.version, parked: null };
}

function isParked(standing: Standing): standing is ParkedAggregate {
  return standing.parkedVersion != null;
}

async function standingOf(
  database: ViewDatabase,
  view: ViewName,
  { aggregateType, aggregateId }: AggregateKey,
): Promise<Standing | undefined> {
  const rows = await database.all<Standing>({
    sql: `${LIVE} AND p.view = ? AND p.aggregate_type = ? AND p.aggregate_id = ?`,
    parameters: [view, aggregateType, aggregateId],
  });
  return rows[0];
}
