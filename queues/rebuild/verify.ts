/**
 * Holds a rebuilt colour against the live one, row by row, and against each aggregate's owner. Rows that differ from the
 * live ones are what one rebuilds for; a row that the owner contradicts forbids the switch.
 */
import type { Colour } from '../../schemas/tables/views.ts';
import type { Statement } from '../kernel/database.ts';
import {
  type AggregateKey,
  keyOf,
  keysJson,
  otherColour,
  type PositionRow,
  positionKey,
  positionsStatement,
  readPositions,
  type ViewPosition,
  type ViewTarget,
  viewTargets,
} from '../kernel/positions.ts';
import { projectorOf } from '../kernel/projector.ts';
import {
  ownerDifferences,
  type Pair,
  pairRows,
  pairStandings,
  pairStatements,
  rowDifferences,
  type Slice,
} from './compare.ts';
import type { RebuildDeps } from './deps.ts';
import { fill } from './fill.ts';
import {
  addDifferences,
  type Difference,
  type JobCursor,
  jobGuard,
  LEFT_OUT,
  moveJob,
  type RebuildJob,
} from './job.ts';
import { aggregatesAfter, cursorAfter } from './pages.ts';

/** Versions of one step: what it reads besides, positions and pages, is shared by so many. */
const VERIFY_VERSIONS_MAX = 10_000;

/** Versions compared in one transaction where nobody waits: some 20 ms, for which others wait for the database. */
const COMPARED_VERSIONS_MAX = 4_000;

/** Aggregates looked at in one transaction: each is a call to its owner. */
const VERIFY_AGGREGATES_MAX = 200;

/** One step: brings the next aggregates level, and verifies them. */
export async function verifyNext(deps: RebuildDeps, job: RebuildJob, isOver: () => boolean): Promise<void> {
  const { targets } = await viewTargets(deps.database, job.views);
  const live = targets.filter(({ role }) => role === 'live');
  const keys = await aggregatesAfter(deps.database, live, job.cursor, VERIFY_AGGREGATES_MAX);
  if (keys.length === 0) {
    await deps.database.batch([...jobGuard(job), moveJob(job, { phase: 'SWITCHING', cursor: job.cursor })]);
    return;
  }
  const own = keys.filter((key) => deps.owns(key));
  const { isComplete, aheadOfLog } = await fill(deps, job, own, isOver);
  if (!isComplete) return;
  const positions = await readPositions(deps.database, targets, own);
  const passed = slicesOf(job.cursor, keys, targets, positions);
  const slices = passed.slices.filter(({ key }) => own.includes(key));
  const foreign = passed.slices.map(({ key }) => key).filter((key) => !own.includes(key));
  const ahead = slices.filter(({ key, isLast }) => isLast && aheadOfLog.includes(key)).map(({ key }) => key);
  const found = await differencesIn(deps, pairsOf(deps, targets), slices, new Set(aheadOfLog));
  if (found === undefined) return;
  const [view] = job.views;
  if (view !== undefined)
    found.push(...ahead.map((key): Difference => ({ ...key, view, kind: 'ahead_of_log' })));
  await deps.database.batch([
    ...jobGuard(job),
    ...targets.filter(({ role }) => role === 'building').map((target) => leaveOut(target, foreign)),
    ...addDifferences(job, found, reasonToFail(job, found, foreign)),
    moveJob(job, { cursor: passed.cursor }),
  ]);
}

/**
 * Aggregates that belong to another database since databases were added or removed: the new colour has none of their rows,
 * and until the switch a position that counts as level.
 */
function leaveOut({ view, colour }: ViewTarget, foreign: readonly AggregateKey[]): Statement {
  return {
    sql:
      'INSERT INTO view_positions (view, colour, aggregate_type, aggregate_id, version, previous, claim) ' +
      'SELECT live.view, ?3, live.aggregate_type, live.aggregate_id, live.version, live.version, ?4 ' +
      'FROM json_each(?1) AS sought CROSS JOIN view_positions AS live ON live.view = ?2 AND live.colour = ?5 ' +
      'AND live.aggregate_type = sought.value ->> 0 AND live.aggregate_id = sought.value ->> 1 ' +
      'WHERE true ON CONFLICT DO NOTHING',
    parameters: [keysJson(foreign), view, colour, LEFT_OUT, otherColour(colour)],
  };
}

/** Why these differences forbid the switch. Whoever goes back to what was live before has seen what it says. */
function reasonToFail(
  { kind }: RebuildJob,
  found: readonly Difference[],
  foreign: readonly AggregateKey[],
): string | null {
  if (kind === 'revert' && foreign.length > 0) return 'databases were added or removed since';
  const wrong = found.find(
    (difference) =>
      difference.kind === 'parked' || (difference.kind === 'contradicts_owner' && kind === 'rebuild'),
  );
  if (wrong === undefined) return null;
  if (wrong.kind === 'parked') return `${wrong.view} cannot take event ${wrong.version} of ${keyOf(wrong)}`;
  return `${wrong.view} of ${keyOf(wrong)} contradicts its owner: ${wrong.detail}`;
}

