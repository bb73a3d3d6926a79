/**
 * Logs held against views. Each view is compared at the version at which it stands: its rows with its owner's own state of
 * then, so that a view that is merely late differs in nothing. Late it may be for so long, and no longer.
 */
import type { OpenFinding } from '../../schemas/reconciliation.ts';
import type { Statement } from '../kernel/database.ts';
import type { RunnerDeps } from '../kernel/deps.ts';
import {
  type AggregateKey,
  keyOf,
  NOWHERE,
  type PositionRow,
  positionKey,
  positionsStatement,
  type ViewPosition,
  type ViewTarget,
  viewTargets,
} from '../kernel/positions.ts';
import {
  type AuditRow,
  type OwnerState,
  projectorOf,
  type RebuildableProjector,
  takes,
} from '../kernel/projector.ts';
import { contradictions, type Shown } from '../rebuild/compare.ts';
import { bringUp, clear } from './remake.ts';
import { aheadStatement } from './rowOwners.ts';
import type { Untold } from './untold.ts';
import { answered, type Check, isLog, itself, LATE_MS, type Verdict } from './verdict.ts';

/** The world of the check, for one view database. */
export interface ViewCheckDeps extends RunnerDeps {
  readonly untold: Untold;
  readonly projectors: readonly RebuildableProjector[];
  /** Version of an aggregate's newest event. */
  head(key: AggregateKey): Promise<number>;
  /** The owner's own state at a version; undefined where its log does not go that far. */
  owner(key: AggregateKey, version: number): Promise<OwnerState | undefined>;
  /** When an event was recorded, milliseconds since 1970. */
  recordedAt(key: AggregateKey, version: number): Promise<number>;
  /** Makes a whole view anew, for a while; false where there is more to do, or something else is being made anew first. */
  rebuild(view: string): Promise<boolean>;
  /** Goes on for a while with whatever rebuild or going back has not come to its end: whoever began it may never come by again. */
  bringOn(): Promise<void>;
}

/** The check over the aggregates of one database. */
export function viewCheck(deps: ViewCheckDeps): Check {
  return {
    name: 'view',
    takes: isLog,
    judge: (keys) => judge(deps, keys),
    repair: async (finding, isOver) => repair(deps, finding, isOver),
  };
}

/** What is wrong with rows that no event has made, as far as their view knows. */
const AHEAD = 'shows more than the events that it has taken';

/** Whether a fault is that events are lacking, and not that what is there is wrong. */
interface ViewVerdict extends Verdict {
  readonly isLate: boolean;
}

/** An aggregate, how far its log goes, and what its owner said of the versions that it was asked for. */
interface Logged {
  readonly key: AggregateKey;
  readonly head: number;
}

async function judge(deps: ViewCheckDeps, keys: readonly AggregateKey[]): Promise<ViewVerdict[]> {
  const logged = await answered(
    deps.untold,
    keys,
    itself,
    async (key): Promise<Logged> => ({
      key,
      head: await deps.head(key),
    }),
  );
  const { targets: all, epoch } = await viewTargets(
    deps.database,
    deps.projectors.map(({ view }) => view),
  );
  const targets = all.filter(({ role }) => role === 'live');
  const journal = targets.find(({ view }) => view === 'journal')?.colour ?? 'blue';
  const known = logged.map(({ key }) => key);
  const statements = targets.flatMap((target): Statement[] => {
    const projector = projectorOf(deps.projectors, target);
    const own = known.filter((key) => takes(projector, key));
    return [projector.audit.statement(target.colour, own, journal), aheadStatement(projector, target, own)];
  });
  // One transaction: what the rows say belongs to the positions beside them.
  const [positionRows, epochRows, ...results] = await deps.database.batch([
    positionsStatement(targets, known),
    { sql: 'SELECT coalesce(sum(epoch), 0) AS epoch FROM views', parameters: [] },
    ...statements,
  ]);
  // A view was switched, or a rebuild began: what was read may be of a colour that is being cleared.
  if ((epochRows as { epoch: number }[])[0]?.epoch !== epoch) {
    deps.untold.add(known);
    return [];
  }
  const positions = new Map((positionRows as PositionRow[]).map((row) => [row.key, row]));
  const owners = rememberingOwners(deps);
  const judged = await answered(
    deps.untold,
    logged,
    ({ key }) => key,
    (one) => judgeOne(deps, one, { targets, positions, ...rowsOf(results), owners }),
  );
  return judged.flat();
}

