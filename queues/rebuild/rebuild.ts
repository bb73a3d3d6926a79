/**
 * Rebuilds views of one database from the logs, beside the live ones: clear the idle colour, fill it, verify it, switch. All
 * that it knows is in its row, so that it goes on after a crash at any point, in steps that take a second at most. No
 * Cloudflare import: the simulation can run it.
 */
import { type RebuildKind, VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import type { Statement } from '../kernel/database.ts';
import { isPositionRace } from '../kernel/errors.ts';
import { askInGroups } from '../kernel/pacing.ts';
import { otherColour, viewTargets } from '../kernel/positions.ts';
import { projectorOf } from '../kernel/projector.ts';
import { project } from '../kernel/runner.ts';
import { headOf, lagging } from '../kernel/sweep.ts';
import type { RebuildDeps } from './deps.ts';
import { fill } from './fill.ts';
import {
  BEGINNING,
  guard,
  hasEnded,
  type JobCursor,
  jobGuard,
  moveJob,
  type RebuildJob,
  readJob,
} from './job.ts';
import { giveUp, switchOver } from './switch.ts';
import { verifyNext } from './verify.ts';

/** Aggregates of a page while filling: their positions are read at once. */
const FILL_AGGREGATES_MAX = 250;

/** Transactions lost to another caller of the same rebuild, one after the other, before it is left to that one. */
const RACES_MAX = 20;

/** Why a rebuild does not begin. */
export const REBUILD_REFUSALS = ['rebuild_in_progress', 'nothing_kept'] as const;
export type RebuildRefusal = (typeof REBUILD_REFUSALS)[number];

/** What a rebuild is to be. `id` is the same in every database: one that has come to its end there does not begin anew. */
export interface RebuildOrder {
  readonly id: string;
  readonly kind: RebuildKind;
  readonly views: readonly ViewName[];
}

/** A refusal, or that there was none. */
export type Started =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RebuildRefusal; readonly detail: string };

/**
 * Begins in every database, or goes on with what some of them are at: a call may have been cut off between two of them.
 * Going back leaves out the databases where nothing was kept, if there are others: so another order may begin there in this very
 * moment. Then neither could go on, and the one of the earlier database does.
 */
export async function startEverywhere(
  parts: readonly RebuildDeps[],
  wanted: { readonly kind: RebuildKind; readonly views?: readonly ViewName[] | undefined },
): Promise<Started> {
  const jobs = await Promise.all(parts.map(({ database }) => readJob(database)));
  const running = jobs.find((job) => job !== undefined && !hasEnded(job));
  const views = VIEWS.filter((view) => (wanted.views ?? running?.views ?? VIEWS).includes(view));
  if (running !== undefined && !isSame(running, { ...wanted, views })) return inProgress(running);
  const id = running?.job ?? parts[0]?.newClaim() ?? '';
  let started: Started = { ok: true };
  let begun = 0;
  for (const deps of parts) {
    const order = { id, kind: wanted.kind, views };
    let here = await startRebuild(deps, order);
    if (!here.ok && here.code === 'rebuild_in_progress' && begun > 0) {
      await giveUpOther(deps, order);
      here = await startRebuild(deps, order);
    }
    if (here.ok) begun++;
    else if (here.code === 'nothing_kept') started = here;
    else return here;
  }
  return begun > 0 ? { ok: true } : started;
}

/** Ends what a database is at, if that is another order. Its row is that of this order next, so that only the log says what became of it. */
async function giveUpOther(deps: RebuildDeps, order: RebuildOrder): Promise<void> {
  const other = await readJob(deps.database);
  if (other === undefined || hasEnded(other) || isSame(other, order)) return;
  const reason = `${order.kind} of ${order.views.join(', ')} began elsewhere`;
  if (!(await giveUp(deps, other, reason))) return;
  const { job, kind, views } = other;
  deps.logger.log('warn', 'rebuild given up', { job, kind, views: views.join(), reason });
}

