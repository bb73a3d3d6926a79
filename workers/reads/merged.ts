/** Lists over all view databases: each gives a page of its own, and the first rows of them, or the last, make the page. */
import type { Slice } from './slice.ts';

/**
 * Rows of a page in the order of their list, and the key at which it goes on: after the last of them, or before the first where the
 * page was read from the end; null where it does not.
 */
export interface Page<Row, Key> {
  readonly rows: Row[];
  readonly next: Key | null;
}

/** A list that every database has a part of. */
export interface MergedList<Row, Key> extends Pick<Slice<Key>, 'limit' | 'fromEnd'> {
  /** What rows are ordered by: no two have the same. */
  keyOf(row: Row): Key;
  /** Below 0 where the first key comes first. */
  compare(one: Key, other: Key): number;
  /** The rows of one database that are next from the end that the page is read from, as many as it is told to; one that gives fewer has no more. */
  read(database: D1Database, rows: number): Promise<readonly Row[]>;
}

/** Reads a page. */
export async function readMerged<Row, Key>(
  databases: readonly D1Database[],
  list: MergedList<Row, Key>,
): Promise<Page<Row, Key>> {
  const parts = await Promise.all(databases.map((database) => list.read(database, list.limit + 1)));
  return mergedPage(parts.flat(), list);
}

/** A page of rows from several databases, of which each gave one more than the page holds, if it had so many. */
export function mergedPage<Row, Key>(
  rows: readonly Row[],
  { limit, fromEnd = false, keyOf, compare }: Omit<MergedList<Row, Key>, 'read'>,
): Page<Row, Key> {
  const all = rows.toSorted((one, other) => compare(keyOf(one), keyOf(other)));
  const page = fromEnd ? all.slice(-limit) : all.slice(0, limit);
  const last = fromEnd ? page[0] : page.at(-1);
  return { rows: page, next: all.length > limit && last !== undefined ? keyOf(last) : null };
}

/** Where a list by time goes on. */
export type TimeKey = readonly [at: number, id: string];

/** The newest first; of the same moment the highest id. */
export function newestFirst([oneAt, oneId]: TimeKey, [otherAt, otherId]: TimeKey): number {
  if (oneAt !== otherAt) return otherAt - oneAt;
  return oneId < otherId ? 1 : -1;
}
