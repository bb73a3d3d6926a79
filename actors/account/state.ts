/** What a trading account is. */
import type { Limits } from '../../schemas/account.ts';
import type { Position } from '../../schemas/trade.ts';
import type { LastTrade } from './lastTrade.ts';
import type { Transfers } from './transfers.ts';

/** The account as its events tell it. Amounts are decimal strings; `positions` keeps closed ones for their profit. */
export interface AccountState extends Transfers {
  status: 'UNOPENED' | 'OPEN' | 'FROZEN' | 'CLOSED';
  customerId: string;
  accountType: 'INDIVIDUAL' | 'CORPORATE';
  currency: string;
  cash: string;
  /** Every fee paid so far. */
  fees: string;
  limits: Limits;
  positions: Record<string, Position>;
  /** By symbol, the trade that was executed last: what a holding is valued at. */
  lastTrades: Record<string, LastTrade>;
}
