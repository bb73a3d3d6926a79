/** How far sagas were told of each aggregate: the sweeper tells what no message will. */
import { jsonStatements, type Statement, type ViewDatabase } from '../kernel/database.ts';
import { type AggregateKey, keyOf, keysJson } from '../kernel/positions.ts';

/** The version up to which sagas were told of an aggregate. */
export interface SagaPosition extends AggregateKey {
  readonly version: number;
}

/** The versions up to which sagas were told, by `keyOf`; absent means 0. */
export async function readSagaPositions(
  database: ViewDatabase,
  keys: readonly AggregateKey[],
): Promise<Map<string, number>> {
  const rows = await database.all<SagaPosition>({
    sql:
      'SELECT p.aggregate_type AS aggregateType, p.aggregate_id AS aggregateId, p.version FROM json_each(?) AS sought ' +
      'CROSS JOIN saga_positions AS p ON p.aggregate_type = sought.value ->> 0 AND p.aggregate_id = sought.value ->> 1',
    parameters: [keysJson(keys)],
  });
  return new Map(rows.map((row) => [keyOf(row), row.version]));
}

/** Moves positions forward, and only forward: two deliveries of the same events may end in any order. */
export function savePositions(positions: readonly SagaPosition[]): Statement[] {
  return jsonStatements(
    'INSERT INTO saga_positions (aggregate_type, aggregate_id, version) ' +
      "SELECT value ->> 'aggregateType', value ->> 'aggregateId', value ->> 'version' FROM json_each(?) WHERE true " +
      'ON CONFLICT DO UPDATE SET version = max(version, excluded.version)',
    positions,
  );
}

/**
 * Has everything told to sagas once more, which know it by its ids: of a log that has lost its end, what comes next has versions that
 * they were told of already.
 */
export function forgetPosition({ aggregateType, aggregateId }: AggregateKey): Statement {
  return {
    sql: 'DELETE FROM saga_positions WHERE aggregate_type = ? AND aggregate_id = ?',
    parameters: [aggregateType, aggregateId],
  };
}
