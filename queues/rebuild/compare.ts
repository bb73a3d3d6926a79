/** The questions that a rebuilt colour is compared by, and what their answers mean. */
import { columnsOf } from '../../schemas/tables/columns.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import type { Statement } from '../kernel/database.ts';
import { askInGroups } from '../kernel/pacing.ts';
import {
  type AggregateKey,
  keyOf,
  positionKey,
  type ViewPosition,
  type ViewTarget,
} from '../kernel/positions.ts';
import {
  type AuditRow,
  type OwnerState,
  type RebuildableProjector,
  takes,
  type UnknownOwner,
} from '../kernel/projector.ts';
import { DIFFERENCES_MAX, type Difference } from './job.ts';

/** Versions of an aggregate to be verified: those after `from` up to `to`, and whether `to` is the last. */
export interface Slice {
  readonly key: AggregateKey;
  readonly from: number;
  readonly to: number;
  readonly isLast: boolean;
}

/** A view whose rebuilt colour is held against its live one. */
export interface Pair {
  readonly projector: RebuildableProjector;
  readonly live: ViewTarget;
  readonly building: ViewTarget;
}

/** A row that only one colour has. */
type DifferentRow = AggregateKey & { readonly version?: number };

/** Answers to {@link pairStatements}. */
export type PairRows = readonly [DifferentRow[], DifferentRow[], AuditRow[]];

/**
 * Rows only in the rebuilt colour, rows only in the live one, and rows for the audit of aggregates that end here. Undefined where
 * it would be about no aggregate: most views are made of few types, and of a long log most slices do not end.
 */
export function pairStatements(
  pair: Pair,
  slices: readonly Slice[],
  journal: Colour,
): readonly (Statement | undefined)[] {
  const { projector, live, building } = pair;
  const own = slices.filter(({ key }) => takes(projector, key));
  const ending = own.filter(({ isLast }) => isLast);
  // Rows of no version are compared once, at the end.
  const compared = projector.table.versionColumn === undefined ? ending : own;
  const keys = ending.map(({ key }) => key);
  return [
    missingStatement(projector, building, live, compared),
    missingStatement(projector, live, building, compared),
    keys.length === 0 ? undefined : projector.audit.statement(building.colour, keys, journal),
  ];
}

/** The rows that were asked for, taken from the answers to what was asked, in that order. */
export function pairRows(
  questions: readonly (Statement | undefined)[],
  answers: Iterator<unknown[]>,
): PairRows {
  return questions.map((question) => (question && answers.next().value) ?? []) as unknown as PairRows;
}

/** Rows of one colour that the other does not have just so: found by their keys, since sorting whole rows costs ten times as much. */
function missingStatement(
  { view, table, aggregateTypes = [] }: RebuildableProjector,
  one: ViewTarget,
  other: ViewTarget,
  slices: readonly Slice[],
): Statement | undefined {
  if (slices.length === 0) return undefined;
  const { idColumn, typeColumn, versionColumn, key } = table;
  const conditions = [`t.${idColumn} = slice.value ->> 1`];
  if (typeColumn !== undefined) conditions.push(`t.${typeColumn} = slice.value ->> 0`);
  if (versionColumn !== undefined) {
    conditions.push(`t.${versionColumn} > slice.value ->> 2 AND t.${versionColumn} <= slice.value ->> 3`);
  }
  const type = typeColumn === undefined ? `'${aggregateTypes[0]}'` : `t.${typeColumn}`;
  const version = versionColumn === undefined ? '' : `, t.${versionColumn} AS version`;
  const isSame = columnsOf(view).map(
    (column) => `o.${column} ${key.includes(column) ? '=' : 'IS'} t.${column}`,
  );
  return {
    sql:
      `SELECT ${type} AS aggregateType, t.${idColumn} AS aggregateId${version} FROM json_each(?1) AS slice ` +
      `CROSS JOIN ${table.name(one.colour)} AS t ON ${conditions.join(' AND ')} ` +
      `WHERE NOT EXISTS (SELECT 1 FROM ${table.name(other.colour)} AS o WHERE ${isSame.join(' AND ')}) ` +
      `LIMIT ${DIFFERENCES_MAX}`,
    parameters: [
      JSON.stringify(slices.map(({ key, from, to }) => [key.aggregateType, key.aggregateId, from, to])),
    ],
  };
}

