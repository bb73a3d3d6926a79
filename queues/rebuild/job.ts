/**
 * The row that a rebuild is: read before every step and checked by every transaction of it, so that two callers, or one
 * that comes back from a long pause, cannot do a step twice or out of turn.
 */
import type { RebuildKind, RebuildPhase, ViewName } from '../../schemas/tables/views.ts';
import type { SqlParameter, Statement, ViewDatabase } from '../kernel/database.ts';
import type { AggregateKey } from '../kernel/positions.ts';

/** Differences kept of a rebuild: enough to see what was wrong; how many there were is counted on. */
export const DIFFERENCES_MAX = 100;

/**
 * What a rebuild found. The first two tell the live colour from the rebuilt one; `contradicts_owner` is a rebuilt row that
 * the aggregate's own state contradicts, `parked` an event that the view cannot take, `ahead_of_log` a live view that has
 * applied more than its log holds.
 */
export const DIFFERENCE_KINDS = [
  'only_live',
  'only_rebuilt',
  'contradicts_owner',
  'parked',
  'ahead_of_log',
] as const;

/** One difference; `version` where it is about one event. */
export interface Difference extends AggregateKey {
  readonly view: ViewName;
  readonly kind: (typeof DIFFERENCE_KINDS)[number];
  readonly version?: number;
  readonly detail?: string;
}

/** How far a phase has come: the aggregate that it did last, how many that makes, and how far it is within another one. */
export interface JobCursor {
  readonly after: readonly [aggregateType: string, aggregateId: string] | null;
  readonly done: number;
  readonly within?: AggregateKey & { readonly version: number };
  /** Part of the directory, where that is what is walked. */
  readonly part?: number;
}

/** The claim of positions that hold no rows, of aggregates of another database. The switch removes them. */
export const LEFT_OUT = 'left out';

/** Where every phase begins. */
export const BEGINNING: JobCursor = { after: null, done: 0 };

/** A rebuild as it stands in its row. */
export interface RebuildJob {
  readonly job: string;
  readonly kind: RebuildKind;
  readonly views: readonly ViewName[];
  readonly phase: RebuildPhase;
  readonly cursor: JobCursor;
  readonly aggregatesDone: number;
  readonly eventsApplied: number;
  readonly differences: readonly Difference[];
  readonly differencesFound: number;
  readonly reason: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

type JobRow = Omit<RebuildJob, 'views' | 'cursor' | 'differences'> & {
  readonly views: string;
  readonly cursor: string | null;
  readonly differences: string;
};

/** The rebuild that is going on, or the last one; undefined where there never was one. */
export async function readJob(database: ViewDatabase): Promise<RebuildJob | undefined> {
  const [row] = await database.all<JobRow>({
    sql:
      'SELECT job, kind, views, phase, cursor, aggregates_done AS aggregatesDone, events_applied AS eventsApplied, ' +
      'differences, differences_found AS differencesFound, reason, started_at AS startedAt, ended_at AS endedAt FROM rebuilds',
    parameters: [],
  });
  if (row === undefined) return undefined;
  return {
    ...row,
    views: JSON.parse(row.views),
    cursor: row.cursor === null ? BEGINNING : JSON.parse(row.cursor),
    differences: JSON.parse(row.differences),
  };
}

/** Whether a job has come to its end, one way or the other. */
export function hasEnded({ phase }: Pick<RebuildJob, 'phase'>): boolean {
  return phase === 'SWITCHED' || phase === 'FAILED';
}

/** Aborts the transaction unless the job still stands where it was read. */
export function jobGuard({ job, phase, cursor }: RebuildJob): Statement[] {
  return guard('SELECT count(*) FROM rebuilds WHERE job = ? AND phase = ? AND cursor = ?', [
    job,
    phase,
    JSON.stringify(cursor),
  ]);
}

/** Aborts the transaction unless the job, wherever it stands by now, is still going on. */
export function runningGuard({ job }: RebuildJob): Statement[] {
  const query = "SELECT count(*) FROM rebuilds WHERE job = ? AND phase NOT IN ('SWITCHED', 'FAILED')";
  return guard(query, [job]);
}

/** Aborts the transaction, as a lost race does, unless a query gives 1. */
export function guard(query: string, parameters: readonly SqlParameter[]): Statement[] {
  return [
    { sql: `INSERT INTO position_guard ${query}`, parameters },
    { sql: 'DELETE FROM position_guard', parameters: [] },
  ];
}

/** Moves a job within its phase or to the next one. */
export function moveJob(
  job: RebuildJob,
  to: { readonly phase?: RebuildPhase; readonly cursor: JobCursor },
): Statement {
  const done = job.phase === 'APPLYING' ? to.cursor.done : job.aggregatesDone;
  return {
    sql: 'UPDATE rebuilds SET phase = ?, cursor = ?, aggregates_done = max(aggregates_done, ?)',
    parameters: [to.phase ?? job.phase, JSON.stringify(to.cursor), done],
  };
}

/** Adds what was found. `reason` says, once, why the rebuild must fail in the end. */
export function addDifferences(
  job: RebuildJob,
  found: readonly Difference[],
  reason: string | null = null,
): Statement[] {
  if (found.length === 0 && reason === null) return [];
  const kept = [...job.differences, ...found].slice(0, DIFFERENCES_MAX);
  return [
    {
      sql:
        'UPDATE rebuilds SET differences = ?, differences_found = differences_found + ?, ' +
        'reason = coalesce(reason, ?)',
      parameters: [JSON.stringify(kept), found.length, reason],
    },
  ];
}
