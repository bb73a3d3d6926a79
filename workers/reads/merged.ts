/** Lists over all view databases: each gives a page of its own, and the first rows of them make the page. */

/** Rows of a page, and the key after which the next one begins; null on the last. */
export interface Page<Row, Key> {
  readonly rows: Row[];
  readonly next: Key | null;
}

/** A list that every database has a part of. */
export interface MergedList<Row, Key> {
  /** Rows of a page at most. */
  readonly limit: number;
  /** What rows are ordered by: no two have the same. */
  keyOf(row: Row): Key;
  /** Below 0 where the first key comes first. */
  compare(one: Key, other: Key): number;
  /** The next rows of one database, in order, as many as it is told to; one that gives fewer has no more. */
  read(database: D1Database, rows: number): Promise<readonly Row[]>;
}

/** Reads a page. */
export async function readMerged<Row, Key>(
  databases: readonly D1Database[],
  { limit, keyOf, compare, read }: MergedList<Row, Key>,
): Promise<Page<Row, Key>> {
  const parts = await Promise.all(databases.map((database) => read(database, limit + 1)));
  return mergedPage(parts.flat(), limit, keyOf, compare);
}

/** A page of rows from several databases, of which each gave one more than the page holds, if it had so many. */
export function mergedPage<Row, Key>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => Key,
  compare: (one: Key, other: Key) => number,
): Page<Row, Key> {
  const all = rows.toSorted((one, other) => compare(keyOf(one), keyOf(other)));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: all.length > limit && last !== undefined ? keyOf(last) : null };
}

/** Where a list by time goes on. */
export type TimeKey = readonly [at: number, id: string];

/** The newest first; of the same moment the highest id. */
export function newestFirst([oneAt, oneId]: TimeKey, [otherAt, otherId]: TimeKey): number {
  if (oneAt !== otherAt) return otherAt - oneAt;
  return oneId < otherId ? 1 : -1;
}
