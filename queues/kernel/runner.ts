/**
 * Applies queue messages to the views of one database. Duplicates are skipped by position, a hole is filled from the
 * owner's log, two racing consumers cannot both apply a range, and an event that a view cannot take parks its aggregate in
 * that view alone. No Cloudflare import: the simulation runs this very module.
 */
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import { upcast } from '../../schemas/upcasts.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Statement, ViewDatabase } from './database.ts';
import { isDataError, isPositionRace, Retryable } from './errors.ts';
import {
  type AggregateKey,
  claimStatements,
  keyOf,
  parkStatement,
  positionKey,
  readPositions,
  type ViewPosition,
  type ViewTarget,
  viewTargets,
} from './positions.ts';
import type { ProjectedEvent, Projector } from './projector.ts';

/** Events applied in one transaction: with about 600 bytes each, parameters stay well under the 2 MB of a value. */
export const APPLY_EVENTS_MAX = 1_000;

/** Lost races in a row before the batch is given back to the queue. */
const RACES_MAX = 5;

const RACE_RETRY_SECONDS = 1;

/** The world of the runner: one view database, and the logs that it reads where a message is missing. */
export interface RunnerDeps {
  readonly database: ViewDatabase;
  readonly projectors: readonly Projector[];
  readonly logger: Logger;
  /** Reads an owner's log: messages from a version on, at most about `limit` events. */
  readLog(key: AggregateKey, fromVersion: number, limit: number): Promise<EventsMessage[]>;
  /** A text unique to each batch. */
  newClaim(): string;
  /** Milliseconds since 1970, for the parked rows alone. */
  now(): number;
}

/** What one aggregate's views lack: events in order, without a hole, from after the view that is furthest behind. */
interface Range {
  readonly key: AggregateKey;
  readonly events: ProjectedEvent[];
}

/** Positions that moved, for logs and tests. */
export interface ProjectionResult {
  applied: number;
  skipped: number;
  repaired: number;
  parked: number;
}

/**
 * Brings every live view up to what the messages announce (and building ones that have caught up so far). Throws
 * {@link Retryable} where the database or an owner does not answer; whatever was applied by then stays applied.
 */
export async function project(
  deps: RunnerDeps,
  messages: readonly EventsMessage[],
): Promise<ProjectionResult> {
  const result: ProjectionResult = { applied: 0, skipped: 0, repaired: 0, parked: 0 };
  let open = mergeByAggregate(messages);
  for (let races = 0; open.length > 0; ) {
    try {
      open = await applyOnce(deps, open, result);
      races = 0;
    } catch (error) {
      if (!isPositionRace(error)) throw error;
      if (++races > RACES_MAX)
        throw new Retryable('lost every race for a position', { delaySeconds: RACE_RETRY_SECONDS });
    }
  }
  return result;
}

/** What is announced for an aggregate, with the events that came along. */
interface Announcement {
  readonly key: AggregateKey;
  readonly toVersion: number;
  readonly events: Map<number, PublishedEvent>;
}

function mergeByAggregate(messages: readonly EventsMessage[]): Announcement[] {
  const merged = new Map<
    string,
    { key: AggregateKey; toVersion: number; events: Map<number, PublishedEvent> }
  >();
  for (const message of messages) {
    const key = { aggregateType: message.aggregateType, aggregateId: message.aggregateId };
    const announcement = merged.get(keyOf(key)) ?? {
      key,
      toVersion: 0,
      events: new Map<number, PublishedEvent>(),
    };
    announcement.toVersion = Math.max(announcement.toVersion, message.toVersion);
    for (const event of message.events) announcement.events.set(event.version, event);
    merged.set(keyOf(key), announcement);
  }
  return [...merged.values()];
}

/** One transaction's worth; returns what is still open after it. */
async function applyOnce(
  deps: RunnerDeps,
  announcements: readonly Announcement[],
  result: ProjectionResult,
): Promise<Announcement[]> {
  const targets = await viewTargets(
    deps.database,
    deps.projectors.map((projector) => projector.view),
  );
  const positions = await readPositions(
    deps.database,
    targets,
    announcements.map(({ key }) => key),
  );
  const ranges: Range[] = [];
  const open: Announcement[] = [];
  let room = APPLY_EVENTS_MAX;
  for (const announcement of announcements) {
    const from = lowestPosition(deps, targets, positions, announcement);
    if (from >= announcement.toVersion) {
      result.skipped += announcement.events.size;
      continue;
    }
    const to = Math.min(announcement.toVersion, from + room);
    if (to < announcement.toVersion) open.push(announcement);
    if (to === from) continue;
    ranges.push(await fillRange(deps, announcement, from, to, result));
    room -= to - from;
  }
  if (ranges.length > 0) await applyOrIsolate(deps, targets, positions, ranges, result);
  return open;
}

/** Where the furthest behind of an aggregate's live views stands; a parked view waits and holds nobody back. */
function lowestPosition(
  deps: RunnerDeps,
  targets: readonly ViewTarget[],
  positions: ReadonlyMap<string, ViewPosition>,
  { key, toVersion }: Announcement,
): number {
  let lowest = toVersion;
  for (const target of targets) {
    const position = positions.get(positionKey(target, key));
    if (target.role !== 'live' || position?.parkedVersion != null || !takes(deps, target, key)) continue;
    lowest = Math.min(lowest, position?.version ?? 0);
  }
  return lowest;
}

function takes(deps: RunnerDeps, target: ViewTarget, key: AggregateKey): boolean {
  const { aggregateType } = projectorOf(deps, target);
  return aggregateType === undefined || aggregateType === key.aggregateType;
}