/** The results of the audits, and those of whom a view is ahead, which alternate. */
function rowsOf(results: readonly unknown[][]): Pick<Read, 'rows' | 'ahead'> {
  const [even, odd] = [0, 1].map((rest) => results.filter((_, index) => index % 2 === rest));
  const ahead = (odd as AggregateKey[][]).map((keys) => new Set(keys.map(keyOf)));
  return { rows: even as AuditRow[][], ahead };
}

/** What was read of all views in one transaction, and whom to ask about it. */
interface Read {
  readonly targets: readonly ViewTarget[];
  readonly positions: ReadonlyMap<string, ViewPosition>;
  /** Rows of the audits, by target. */
  readonly rows: readonly AuditRow[][];
  /** Aggregates that a view shows more of than the events that it has taken, by target. */
  readonly ahead: readonly ReadonlySet<string>[];
  owners(key: AggregateKey, version: number): Promise<OwnerState | undefined>;
}

async function judgeOne(
  deps: ViewCheckDeps,
  { key, head }: Logged,
  { targets, positions, rows, ahead, owners }: Read,
): Promise<ViewVerdict[]> {
  const verdicts: ViewVerdict[] = [];
  for (const [index, target] of targets.entries()) {
    const projector = projectorOf(deps.projectors, target);
    if (!takes(projector, key)) continue;
    const { version, parkedVersion } = positions.get(positionKey(target, key)) ?? NOWHERE;
    const isAhead = ahead[index]?.has(keyOf(key)) === true;
    // What is parked is told of elsewhere.
    if (parkedVersion !== null && !isAhead) continue;
    const shown: Shown = { ...key, version };
    const own = (rows[index] ?? []).filter(
      ({ aggregateId, aggregateType }) =>
        aggregateId === key.aggregateId && (aggregateType ?? key.aggregateType) === key.aggregateType,
    );
    const owner = version === 0 ? undefined : await owners(key, version);
    const [contradiction] = version === 0 ? [] : contradictions(projector, [shown], own, [owner]);
    const wrong = isAhead ? AHEAD : contradiction?.detail;
    const fault = wrong ?? (await lateness(deps, key, version, head));
    verdicts.push({ ...key, check: 'view', where: target.view, fault, isLate: wrong === undefined });
  }
  return verdicts;
}

async function lateness(
  deps: ViewCheckDeps,
  key: AggregateKey,
  version: number,
  head: number,
): Promise<string | undefined> {
  if (version >= head) return undefined;
  const since = await deps.recordedAt(key, version + 1);
  if (deps.now() - since < LATE_MS) return undefined;
  return `stands at version ${version} of ${head}, and was not told of the next one in an hour`;
}

/** Asks each owner once for a version, whatever the number of views. */
function rememberingOwners(deps: ViewCheckDeps): Read['owners'] {
  const asked = new Map<string, Promise<OwnerState | undefined>>();
  return (key, version) => {
    const name = `${keyOf(key)}@${version}`;
    const owner = asked.get(name) ?? deps.owner(key, version);
    asked.set(name, owner);
    return owner;
  };
}

/**
 * Rows that are wrong are removed and made anew; else the view is only brought up, which is also how a call goes on where the
 * one before was not done.
 */
async function repair(deps: ViewCheckDeps, finding: OpenFinding, isOver: () => boolean): Promise<boolean> {
  const projector = deps.projectors.find(({ view }) => view === finding.where);
  if (projector === undefined) return true;
  const { aggregateType, aggregateId } = finding;
  const key = { aggregateType, aggregateId };
  const verdict = (await judge(deps, [key])).find(({ where }) => where === finding.where);
  if (verdict?.fault !== undefined && !verdict.isLate) {
    if (projector.table.isOneSequence === true) return deps.rebuild(projector.view);
    if (!(await clear(deps, projector, key))) {
      await deps.bringOn();
      return false;
    }
  }
  const head = await deps.head(key);
  return head === 0 || bringUp(deps, projector, { key, head }, isOver);
}