function isSame(a: Pick<RebuildOrder, 'kind' | 'views'>, b: Pick<RebuildOrder, 'kind' | 'views'>): boolean {
  return a.kind === b.kind && a.views.join() === b.views.join();
}

function inProgress({ kind, views }: RebuildJob): Started {
  return {
    ok: false,
    code: 'rebuild_in_progress',
    detail: `${kind === 'rebuild' ? 'A rebuild' : 'Going back'} of ${views.join(', ')} has not come to its end.`,
  };
}

/**
 * Begins a rebuild, or finds the same one going on. `revert` begins with what was live before the last switch as it stands,
 * and only brings it level.
 */
export async function startRebuild(deps: RebuildDeps, order: RebuildOrder): Promise<Started> {
  const running = await readJob(deps.database);
  if (running?.job === order.id) return { ok: true };
  // Two callers that began at once may have named it differently in different databases: it is the same rebuild.
  if (running !== undefined && !hasEnded(running))
    return isSame(running, order) ? { ok: true } : inProgress(running);
  const views = JSON.stringify(order.views);
  if (order.kind === 'revert') {
    const kept = await deps.database.all({
      sql: 'SELECT view FROM views WHERE kept = 1 AND view IN (SELECT value FROM json_each(?))',
      parameters: [views],
    });
    if (kept.length < order.views.length) {
      const detail = 'The colour that was live before has been cleared since, or there never was one.';
      return { ok: false, code: 'nothing_kept', detail };
    }
  }
  try {
    await deps.database.batch(startStatements(deps, order, views));
  } catch (error) {
    // Somebody else has begun one in this very moment: then that one is looked at.
    if (isPositionRace(error)) return startRebuild(deps, order);
    throw error;
  }
  return { ok: true };
}

function startStatements(deps: RebuildDeps, { id, kind }: RebuildOrder, views: string): Statement[] {
  const isRebuild = kind === 'rebuild';
  return [
    ...guard("SELECT count(*) = 0 FROM rebuilds WHERE phase NOT IN ('SWITCHED', 'FAILED')", []),
    {
      sql:
        'INSERT OR REPLACE INTO rebuilds (id, job, kind, views, phase, cursor, aggregates_done, events_applied, ' +
        "differences, differences_found, started_at) VALUES (1, ?, ?, ?, ?, ?, 0, 0, '[]', 0, ?)",
      parameters: [
        id,
        kind,
        views,
        isRebuild ? 'CLEARING' : 'APPLYING',
        JSON.stringify(BEGINNING),
        deps.now(),
      ],
    },
    // What is being cleared is nothing to go back to; what is gone back to takes part in what is new from here on.
    {
      sql:
        "INSERT INTO views (view, live, building, epoch, kept) SELECT value, 'blue', ?2, 1, 0 FROM json_each(?1) " +
        'WHERE true ON CONFLICT DO UPDATE SET building = ?2, kept = kept AND ?2, epoch = epoch + 1',
      parameters: [views, isRebuild ? 0 : 1],
    },
  ];
}

/**
 * Goes on with the rebuild of this database until it ends or `isOver`; answers how it then stands, undefined where there
 * never was one.
 */
export async function advanceRebuild(
  deps: RebuildDeps,
  isOver: () => boolean,
): Promise<RebuildJob | undefined> {
  let job = await readJob(deps.database);
  for (let races = 0; job !== undefined && !hasEnded(job) && !isOver() && races < RACES_MAX; ) {
    try {
      await step(deps, job, isOver);
      races = 0;
    } catch (error) {
      if (!isPositionRace(error)) throw error;
      races++;
    }
    job = await readJob(deps.database);
  }
  return job;
}

/** Ends the rebuild that is going on; the live views stay as they are. */
export async function cancelRebuild(deps: RebuildDeps): Promise<void> {
  const job = await readJob(deps.database);
  if (job !== undefined && !hasEnded(job)) await giveUp(deps, job, 'cancelled');
}