function projectorOf(deps: RunnerDeps, target: ViewTarget): Projector {
  const projector = deps.projectors.find((candidate) => candidate.view === target.view);
  if (projector === undefined) throw new Error(`no projector for view ${target.view}`);
  return projector;
}

/** The events after `from` up to `to`: from the messages, and from the owner's log where they have a hole. */
async function fillRange(
  deps: RunnerDeps,
  { key, events: carried }: Announcement,
  from: number,
  to: number,
  result: ProjectionResult,
): Promise<Range> {
  const events: ProjectedEvent[] = [];
  while (from + events.length < to) {
    const next = from + events.length + 1;
    const event = carried.get(next);
    if (event === undefined) result.repaired += await repair(deps, key, next, to - next + 1, carried);
    else events.push(projected(key, event));
  }
  return { key, events };
}

async function repair(
  deps: RunnerDeps,
  key: AggregateKey,
  fromVersion: number,
  limit: number,
  into: Map<number, PublishedEvent>,
): Promise<number> {
  const messages = await deps.readLog(key, fromVersion, limit);
  const events = messages.flatMap((message) => message.events);
  deps.logger.log('info', 'hole filled from the log', {
    ...key,
    version: fromVersion,
    events: events.length,
  });
  for (const event of events) into.set(event.version, event);
  if (!into.has(fromVersion)) {
    throw new Retryable(`the log of ${keyOf(key)} did not give version ${fromVersion}`, { delaySeconds: 5 });
  }
  return events.length;
}

function projected(key: AggregateKey, event: PublishedEvent): ProjectedEvent {
  return { ...event, ...key, current: undefined };
}

/** Applies all ranges in one transaction; where the data of one breaks it, each aggregate and view on its own. */
async function applyOrIsolate(
  deps: RunnerDeps,
  targets: readonly ViewTarget[],
  positions: ReadonlyMap<string, ViewPosition>,
  ranges: readonly Range[],
  result: ProjectionResult,
): Promise<void> {
  try {
    await apply(deps, targets, positions, ranges, result);
  } catch (error) {
    if (!isDataError(error)) throw error;
    for (const range of ranges) {
      for (const target of targets) await applyAlone(deps, target, positions, range, result);
    }
  }
}

/** One aggregate in one view, event by event: finds the one whose data the database refuses, and parks it. */
async function applyAlone(
  deps: RunnerDeps,
  target: ViewTarget,
  positions: ReadonlyMap<string, ViewPosition>,
  range: Range,
  result: ProjectionResult,
): Promise<void> {
  const moved = new Map(positions);
  for (const event of range.events) {
    try {
      await apply(deps, [target], moved, [{ key: range.key, events: [event] }], result);
      const position = moved.get(positionKey(target, range.key));
      if ((position?.version ?? 0) === event.version - 1 && position?.parkedVersion == null) {
        moved.set(positionKey(target, range.key), { version: event.version, parkedVersion: null });
      }
    } catch (error) {
      if (!isDataError(error)) throw error;
      await deps.database.batch([parking(deps, target, event, error, result)]);
      return;
    }
  }
}

async function apply(
  deps: RunnerDeps,
  targets: readonly ViewTarget[],
  positions: ReadonlyMap<string, ViewPosition>,
  ranges: readonly Range[],
  result: ProjectionResult,
): Promise<void> {
  const claim = deps.newClaim();
  const outcome: ProjectionResult = { applied: 0, skipped: 0, repaired: 0, parked: 0 };
  const statements = targets.flatMap((target) =>
    targetStatements(deps, target, positions, ranges, claim, outcome),
  );
  if (statements.length === 0) return;
  await deps.database.batch(statements);
  result.applied += outcome.applied;
  result.parked += outcome.parked;
}

/** Everything that one view does with the ranges, and the move of its positions. */
function targetStatements(
  deps: RunnerDeps,
  target: ViewTarget,
  positions: ReadonlyMap<string, ViewPosition>,
  ranges: readonly Range[],
  claim: string,
  result: ProjectionResult,
): Statement[] {
  const collector = projectorOf(deps, target).collector(target.colour);
  const advances = [];
  const parked: Statement[] = [];
  for (const { key, events } of ranges) {
    const position = positions.get(positionKey(target, key));
    if (position?.parkedVersion != null || !takes(deps, target, key)) continue;
    const from = position?.version ?? 0;
    // A building view that has not come this far is its rebuild's business: here it would only have a hole.
    if (from + 1 < (events[0] as ProjectedEvent).version) continue;
    let to = from;
    for (const event of events) {
      if (event.version <= from) continue;
      try {
        collector.add(withCurrent(event));
      } catch (error) {
        parked.push(parking(deps, target, event, error, result));
        break;
      }
      to = event.version;
    }
    if (to > from) advances.push({ ...key, from, to });
    result.applied += to - from;
  }
  const claims = advances.length === 0 ? [] : claimStatements(target, claim, advances);
  return [...claims, ...collector.statements(), ...parked];
}

function withCurrent(event: ProjectedEvent): ProjectedEvent {
  return { ...event, current: upcast(event.eventType, event.schemaVersion, event.data) };
}

function parking(
  deps: RunnerDeps,
  target: ViewTarget,
  event: ProjectedEvent,
  error: unknown,
  result: ProjectionResult,
): Statement {
  result.parked++;
  const { aggregateType, aggregateId, version, metadata } = event;
  const reason = error instanceof Error ? error.message : String(error);
  deps.logger.log('error', 'event parked', {
    aggregateType,
    aggregateId,
    version,
    correlationId: metadata.correlationId,
    view: target.view,
    ...errorFields(error),
  });
  return parkStatement(target, event, { version, reason, at: deps.now(), claim: deps.newClaim() });
}