/** Where the two colours of a view stand for an aggregate. */
export interface PairStanding {
  readonly slice: Slice;
  /** Version of the rebuilt colour, and the event that it could not take. */
  readonly version: number;
  readonly parkedVersion: number | null;
  readonly liveVersion: number;
}

/** Where the colours stand for each slice's aggregate that the view is made of. */
export function pairStandings(
  { projector, live, building }: Pair,
  slices: readonly Slice[],
  positions: ReadonlyMap<string, ViewPosition>,
): PairStanding[] {
  return slices
    .filter(({ key }) => takes(projector, key))
    .map((slice) => ({
      slice,
      version: 0,
      parkedVersion: null,
      ...positions.get(positionKey(building, slice.key)),
      liveVersion: positions.get(positionKey(live, slice.key))?.version ?? 0,
    }));
}

/** Rows that only one colour has, of aggregates for which both stand at one version. */
export function rowDifferences(
  { building: { view } }: Pair,
  standings: readonly PairStanding[],
  [onlyRebuilt, onlyLive]: PairRows,
): Difference[] {
  const level = new Set(
    standings
      .filter(({ version, liveVersion }) => version === liveVersion)
      .map(({ slice }) => keyOf(slice.key)),
  );
  const told = (rows: readonly DifferentRow[], kind: Difference['kind']) =>
    rows.filter((row) => level.has(keyOf(row))).map((row): Difference => ({ ...row, view, kind }));
  return [...told(onlyRebuilt, 'only_rebuilt'), ...told(onlyLive, 'only_live')];
}

/** Events that the rebuilt view could not take though the live one did, and rows that the owners contradict. */
export async function ownerDifferences(
  { projector, building: { view } }: Pair,
  standings: readonly PairStanding[],
  audit: readonly AuditRow[],
  ownerOf: (key: AggregateKey, version: number) => Promise<OwnerState | UnknownOwner | undefined>,
): Promise<Difference[]> {
  const ending = standings
    .filter(({ slice, version }) => slice.isLast && version > 0)
    .map(({ slice, version }) => ({ ...slice.key, version }));
  const owners = await askInGroups(ending, (one) => ownerOf(keyPart(one), one.version));
  const found = contradictions(projector, ending, audit, owners).map(
    (one): Difference => ({ ...one, view, kind: 'contradicts_owner' }),
  );
  const parked = standings.flatMap(({ slice, version, parkedVersion, liveVersion }): Difference[] =>
    slice.isLast && parkedVersion !== null && version < liveVersion
      ? [{ ...slice.key, view, kind: 'parked', version: parkedVersion }]
      : [],
  );
  return [...parked, ...found];
}

function keyPart({ aggregateType, aggregateId }: AggregateKey): AggregateKey {
  return { aggregateType, aggregateId };
}

/** An aggregate at the version at which a view has it. */
export type Shown = AggregateKey & { readonly version: number };

/** What the rows of a view say that the owners, as they were at the same versions, contradict. */
export function contradictions(
  projector: RebuildableProjector,
  shown: readonly Shown[],
  audit: readonly AuditRow[],
  owners: readonly (OwnerState | UnknownOwner | undefined)[],
): (Shown & { readonly detail: string })[] {
  // Of a view that is made of one type, each row is of that type.
  const rows = Map.groupBy(audit, ({ aggregateType = projector.aggregateTypes?.[0] ?? '', aggregateId }) =>
    keyOf({ aggregateType, aggregateId }),
  );
  return shown.flatMap((one, index) => {
    const own = rows.get(keyOf(one)) ?? [];
    const detail = faultOf(projector, own, owners[index], one.version);
    return detail === undefined ? [] : [{ ...one, detail }];
  });
}

function faultOf(
  { audit }: RebuildableProjector,
  rows: readonly AuditRow[],
  owner: OwnerState | UnknownOwner | undefined,
  version: number,
): string | undefined {
  if (owner === undefined) return 'its log does not go that far';
  if ('unknown' in owner) return `this release cannot say what it is (${owner.unknown})`;
  try {
    return audit.fault(rows, owner, version);
  } catch (error) {
    // What is stored need not be what a projector would store: such rows are wrong, and not merely beyond comparison.
    return `what its rows say cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}
