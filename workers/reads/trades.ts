/** Trades of an account as the view has them, newest first. */
import { and, desc, eq, gte, lt, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { trades, viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isParkedIn, staleSinceOf, standingColumns } from './stale.ts';

export interface TradeFilter {
  readonly symbol?: string | undefined;
  readonly side?: 'BUY' | 'SELL' | undefined;
  /** Bounds of the execution time, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Trades before this version of the account. */
  readonly beforeVersion?: number | undefined;
  readonly limit: number;
}

/** An account's trades that match, newest first, and the version since which there may be others. */
export async function readTrades(database: D1Database, accountId: string, filter: TradeFilter) {
  return readLive(database, ['trades'], async (colours) => {
    const table = trades[colours.trades];
    const conditions: SQL[] = [eq(table.accountId, accountId)];
    if (filter.symbol !== undefined) conditions.push(eq(table.symbol, filter.symbol));
    if (filter.side !== undefined) conditions.push(eq(table.side, filter.side));
    if (filter.from !== undefined) conditions.push(gte(table.executedAt, filter.from));
    if (filter.to !== undefined) conditions.push(lt(table.executedAt, filter.to));
    if (filter.beforeVersion !== undefined) conditions.push(lt(table.version, filter.beforeVersion));
    const db = drizzle(database);
    const [live, rows, parked] = await db.batch([
      db.select(liveColumns).from(views),
      db
        .select()
        .from(table)
        .where(and(...conditions))
        .orderBy(desc(table.version))
        .limit(filter.limit),
      db
        .select(standingColumns)
        .from(viewPositions)
        .where(isParkedIn('trades', colours.trades, accountId)),
    ]);
    return [live, { rows, staleSince: staleSinceOf(parked) }];
  });
}
