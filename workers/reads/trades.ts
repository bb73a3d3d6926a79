/** Trades of an account as the view has them, newest first. */
import { and, desc, eq, gte, lt, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { trades } from '../../schemas/tables/views.ts';
import { liveColours } from './liveColour.ts';

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

/** One page of an account's trades. */
export async function readTrades(database: D1Database, accountId: string, filter: TradeFilter) {
  const colours = await liveColours(database, ['trades']);
  const table = trades[colours.trades];
  const conditions: SQL[] = [eq(table.accountId, accountId)];
  if (filter.symbol !== undefined) conditions.push(eq(table.symbol, filter.symbol));
  if (filter.side !== undefined) conditions.push(eq(table.side, filter.side));
  if (filter.from !== undefined) conditions.push(gte(table.executedAt, filter.from));
  if (filter.to !== undefined) conditions.push(lt(table.executedAt, filter.to));
  if (filter.beforeVersion !== undefined) conditions.push(lt(table.version, filter.beforeVersion));
  return drizzle(database)
    .select()
    .from(table)
    .where(and(...conditions))
    .orderBy(desc(table.version))
    .limit(filter.limit);
}