async function step(deps: RebuildDeps, job: RebuildJob, isOver: () => boolean): Promise<void> {
  switch (job.phase) {
    case 'CLEARING':
      return clearNext(deps, job);
    case 'APPLYING':
      return fillNext(deps, job, isOver);
    case 'VERIFYING':
      return verifyNext(deps, job, isOver);
    case 'SWITCHING':
      return switchOver(deps, job, isOver);
    case 'SWITCHED':
    case 'FAILED':
      return;
  }
}

/** Clears some rows of the idle colours, positions first: then no row of theirs is taken for applied. */
async function clearNext(deps: RebuildDeps, job: RebuildJob): Promise<void> {
  const { targets } = await viewTargets(deps.database, job.views);
  const tables = targets.flatMap(({ view, colour }) => {
    const idle = otherColour(colour);
    const { table } = projectorOf(deps.projectors, { view });
    return [
      clearable(
        'view_positions',
        POSITION_KEY,
        deps.portion(POSITION_ROWS),
        `view = '${view}' AND colour = '${idle}'`,
      ),
      clearable(table.name(idle), table.key, deps.portion(table.clearRows)),
    ];
  });
  const current = tables[job.cursor.done];
  if (current === undefined) {
    const views = JSON.stringify(job.views);
    await deps.database.batch([
      ...jobGuard(job),
      {
        sql: 'UPDATE views SET building = 1, epoch = epoch + 1 WHERE view IN (SELECT value FROM json_each(?))',
        parameters: [views],
      },
      moveJob(job, { phase: 'APPLYING', cursor: BEGINNING }),
    ]);
    return;
  }
  const next: JobCursor = { after: null, done: job.cursor.done + 1 };
  const move = moveJob(job, { cursor: next });
  await deps.database.batch([
    ...jobGuard(job),
    { sql: current.clear, parameters: [] },
    { sql: `${move.sql} WHERE NOT EXISTS (${current.rest})`, parameters: move.parameters },
  ]);
}

const POSITION_KEY = ['view', 'colour', 'aggregate_type', 'aggregate_id'];

/** Rows of positions removed in one transaction. */
const POSITION_ROWS = 20_000;

function clearable(table: string, key: readonly string[], rows: number, where = 'true') {
  const columns = key.join(', ');
  return {
    clear: `DELETE FROM ${table} WHERE (${columns}) IN (SELECT ${columns} FROM ${table} WHERE ${where} LIMIT ${rows})`,
    rest: `SELECT 1 FROM ${table} WHERE ${where}`,
  };
}

/** A page of the directory: the live views are brought up to the logs, and the building ones up to them. */
async function fillNext(deps: RebuildDeps, job: RebuildJob, isOver: () => boolean): Promise<void> {
  const { after, done, part = 0 } = job.cursor;
  const [aggregateType, aggregateId] = after ?? [];
  const start =
    aggregateType === undefined || aggregateId === undefined ? null : { aggregateType, aggregateId };
  const page = await deps.directory(part, start, FILL_AGGREGATES_MAX);
  const keys = page.filter((key) => deps.owns(key));
  const heads = await askInGroups(keys, (key) => headOf(deps, key));
  const behind = await lagging(deps, heads.flat());
  if (behind.length > 0) await project(deps, behind, isOver);
  const { isComplete } = isOver() ? { isComplete: false } : await fill(deps, job, keys, isOver);
  if (!isComplete) return;
  const last = page.at(-1);
  const isPartDone = last === undefined || page.length < FILL_AGGREGATES_MAX;
  const next: JobCursor = isPartDone
    ? { after: null, done: done + keys.length, part: part + 1 }
    : { after: [last.aggregateType, last.aggregateId], done: done + keys.length, part };
  const isDone = isPartDone && part + 1 >= deps.directoryParts;
  await deps.database.batch([
    ...jobGuard(job),
    moveJob(job, { cursor: next }),
    ...(isDone ? [moveJob(job, { phase: 'VERIFYING', cursor: BEGINNING })] : []),
  ]);
}
