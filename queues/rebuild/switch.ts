/** The ends of a rebuild: the switch, in one transaction, or giving up. */
import type { Statement } from '../kernel/database.ts';
import { isPositionRace } from '../kernel/errors.ts';
import {
  type AggregateKey,
  keyOf,
  keysJson,
  otherColour,
  type ViewTarget,
  viewTargets,
} from '../kernel/positions.ts';
import { projectorOf, takes } from '../kernel/projector.ts';
import { settleProvisional } from '../projectors/journal.ts';
import type { RebuildDeps } from './deps.ts';
import { fill } from './fill.ts';
import { DIFFERENCES_MAX, guard, jobGuard, LEFT_OUT, type RebuildJob, runningGuard } from './job.ts';

/**
 * Switches if every aggregate of the live colours stands at the same version in the rebuilt ones, and brings level what does
 * not. Once level a consumer's transactions keep them so: this comes to an end however much is written meanwhile.
 */
export async function switchOver(deps: RebuildDeps, job: RebuildJob, isOver: () => boolean): Promise<void> {
  if (job.reason !== null) return fail(deps, job, job.reason);
  const { targets } = await viewTargets(deps.database, job.views);
  const building = targets.filter(({ role }) => role === 'building');
  const exempt = job.differences.filter(({ kind }) => kind === 'ahead_of_log');
  if (job.differencesFound > DIFFERENCES_MAX && exempt.length > 0) {
    return fail(deps, job, 'too many differences to tell which aggregates are ahead of their logs');
  }
  try {
    await deps.database.batch([
      ...jobGuard(job),
      ...building.flatMap((target) => levelGuard(target, exempt)),
      ...building.flatMap((target) => switchStatements(target)),
      {
        sql: "UPDATE rebuilds SET phase = 'SWITCHED', ended_at = ?",
        parameters: [deps.now()],
      },
    ]);
  } catch (error) {
    if (!isPositionRace(error)) throw error;
    await bringLevel(deps, job, building, exempt, isOver);
  }
}

/** Ends a job that stands where it was read without a switch: the live colours stay, and nothing is written to the others any more. */
export async function fail(deps: RebuildDeps, job: RebuildJob, reason: string): Promise<void> {
  await deps.database.batch([...jobGuard(job), ...failStatements(deps, job, reason)]);
}

/**
 * Ends a job likewise, however far others bring it meanwhile: they then lose the race. Answers whether it did, for the job may have
 * come to its end by itself.
 */
export async function giveUp(deps: RebuildDeps, job: RebuildJob, reason: string): Promise<boolean> {
  try {
    await deps.database.batch([...runningGuard(job), ...failStatements(deps, job, reason)]);
    return true;
  } catch (error) {
    if (isPositionRace(error)) return false;
    throw error;
  }
}

function failStatements({ now }: RebuildDeps, job: RebuildJob, reason: string): Statement[] {
  return [
    {
      sql: 'UPDATE views SET building = 0, epoch = epoch + 1 WHERE view IN (SELECT value FROM json_each(?))',
      parameters: [JSON.stringify(job.views)],
    },
    {
      sql: "UPDATE rebuilds SET phase = 'FAILED', reason = ?, ended_at = ?",
      parameters: [reason, now()],
    },
  ];
}

/** The rows of both colours for which the rebuilt one is behind. */
function behindSql({ view, colour }: ViewTarget, exempt: readonly AggregateKey[]) {
  return {
    from:
      'FROM view_positions AS live LEFT JOIN view_positions AS own ON own.view = live.view AND own.colour = ?2 ' +
      'AND own.aggregate_type = live.aggregate_type AND own.aggregate_id = live.aggregate_id ' +
      'WHERE live.view = ?1 AND live.colour = ?3 AND coalesce(own.version, 0) < live.version ' +
      'AND (live.aggregate_type, live.aggregate_id) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?4))',
    parameters: [view, colour, otherColour(colour), keysJson(exempt)],
  };
}

function levelGuard(target: ViewTarget, exempt: readonly AggregateKey[]): Statement[] {
  const { from, parameters } = behindSql(target, exempt);
  return guard(`SELECT NOT EXISTS (SELECT 1 ${from})`, parameters);
}

function switchStatements({ view, colour }: ViewTarget): Statement[] {
  return [
    {
      sql: 'DELETE FROM view_positions WHERE view = ? AND colour = ? AND claim = ?',
      parameters: [view, colour, LEFT_OUT],
    },
    ...(view === 'journal' ? settleProvisional(colour) : []),
    {
      sql: 'UPDATE views SET live = ?2, building = 0, kept = 1, epoch = epoch + 1 WHERE view = ?1',
      parameters: [view, colour],
    },
  ];
}

/** Fills what is behind; what cannot be filled ends the job. */
async function bringLevel(
  deps: RebuildDeps,
  job: RebuildJob,
  building: readonly ViewTarget[],
  exempt: readonly AggregateKey[],
  isOver: () => boolean,
): Promise<void> {
  for (const target of building) {
    const { from, parameters } = behindSql(target, exempt);
    const rows = await deps.database.all<AggregateKey & { parkedVersion: number | null }>({
      sql:
        'SELECT live.aggregate_type AS aggregateType, live.aggregate_id AS aggregateId, ' +
        `own.parked_version AS parkedVersion ${from} LIMIT ${DIFFERENCES_MAX}`,
      parameters,
    });
    const keys = rows.filter((key) => takes(projectorOf(deps.projectors, target), key));
    const parked = keys.find(({ parkedVersion }) => parkedVersion !== null);
    if (parked !== undefined) {
      return fail(deps, job, `${target.view} cannot take event ${parked.parkedVersion} of ${keyOf(parked)}`);
    }
    const { aheadOfLog } = await fill(deps, job, keys, isOver);
    const [ahead] = aheadOfLog;
    if (ahead !== undefined)
      return fail(deps, job, `the live ${target.view} is ahead of the log of ${keyOf(ahead)}`);
    if (isOver()) return;
  }
}
