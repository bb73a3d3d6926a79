/**
 * Applies ranges of events to views: one transaction for everything, with the positions; where the data of one event breaks
 * it, halves until that event is found, and parks its aggregate in that view alone.
 */
import { errorFields } from '../../telemetry/logger.ts';
import type { Statement } from './database.ts';
import type { RunnerDeps } from './deps.ts';
import { isDataError, UnknownEvent } from './errors.ts';
import {
  type Advance,
  type AggregateKey,
  claimStatements,
  otherColour,
  parkStatement,
  positionKey,
  type Standing,
  type ViewTarget,
} from './positions.ts';
import { type ProjectedEvent, type Projector, projectorOf, takes } from './projector.ts';

/** Events of one aggregate in order, without a hole. */
export interface Range {
  readonly key: AggregateKey;
  readonly events: readonly ProjectedEvent[];
}

/** Positions that moved, and aggregates that were parked. */
export interface ApplyResult {
  applied: number;
  parked: number;
}

/** An event that a view cannot take. */
interface Poison {
  readonly target: ViewTarget;
  readonly event: ProjectedEvent;
  readonly error: unknown;
}

/** What one transaction does. */
interface Plan {
  readonly advances: Advance[];
  readonly poison: Poison[];
  readonly rows: Statement[];
}

/**
 * Moves every target by what the ranges have for it, and brings `standing` up to date. `riders` are statements that belong
 * to the same transaction; they run in each one where it has to be split.
 */
export async function applyRanges(
  deps: RunnerDeps,
  standing: Standing,
  ranges: readonly Range[],
  result: ApplyResult,
  riders: readonly Statement[] = [],
): Promise<void> {
  try {
    await commit(deps, standing, plan(deps, standing, ranges), result, riders);
  } catch (error) {
    if (!isDataError(error)) throw error;
    const parts = halves(standing, ranges);
    if (parts.length === 0) {
      // One event in one view: this is the one.
      const event = ranges[0]?.events[0] as ProjectedEvent;
      const [target] = standing.targets as [ViewTarget];
      await commit(
        deps,
        standing,
        { advances: [], rows: [], poison: [{ target, event, error }] },
        result,
        riders,
      );
    }
    for (const part of parts) {
      await applyRanges(deps, { ...standing, targets: part.targets }, part.ranges, result, riders);
    }
  }
}

/** The same work in two or more parts: by view, then by range, then by event, then by colour. Empty where it is one. */
function halves(
  { targets }: Standing,
  ranges: readonly Range[],
): { targets: readonly ViewTarget[]; ranges: readonly Range[] }[] {
  const views = [...new Set(targets.map(({ view }) => view))];
  if (views.length > 1) {
    return views.map((view) => ({ targets: targets.filter((target) => target.view === view), ranges }));
  }
  if (ranges.length > 1) return inTwo(ranges).map((half) => ({ targets, ranges: half }));
  const [range] = ranges;
  if (range !== undefined && range.events.length > 1) {
    return inTwo(range.events).map((events) => ({ targets, ranges: [{ key: range.key, events }] }));
  }
  return targets.length > 1 ? targets.map((target) => ({ targets: [target], ranges })) : [];
}

function inTwo<Item>(items: readonly Item[]): Item[][] {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
}

function plan(deps: RunnerDeps, standing: Standing, ranges: readonly Range[]): Plan {
  const whole: Plan = { advances: [], poison: [], rows: [] };
  /** Live moves of this transaction by position key. */
  const moves = new Map<string, Advance>();
  for (const target of standing.targets) {
    const projector = projectorOf(deps.projectors, target);
    const collector = projector.collector(target);
    for (const range of ranges) {
      if (!takes(projector, range.key)) continue;
      const advance = take(standing, target, range, moves, (event) => {
        try {
          requireKnown(deps, projector, event);
          collector.add(event);
          return true;
        } catch (error) {
          whole.poison.push({ target, event, error });
          return false;
        }
      });
      if (advance === undefined) continue;
      whole.advances.push(advance);
      if (target.role === 'live') moves.set(positionKey(target, range.key), advance);
    }
    whole.rows.push(...collector.statements());
  }
  return whole;
}

/** An event from newer code may be about anything that the view shows. The journal takes events as they are. */
function requireKnown(deps: RunnerDeps, { aggregateTypes }: Projector, event: ProjectedEvent): void {
  if (aggregateTypes !== undefined && !deps.knowsEvent(event)) throw new UnknownEvent(event);
}

/** Offers a target the events that it lacks, in order, up to the first that it cannot take; answers how far it moves. */
function take(
  standing: Standing,
  target: ViewTarget,
  { key, events }: Range,
  moves: ReadonlyMap<string, Advance>,
  add: (event: ProjectedEvent) => boolean,
): Advance | undefined {
  const position = standing.positions.get(positionKey(target, key));
  const from = position?.version ?? 0;
  if (position?.parkedVersion != null || from + 1 < (events[0]?.version ?? 0)) return undefined;
  const bounds = target.role === 'live' ? UNBOUNDED : boundsOf(standing, target, key, moves);
  // A building view that has not come as far as the live one is its rebuild's business.
  if (bounds === undefined || from < bounds.from) return undefined;
  let to = from;
  for (const event of events) {
    if (event.version <= from) continue;
    if (event.version > bounds.to || !add(event)) break;
    to = event.version;
  }
  return to > from ? { ...key, target, from, to } : undefined;
}

const UNBOUNDED = { from: 0, to: Number.POSITIVE_INFINITY };

/** What the live colour does in this transaction; while filling, up to where it stands. */
function boundsOf(
  { positions, isFilling }: Standing,
  building: ViewTarget,
  key: AggregateKey,
  moves: ReadonlyMap<string, Advance>,
): { from: number; to: number } | undefined {
  const live = positionKey({ ...building, colour: otherColour(building.colour) }, key);
  // Whoever is not filling has the events in other portions than the live one had: a journal's rows would end elsewhere.
  return isFilling ? { from: 0, to: positions.get(live)?.version ?? 0 } : moves.get(live);
}

async function commit(
  deps: RunnerDeps,
  standing: Standing,
  { advances, poison, rows }: Plan,
  result: ApplyResult,
  riders: readonly Statement[],
): Promise<void> {
  if (advances.length === 0 && poison.length === 0 && riders.length === 0) return;
  const claim = deps.newClaim();
  await deps.database.batch([
    ...claimStatements(claim, advances, standing.epoch),
    ...rows,
    ...poison.map((each) => parkStatement(each.target, each.event, parkedRow(deps, each, claim))),
    ...riders,
  ]);
  for (const { target, to, from, ...key } of advances) {
    standing.positions.set(positionKey(target, key), { version: to, parkedVersion: null });
    result.applied += to - from;
  }
  for (const { target, event, error } of poison) {
    const parkedVersion = event.version;
    standing.positions.set(positionKey(target, event), { version: parkedVersion - 1, parkedVersion });
    result.parked++;
    logPoison(deps, target, event, error);
  }
}

function parkedRow(deps: RunnerDeps, { event, error }: Poison, claim: string) {
  const reason = error instanceof Error ? error.message : String(error);
  return { version: event.version, reason, at: deps.now(), claim };
}

function logPoison(
  deps: RunnerDeps,
  { view, colour }: ViewTarget,
  event: ProjectedEvent,
  error: unknown,
): void {
  const { aggregateType, aggregateId, version, published } = event;
  deps.logger.log('error', 'event parked', {
    aggregateType,
    aggregateId,
    version,
    correlationId: published.metadata.correlationId,
    view,
    colour,
    ...errorFields(error),
  });
}
