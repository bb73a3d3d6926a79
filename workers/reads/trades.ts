/** Trades of accounts as the view has them, newest first. */
import { and, desc, eq, getTableColumns, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { alias, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { trades, viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { betweenKeys, type ListOrder, lookedFor, oneColumn, type Slice } from './slice.ts';
import { isParkedIn, staleSinceOf, standingColumns } from './stale.ts';

/** Which trades of an account are wanted, each known by its version. */
export interface TradeFilter extends Slice<number> {
  readonly symbol?: string | undefined;
  readonly side?: 'BUY' | 'SELL' | undefined;
  /** Bounds of the execution time, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A row of the view. */
export type TradeRow = typeof trades.blue.$inferSelect;

/** An account's trades that match, newest first, and the version since which there may be others. */
export interface TradesRead {
  readonly rows: readonly TradeRow[];
  readonly staleSince: number | undefined;
}

/** The trades of some accounts of one database, as many of each as the limit says: as many statements as for one account. */
export async function readTrades(
  database: D1Database,
  accountIds: readonly string[],
  filter: TradeFilter,
): Promise<Map<string, TradesRead>> {
  return readLive(database, ['trades'], async (colours) => {
    const table = trades[colours.trades];
    const wanted = alias(table, 'wanted');
    const db = drizzle(database);
    // A lookup of as many versions as are wanted for each account: the trades of a busy one are not all looked at.
    const order: ListOrder = { columns: [wanted.version], direction: 'descending' };
    const found = db
      .select({ version: wanted.version })
      .from(wanted)
      .where(
        and(
          sql`${wanted.accountId} = asked.value`,
          ...betweenKeys(order, { after: oneColumn(filter.after), before: oneColumn(filter.before) }),
          ...conditionsOf(wanted, filter),
        ),
      )
      .orderBy(...lookedFor(order, filter.fromEnd))
      .limit(filter.limit);
    const [live, rows, parked] = await db.batch([
      db.select(liveColumns).from(views),
      db
        .select(getTableColumns(table))
        .from(sql`json_each(${JSON.stringify(accountIds)}) AS asked`)
        .innerJoin(table, and(sql`${table.accountId} = asked.value`, inArray(table.version, found)))
        .orderBy(desc(table.version)),
      db
        .select({ ...standingColumns, aggregateId: viewPositions.aggregateId })
        .from(viewPositions)
        .where(and(isParkedIn('trades', colours.trades), isAmong(viewPositions.aggregateId, accountIds))),
    ]);
    const ofAccount = Map.groupBy(rows, ({ accountId }) => accountId);
    const parkedOf = Map.groupBy(parked, ({ aggregateId }) => aggregateId);
    const reads = accountIds.map((id): [string, TradesRead] => [
      id,
      { rows: ofAccount.get(id) ?? [], staleSince: staleSinceOf(parkedOf.get(id) ?? []) },
    ]);
    return [live, new Map(reads)];
  });
}

type Columns = Readonly<Record<'symbol' | 'side' | 'executedAt', SQLiteColumn>>;

function conditionsOf(table: Columns, filter: TradeFilter): SQL[] {
  const conditions: SQL[] = [];
  if (filter.symbol !== undefined) conditions.push(eq(table.symbol, filter.symbol));
  if (filter.side !== undefined) conditions.push(eq(table.side, filter.side));
  if (filter.from !== undefined) conditions.push(gte(table.executedAt, filter.from));
  if (filter.to !== undefined) conditions.push(lt(table.executedAt, filter.to));
  return conditions;
}
