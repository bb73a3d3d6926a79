/** Where each view stands for each aggregate, and the claim that moves it. */
import type { Colour, ViewName } from '../../schemas/tables/views.ts';
import type { Statement, ViewDatabase } from './database.ts';

export interface AggregateKey {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** How far a view has applied an aggregate; `parkedVersion` is the event that it could not apply, if any. */
export interface ViewPosition {
  readonly version: number;
  readonly parkedVersion: number | null;
}

/** Where a view stands of which there is no position. */
export const NOWHERE: ViewPosition = { version: 0, parkedVersion: null };

/** A view in one of its colours: what positions are kept for. */
export interface ViewTarget {
  readonly view: ViewName;
  readonly colour: Colour;
  readonly role: 'live' | 'building';
}

/** The colours to apply to, and the epoch in which they were: a transaction of a later epoch must not rely on them. */
export interface ViewTargets {
  readonly targets: readonly ViewTarget[];
  readonly epoch: number;
}

/**
 * What views are applied to and where they stand. A building colour never gets ahead of the live one: `positions` must have
 * the live one's too.
 */
export interface Standing extends ViewTargets {
  readonly positions: Map<string, ViewPosition>;
  /** Whether building colours are brought up to where the live ones stand; else they only move together with those. */
  readonly isFilling: boolean;
}

/** One aggregate's move in one view, from the version it stands at. */
export interface Advance extends AggregateKey {
  readonly target: ViewTarget;
  readonly from: number;
  readonly to: number;
}

/** An aggregate as the key of a map. */
export function keyOf({ aggregateType, aggregateId }: AggregateKey): string {
  return `${aggregateType}/${aggregateId}`;
}

/** The colour that a view does not have just now. */
export function otherColour(colour: Colour): Colour {
  return colour === 'blue' ? 'green' : 'blue';
}

/** The live colour of every view, directly followed by the other one where it is being built. */
export async function viewTargets(database: ViewDatabase, names: readonly ViewName[]): Promise<ViewTargets> {
  return targetsOf(await database.all<ViewRow>(VIEW_ROWS), names);
}

/** The same, and the positions of some aggregates in these colours, by {@link positionKey}. Absent means version 0. */
export async function readStandings(
  database: ViewDatabase,
  names: readonly ViewName[],
  keys: readonly AggregateKey[],
): Promise<ViewTargets & { readonly positions: Map<string, ViewPosition> }> {
  const [views, positions] = await database.batch([VIEW_ROWS, standingsStatement(names, keys)]);
  return {
    ...targetsOf(views as ViewRow[], names),
    positions: new Map((positions as PositionRow[]).map((row) => [row.key, row])),
  };
}

interface ViewRow {
  readonly view: ViewName;
  readonly live: Colour;
  readonly building: number;
  readonly epoch: number;
}

const VIEW_ROWS: Statement = { sql: 'SELECT view, live, building, epoch FROM views', parameters: [] };

function targetsOf(rows: readonly ViewRow[], names: readonly ViewName[]): ViewTargets {
  const targets = names.flatMap((view): ViewTarget[] => {
    const row = rows.find((candidate) => candidate.view === view);
    const colour = row?.live ?? 'blue';
    const live: ViewTarget = { view, colour, role: 'live' };
    if (!row?.building) return [live];
    return [live, { view, colour: otherColour(colour), role: 'building' }];
  });
  return { targets, epoch: rows.reduce((sum, row) => sum + row.epoch, 0) };
}

/** A row of {@link positionsStatement}. */
export interface PositionRow extends ViewPosition {
  readonly key: string;
}

const POSITION_COLUMNS =
  "p.view || '/' || p.colour || '/' || p.aggregate_type || '/' || p.aggregate_id AS key, p.version, " +
  'p.parked_version AS parkedVersion';

/** Asks for the positions of some aggregates in the colours that {@link viewTargets} answers. */
function standingsStatement(names: readonly ViewName[], keys: readonly AggregateKey[]): Statement {
  return {
    sql:
      "WITH target AS (SELECT name.value AS view, coalesce(v.live, 'blue') AS colour FROM json_each(?2) AS name " +
      'LEFT JOIN views AS v ON v.view = name.value UNION ALL ' +
      "SELECT v.view, iif(v.live = 'blue', 'green', 'blue') FROM json_each(?2) AS name JOIN views AS v " +
      'ON v.view = name.value WHERE v.building) ' +
      `SELECT ${POSITION_COLUMNS} FROM json_each(?1) AS sought CROSS JOIN target ` +
      'CROSS JOIN view_positions AS p ON p.view = target.view AND p.colour = target.colour ' +
      'AND p.aggregate_type = sought.value ->> 0 AND p.aggregate_id = sought.value ->> 1',
    parameters: [keysJson(keys), JSON.stringify(names)],
  };
}

/** Asks for the positions of some aggregates in some views. */
export function positionsStatement(targets: readonly ViewTarget[], keys: readonly AggregateKey[]): Statement {
  return {
    sql:
      `SELECT ${POSITION_COLUMNS} FROM json_each(?1) AS sought CROSS JOIN json_each(?2) AS target ` +
      'CROSS JOIN view_positions AS p ON p.view = target.value ->> 0 AND p.colour = target.value ->> 1 ' +
      'AND p.aggregate_type = sought.value ->> 0 AND p.aggregate_id = sought.value ->> 1',
    parameters: [keysJson(keys), JSON.stringify(targets.map(({ view, colour }) => [view, colour]))],
  };
}

/** The positions of some aggregates in some views, by {@link positionKey}. Absent means version 0. */
export async function readPositions(
  database: ViewDatabase,
  targets: readonly ViewTarget[],
  keys: readonly AggregateKey[],
): Promise<Map<string, ViewPosition>> {
  const rows = await database.all<PositionRow>(positionsStatement(targets, keys));
  return new Map(rows.map((row) => [row.key, row]));
}

/** Aggregates as a JSON parameter: an array of type and id each. */
export function keysJson(keys: readonly AggregateKey[]): string {
  return JSON.stringify(keys.map(({ aggregateType, aggregateId }) => [aggregateType, aggregateId]));
}

/** A view's position for an aggregate as the key of a map. */
export function positionKey(target: ViewTarget, key: AggregateKey): string {
  return `${target.view}/${target.colour}/${keyOf(key)}`;
}

/**
 * Moves positions, and aborts the transaction if any of them no longer stands where it was read (or is gone, as after the database
 * was put back to an earlier time), or if a view has been switched or a rebuild started since. `claim` is unique to the batch: it tells this move from one of another consumer to
 * the same version.
 */
export function claimStatements(claim: string, advances: readonly Advance[], epoch: number): Statement[] {
  const rows = JSON.stringify(
    advances.map(({ target, aggregateType, aggregateId, from, to }) => [
      target.view,
      target.colour,
      aggregateType,
      aggregateId,
      to,
      from,
    ]),
  );
  return [
    {
      sql:
        'INSERT INTO view_positions (view, colour, aggregate_type, aggregate_id, version, previous, claim) ' +
        'SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, ?2 FROM jsonb_each(?1) ' +
        'WHERE value ->> 5 = 0 OR EXISTS (SELECT 1 FROM view_positions AS p WHERE p.view = value ->> 0 ' +
        'AND p.colour = value ->> 1 AND p.aggregate_type = value ->> 2 AND p.aggregate_id = value ->> 3) ON CONFLICT DO UPDATE SET version = excluded.version, previous = excluded.previous, ' +
        'claim = excluded.claim WHERE view_positions.version = excluded.previous AND parked_version IS NULL',
      parameters: [rows, claim],
    },
    {
      sql:
        'INSERT INTO position_guard SELECT ?3 = (SELECT count(*) FROM jsonb_each(?1) AS moved JOIN view_positions AS p ' +
        'ON p.view = moved.value ->> 0 AND p.colour = moved.value ->> 1 AND p.aggregate_type = moved.value ->> 2 ' +
        'AND p.aggregate_id = moved.value ->> 3 WHERE p.claim = ?2) ' +
        'AND ?4 = (SELECT coalesce(sum(epoch), 0) FROM views)',
      parameters: [rows, claim, advances.length, epoch],
    },
    { sql: 'DELETE FROM position_guard', parameters: [] },
  ];
}

/** Parks an aggregate in a view before the event that failed. Never moves a position that another consumer has moved. */
export function parkStatement(
  target: ViewTarget,
  key: AggregateKey,
  parked: { readonly version: number; readonly reason: string; readonly at: number; readonly claim: string },
): Statement {
  return {
    sql:
      'INSERT INTO view_positions (view, colour, aggregate_type, aggregate_id, version, previous, claim, ' +
      'parked_version, parked_reason, parked_at) VALUES (?1, ?2, ?3, ?4, ?5 - 1, ?5 - 1, ?6, ?5, ?7, ?8) ' +
      'ON CONFLICT DO UPDATE SET parked_version = excluded.parked_version, parked_reason = excluded.parked_reason, ' +
      'parked_at = excluded.parked_at WHERE view_positions.version = excluded.version',
    parameters: [
      target.view,
      target.colour,
      key.aggregateType,
      key.aggregateId,
      parked.version,
      parked.claim,
      parked.reason,
      parked.at,
    ],
  };
}

/**
 * Lets a parked aggregate go on in a view, once whatever was wrong with the event or the projector is mended. The event is
 * tried again and nothing was skipped; the next message or the sweeper brings it.
 */
export function resumeStatement(target: Pick<ViewTarget, 'view' | 'colour'>, key: AggregateKey): Statement {
  return {
    sql:
      'UPDATE view_positions SET parked_version = NULL, parked_reason = NULL, parked_at = NULL ' +
      'WHERE view = ?1 AND colour = ?2 AND aggregate_type = ?3 AND aggregate_id = ?4',
    parameters: [target.view, target.colour, key.aggregateType, key.aggregateId],
  };
}
