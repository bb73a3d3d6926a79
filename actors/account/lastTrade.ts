/** What an account last traded in a symbol: the price that its holding is valued at. */
import type { TradeExecuted } from '../../schemas/trade.ts';

/** The last trade in a symbol. */
export type LastTrade = Pick<TradeExecuted, 'tradeId' | 'price' | 'executedAt'>;

/** Trades may be booked late: one that was executed before the last one says nothing new of the price. */
export function laterTrade(
  last: LastTrade | undefined,
  { tradeId, price, executedAt }: LastTrade,
): LastTrade {
  return last === undefined || last.executedAt <= executedAt ? { tradeId, price, executedAt } : last;
}
