/** Lists over all view databases, newest first: each gives its own page, and the newest of them make the page. */

/** Where a list goes on: after the row of this moment and id. */
export type ListCursor = readonly [at: number, id: string];

/** Rows of a page and where the next one begins; null on the last. */
export interface Page<Row> {
  readonly rows: Row[];
  readonly next: ListCursor | null;
}

/**
 * Reads a page of at most `limit` rows. `read` answers rows of one database after the cursor, in order, as many as it is
 * told to; `keyOf` is what they are ordered by. A database that has fewer rows has no more.
 */
export async function readNewestFirst<Row>(
  databases: readonly D1Database[],
  limit: number,
  keyOf: (row: Row) => ListCursor,
  read: (database: D1Database, rows: number) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const parts = await Promise.all(databases.map((database) => read(database, limit + 1)));
  const all = parts.flat().sort((one, other) => newestFirst(keyOf(one), keyOf(other)));
  const rows = all.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: all.length > limit && last !== undefined ? keyOf(last) : null };
}

function newestFirst([oneAt, oneId]: ListCursor, [otherAt, otherId]: ListCursor): number {
  if (oneAt !== otherAt) return otherAt - oneAt;
  return oneId < otherId ? 1 : -1;
}