/** As many aggregates as fit, the last one perhaps in part, and where the next step begins. */
function slicesOf(
  cursor: JobCursor,
  keys: readonly AggregateKey[],
  targets: readonly ViewTarget[],
  positions: ReadonlyMap<string, ViewPosition>,
): { slices: Slice[]; cursor: JobCursor } {
  const slices: Slice[] = [];
  let room = VERIFY_VERSIONS_MAX;
  for (const key of keys) {
    if (room <= 0) break;
    const { within } = cursor;
    const from = within !== undefined && keyOf(within) === keyOf(key) ? within.version : 0;
    const versions = targets.map((target) => positions.get(positionKey(target, key))?.version ?? 0);
    const version = Math.max(...versions);
    const to = Math.min(version, from + room);
    slices.push({ key, from, to, isLast: to >= version });
    room -= to - from;
  }
  const whole = slices.filter(({ isLast }) => isLast).map(({ key }) => key);
  const after = cursorAfter(cursor, whole);
  const last = slices.at(-1);
  if (last === undefined || last.isLast) return { slices, cursor: after };
  return { slices, cursor: { ...after, within: { ...last.key, version: last.to } } };
}

function pairsOf(deps: RebuildDeps, targets: readonly ViewTarget[]): Pair[] {
  return targets
    .filter(({ role }) => role === 'building')
    .map((building) => ({
      projector: projectorOf(deps.projectors, building),
      live: { ...building, colour: otherColour(building.colour), role: 'live' },
      building,
    }));
}

/** Everything that is not as it should be in some slices; undefined where a colour got behind meanwhile. */
async function differencesIn(
  deps: RebuildDeps,
  pairs: readonly Pair[],
  slices: readonly Slice[],
  aheadOfLog: ReadonlySet<AggregateKey>,
): Promise<Difference[] | undefined> {
  const targets = pairs.flatMap(({ live, building }) => [live, building]);
  const journal = await journalColour(deps, targets);
  const found: Difference[] = [];
  for (let rest = slices; rest.length > 0; ) {
    const [compared, left] = cutAfter(rest, deps.portion(COMPARED_VERSIONS_MAX));
    const here = await differencesOf(deps, { pairs, targets, journal }, compared, aheadOfLog);
    if (here === undefined) return undefined;
    found.push(...here);
    rest = left;
  }
  return found;
}

/** The slices of the first so many versions, and what is left of them. */
function cutAfter(slices: readonly Slice[], versions: number): [first: Slice[], left: Slice[]] {
  const first: Slice[] = [];
  let room = versions;
  for (const [index, slice] of slices.entries()) {
    const to = Math.min(slice.to, slice.from + room);
    room -= to - slice.from;
    first.push({ ...slice, to, isLast: slice.isLast && to === slice.to });
    const following = slices.slice(index + 1);
    if (to < slice.to) return [first, [{ ...slice, from: to }, ...following]];
    if (room === 0) return [first, following];
  }
  return [first, []];
}

/** The same of slices that are looked at in one transaction: what the rows say belongs to the positions beside them. */
async function differencesOf(
  deps: RebuildDeps,
  { pairs, targets, journal }: { pairs: readonly Pair[]; targets: readonly ViewTarget[]; journal: Colour },
  slices: readonly Slice[],
  aheadOfLog: ReadonlySet<AggregateKey>,
): Promise<Difference[] | undefined> {
  const keys = slices.map(({ key }) => key);
  const questions = pairs.map((pair) => pairStatements(pair, slices, journal));
  const [positionRows, ...answered] = await deps.database.batch([
    positionsStatement(targets, keys),
    ...questions.flat().filter((question) => question !== undefined),
  ]);
  const answers = answered.values();
  const positions = new Map((positionRows as PositionRow[]).map((row) => [row.key, row]));
  const ownerOf = rememberingOwners(deps);
  const found: Difference[] = [];
  for (const [index, pair] of pairs.entries()) {
    const rows = pairRows(questions[index] ?? [], answers);
    const standings = pairStandings(pair, slices, positions);
    const isBehind = standings.some(
      ({ slice, version, liveVersion, parkedVersion }) =>
        version < liveVersion && parkedVersion === null && !aheadOfLog.has(slice.key),
    );
    if (isBehind) return undefined;
    found.push(...rowDifferences(pair, standings, rows));
    found.push(...(await ownerDifferences(pair, standings, rows[2], ownerOf)));
  }
  return found;
}

/** The journal that is at the versions of what is being verified. */
async function journalColour(deps: RebuildDeps, targets: readonly ViewTarget[]) {
  const own = targets.find(({ view, role }) => view === 'journal' && role === 'building');
  const journal = own ?? (await viewTargets(deps.database, ['journal'])).targets[0];
  return journal?.colour ?? 'blue';
}

/** Asks each owner once for a version, whatever the number of views. */
function rememberingOwners(deps: RebuildDeps) {
  const asked = new Map<string, ReturnType<RebuildDeps['owner']>>();
  return (key: AggregateKey, version: number) => {
    const name = `${keyOf(key)}@${version}`;
    const owner = asked.get(name) ?? deps.owner(key, version);
    asked.set(name, owner);
    return owner;
  };
}
