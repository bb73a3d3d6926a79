/**
 * Whose rows the live views of a database have. Who is among them and has no log is shown to readers and counted in sums, and no look at
 * the aggregates that there are comes by.
 */
import type { Colour } from '../../schemas/tables/views.ts';
import type { Statement, ViewDatabase } from '../kernel/database.ts';
import { type AggregateKey, keyOf, keysJson, type ViewTarget, viewTargets } from '../kernel/positions.ts';
import { projectorOf, type RebuildableProjector, type ViewTable } from '../kernel/projector.ts';

/** The next aggregates after one that any view has rows of, by id and then by type; fewer than `limit` at the end. */
export async function rowOwners(
  database: ViewDatabase,
  projectors: readonly RebuildableProjector[],
  after: AggregateKey | null,
  limit: number,
): Promise<AggregateKey[]> {
  const { targets } = await viewTargets(
    database,
    projectors.map(({ view }) => view),
  );
  const place = after ?? { aggregateType: '', aggregateId: '' };
  const statements = targets
    .filter(({ role }) => role === 'live')
    .flatMap((target) => ownersStatements(projectorOf(projectors, target), target.colour, place, limit));
  return inOrder((await database.batch(statements)).flat() as AggregateKey[], limit);
}

/** The first of some aggregates, each once, by id and then by type. */
export function inOrder(keys: readonly AggregateKey[], limit: number): AggregateKey[] {
  const distinct = new Map(keys.map((key) => [keyOf(key), key]));
  return [...distinct.values()].sort((one, other) => (isAfter(one, other) ? 1 : -1)).slice(0, limit);
}

/** As SQLite orders texts; types and ids are ASCII. */
function isAfter(one: AggregateKey, other: AggregateKey): boolean {
  if (one.aggregateId !== other.aggregateId) return one.aggregateId > other.aggregateId;
  return one.aggregateType > other.aggregateType;
}

/** Each goes from aggregate to aggregate along an index: how many rows one has does not matter. */
function ownersStatements(
  { table, aggregateTypes = [] }: RebuildableProjector,
  colour: Colour,
  place: AggregateKey,
  limit: number,
): Statement[] {
  if (table.isOneSequence === true) return [sequenceStatement(table, colour, place, limit)];
  return aggregateTypes.map((type) => {
    const ofType = table.typeColumn === undefined ? '' : ` AND ${table.typeColumn} = ?1`;
    const comparison = type > place.aggregateType ? '>=' : '>';
    const next = (operator: string, id: string) =>
      `(SELECT min(${table.idColumn}) FROM ${table.name(colour)} WHERE ${table.idColumn} ${operator} ${id}${ofType})`;
    return {
      sql:
        `WITH RECURSIVE owners(id, number) AS (SELECT ${next(comparison, '?2')}, 1 UNION ALL ` +
        `SELECT ${next('>', 'owners.id')}, number + 1 FROM owners WHERE id IS NOT NULL AND number < ?3) ` +
        'SELECT ?1 AS aggregateType, id AS aggregateId FROM owners WHERE id IS NOT NULL',
      parameters: [type, place.aggregateId, limit],
    };
  });
}

/** The same of a view of all types, whose index has the id before the type. */
function sequenceStatement(
  { name, idColumn, typeColumn }: ViewTable,
  colour: Colour,
  { aggregateType, aggregateId }: AggregateKey,
  limit: number,
): Statement {
  const columns = `${idColumn}, ${typeColumn}`;
  const next = (id: string, type: string) =>
    `(SELECT json_array(${columns}) FROM ${name(colour)} WHERE (${columns}) > (${id}, ${type}) ORDER BY ${columns} LIMIT 1)`;
  return {
    sql:
      `WITH RECURSIVE owners(owner, number) AS (SELECT ${next('?1', '?2')}, 1 UNION ALL ` +
      `SELECT ${next('owner ->> 0', 'owner ->> 1')}, number + 1 FROM owners WHERE owner IS NOT NULL AND number < ?3) ` +
      'SELECT owner ->> 1 AS aggregateType, owner ->> 0 AS aggregateId FROM owners WHERE owner IS NOT NULL',
    parameters: [aggregateId, aggregateType, limit],
  };
}

/**
 * Of which of some aggregates a view has rows that come from no event which it has taken. Where there is a log, the event that they
 * should come from finds its place taken and is parked, and no retry can help.
 */
export function aheadStatement(
  { table }: RebuildableProjector,
  { view, colour }: ViewTarget,
  keys: readonly AggregateKey[],
): Statement {
  const { typeColumn, versionColumn } = table;
  const ofType = typeColumn === undefined ? '' : ` AND t.${typeColumn} = sought.value ->> 0`;
  const taken =
    'coalesce((SELECT version FROM view_positions WHERE view = ?2 AND colour = ?3 ' +
    'AND aggregate_type = sought.value ->> 0 AND aggregate_id = sought.value ->> 1), 0)';
  const isAhead = versionColumn === undefined ? `0 = ${taken}` : `t.${versionColumn} > ${taken}`;
  return {
    sql:
      'SELECT sought.value ->> 0 AS aggregateType, sought.value ->> 1 AS aggregateId FROM json_each(?1) AS sought ' +
      `WHERE EXISTS (SELECT 1 FROM ${table.name(colour)} AS t WHERE t.${table.idColumn} = sought.value ->> 1${ofType} ` +
      `AND ${isAhead})`,
    parameters: [keysJson(keys), view, colour],
  };
}
