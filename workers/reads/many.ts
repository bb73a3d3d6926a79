/** Reads of many things at once: their ids go into a statement as one JSON text, whatever their number. */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { partOf } from '../../schemas/partition.ts';

/** Whether a column has one of some values; a statement may have no more than 100 parameters, and this is one. */
export function isAmong(column: SQLWrapper, values: readonly string[]): SQL {
  return sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

/** Reads what many ids stand for, each from the database that holds it: one call of `read` for each database concerned. */
export async function readByHolder<Found>(
  databases: readonly D1Database[],
  ids: readonly string[],
  read: (database: D1Database, ids: string[]) => Promise<ReadonlyMap<string, Found>>,
): Promise<Map<string, Found>> {
  const byPart = Map.groupBy(ids, (id) => partOf(id, databases.length));
  const parts = await Promise.all(
    Array.from(byPart, ([part, own]) => read(databases[part] as D1Database, own)),
  );
  return new Map(parts.flatMap((part) => [...part]));
}
