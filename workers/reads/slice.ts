/** Which rows of an ordered list make a page, and how a database is asked for them: the same from either end. */
import { asc, desc, type SQL, type SQLWrapper, sql } from 'drizzle-orm';

/** What lies between two keys, as many rows as the page holds from the beginning of it or from its end. */
export interface Slice<Key> {
  readonly after?: Key | undefined;
  readonly before?: Key | undefined;
  /** Rows at most. */
  readonly limit: number;
  /** Whether the rows are the last ones between the keys, and not the first. Their order is that of the list all the same. */
  readonly fromEnd?: boolean | undefined;
}

/** What of a slice a query does not say that knows one direction alone. */
export type Backwards<Key> = Pick<Slice<Key>, 'before' | 'fromEnd'>;

/** How the keys of a list go on. */
export type Direction = 'ascending' | 'descending';

/** The columns that a list is ordered by, and how: together no two rows have the same. */
export interface ListOrder {
  readonly columns: readonly SQLWrapper[];
  readonly direction: Direction;
}

type KeyOfColumns = readonly (string | number)[];

/** The conditions that leave what is between the keys: an index finds either bound. */
export function betweenKeys(
  { columns, direction }: ListOrder,
  { after, before }: Pick<Slice<KeyOfColumns>, 'after' | 'before'>,
): SQL[] {
  const [onward, back] = direction === 'ascending' ? ['>', '<'] : ['<', '>'];
  const key = list(columns);
  return [
    ...(after === undefined ? [] : [sql`${key} ${sql.raw(onward as string)} ${list(after)}`]),
    ...(before === undefined ? [] : [sql`${key} ${sql.raw(back as string)} ${list(before)}`]),
  ];
}

/** A key of one column. */
export function oneColumn<Value>(key: Value | undefined): readonly [Value] | undefined {
  return key === undefined ? undefined : [key];
}

/** The order in which a database looks for the rows: from the end of the list that the page is of. */
export function lookedFor({ columns, direction }: ListOrder, fromEnd: boolean | undefined): SQL[] {
  const isAscending = (direction === 'ascending') !== (fromEnd ?? false);
  return columns.map((column) => (isAscending ? asc(column) : desc(column)));
}

function list(values: readonly unknown[]): SQL {
  const items = values.map((value) => sql`${value}`);
  return sql`(${sql.join(items, sql`, `)})`;
}
