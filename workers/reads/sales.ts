/** Sales as the view has them: what confirmed orders come to, less what was refunded, by day, product or country. */

import { fromLimbSums, limbColumns, limbSums } from '../../queues/kernel/exactSum.ts';
import { formatDecimal, type Scaled } from '../../schemas/decimal.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { type LiveRow, readLive } from './live.ts';
import { mergedPage } from './merged.ts';
import type { Slice } from './slice.ts';

/** What sales may be added up by. */
export const SALES_GROUPS = ['day', 'product', 'country'] as const;
export type SalesGroup = (typeof SALES_GROUPS)[number];

/** The column that each group has its key in. */
const KEY_COLUMNS: Readonly<Record<SalesGroup, string>> = {
  day: 'day',
  product: 'product_id',
  country: 'country',
};

/** Which sales are wanted, by groups that are known by their key and currency. */
export interface SalesFilter extends Slice<SalesKey> {
  readonly by: SalesGroup;
  /** Days on which orders were placed, `2010-12-01`: from is included, to is not. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly productId?: string | undefined;
  readonly country?: string | undefined;
}

/** What a group is known by: amounts in different currencies make no sum. */
export type SalesKey = readonly [key: string, currency: string];

/** What a group comes to. */
export interface Sales {
  readonly key: string;
  readonly currency: string;
  readonly orders: number;
  readonly units: string;
  readonly revenue: string;
}

/** A group as one database has it. */
interface Part {
  readonly key: string;
  readonly currency: string;
  readonly orders: number;
  readonly units: string;
  readonly amount: string;
}

/** A page of groups in the order of their keys, what all groups come to by currency, and where the list of groups goes on. */
export interface SalesPage {
  readonly groups: Sales[];
  readonly totals: Omit<Sales, 'key'>[];
  readonly next: SalesKey | null;
}

/** Reads a page over all databases. Every order is in one of them, so that what they have adds up. */
export async function readSales(databases: readonly D1Database[], filter: SalesFilter): Promise<SalesPage> {
  const parts = await Promise.all(databases.map((database) => readPart(database, filter)));
  const groups = addUp(parts.flatMap(({ groups: own }) => own));
  const totals = addUp(parts.flatMap(({ totals: own }) => own)).sort((one, other) =>
    byKey(keyOf(one), keyOf(other)),
  );
  const page = mergedPage(groups, { limit: filter.limit, fromEnd: filter.fromEnd, keyOf, compare: byKey });
  return { groups: page.rows, totals: totals.map(({ key: _, ...total }) => total), next: page.next };
}

/** One database's groups, one more than the page holds: of every group on the page that is all it has. */
function readPart(
  database: D1Database,
  filter: SalesFilter,
): Promise<{ groups: readonly Part[]; totals: readonly Part[] }> {
  const { by, productId, after, before, limit, fromEnd = false } = filter;
  const ofOneProduct = productId !== undefined;
  const bounds = [
    ...(after === undefined ? [] : ['(key, currency) > (?, ?)']),
    ...(before === undefined ? [] : ['(key, currency) < (?, ?)']),
  ];
  const having = bounds.length === 0 ? '' : `HAVING ${bounds.join(' AND ')}`;
  const order = fromEnd ? 'key DESC, currency DESC' : 'key, currency';
  return readLive(database, ['sales'], async ({ sales }) => {
    const { entries, parameters } = soldEntries(sales, filter);
    const results = await database.batch([
      database.prepare('SELECT view, live FROM views'),
      database
        .prepare(
          `${entries} SELECT key, currency, ${figures(ofOneProduct || by === 'product')} FROM entries ` +
            `GROUP BY key, currency ${having} ORDER BY ${order} LIMIT ?`,
        )
        .bind(...parameters, ...(after ?? []), ...(before ?? []), limit + 1),
      database
        .prepare(
          `${entries} SELECT '' AS key, currency, ${figures(ofOneProduct)} FROM entries GROUP BY currency`,
        )
        .bind(...parameters),
    ]);
    const [live, groups, totals] = results.map((result) => result.results) as [LiveRow[], Part[], Part[]];
    return [live, { groups, totals }];
  });
}

/** An order is counted by its first line, or where products are told apart by the first line of each. */
function figures(byProduct: boolean): string {
  const orders = byProduct ? 'is_first_of_product' : 'is_first';
  return `sum(${orders}) AS orders, ${limbSums('units')} AS units, ${limbSums('amount')} AS amount`;
}

const UNITS = limbColumns('units');
const AMOUNT = limbColumns('amount');

/**
 * Common table expressions of which `entries` are what is to be added up: the lines of orders that count, and what was
 * refunded of those orders. A refund is of no product: it is left out where one product is asked for.
 */
function soldEntries(colour: Colour, { by, from, to, productId, country }: SalesFilter) {
  const conditions = ["aggregate_type = 'order'", 'is_sold = 1'];
  const parameters: string[] = [];
  const where = (condition: string, value: string | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    parameters.push(value);
  };
  where('day >= ?', from);
  where('day < ?', to);
  where('product_id = ?', productId);
  where('country = ?', country);
  const key = KEY_COLUMNS[by];
  const sold = `SELECT * FROM sales_${colour} WHERE ${conditions.join(' AND ')}`;
  const lines = `SELECT ${key} AS key, currency, is_first, is_first_of_product, ${[...UNITS, ...AMOUNT].join(', ')} FROM sold`;
  const refunds =
    `SELECT ${by === 'product' ? "''" : `sold.${key}`}, sold.currency, 0, 0, ${UNITS.map(() => '0').join(', ')}, ` +
    `${AMOUNT.map((column) => `refund.${column}`).join(', ')} FROM sold CROSS JOIN sales_${colour} AS refund ` +
    "ON refund.aggregate_type = 'payment' AND refund.aggregate_id = sold.aggregate_id WHERE sold.is_first = 1";
  const all = productId === undefined ? `${lines} UNION ALL ${refunds}` : lines;
  // Not materialised: all lines of a year would be copied before they are added up.
  return { entries: `WITH sold AS NOT MATERIALIZED (${sold}), entries AS (${all})`, parameters };
}

/** One group of the parts that are of the same key and currency. */
function addUp(parts: readonly Part[]): Sales[] {
  const groups = Map.groupBy(parts, ({ key, currency }) => `${currency} ${key}`);
  return Array.from(groups.values(), (same) => {
    const { key, currency } = same[0] as Part;
    const sum = (limbs: (part: Part) => string) =>
      same.reduce((total, part) => total + fromLimbSums(limbs(part)), 0n);
    return {
      key,
      currency,
      orders: same.reduce((total, { orders }) => total + orders, 0),
      units: String(sum(({ units }) => units)),
      revenue: formatDecimal(sum(({ amount }) => amount) as Scaled),
    };
  });
}

/** As SQLite orders texts, by their bytes. */
function byKey(one: SalesKey, other: SalesKey): number {
  return Buffer.compare(Buffer.from(one.join('\0')), Buffer.from(other.join('\0')));
}

function keyOf({ key, currency }: Sales): SalesKey {
  return [key, currency];
}
