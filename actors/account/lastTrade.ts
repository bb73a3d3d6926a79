/** What an account last traded in a symbol: the price that its holding is valued at. */
import type { TradeExecuted } from '../../schemas/account.ts';

/** The last trade in a symbol. */
export type LastTrade = Pick<TradeExecuted, 'tradeId' | 'price' | 'executedAt'>;

/** Trades may be booked late: one that was executed before the last one says nothing new of the price. */
export function keepLastTrade(
  lastTrades: Record<string, LastTrade>,
  { symbol, tradeId, price, executedAt }: TradeExecuted,
): void {
  const last = lastTrades[symbol];
  if (last === undefined || last.executedAt <= executedAt)
    lastTrades[symbol] = { tradeId, price, executedAt };
}
