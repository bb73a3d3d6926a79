/** Events and commands of an account, with what a test does not care about filled in. */
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import type { AccountCommand, AccountEvent, Limits } from '../../schemas/account.ts';
import type { Position } from '../../schemas/trade.ts';
import { RECEIVED_AT, specify } from './given.ts';

type Data<Of extends { type: string; data: unknown }, Type extends Of['type']> = Extract<
  Of,
  { type: Type }
>['data'];
type Opening = Data<AccountCommand, 'OpenAccount'>;
type Trade = Data<AccountCommand, 'ExecuteTrade'>;

/** The account's rules under specification. */
export const { given, state: stateAfter } = specify(accountDecider);

export const opened = (cash = '1000', currency = 'USD'): AccountEvent => ({
  type: 'AccountOpened',
  data: { accountType: 'INDIVIDUAL', cash, currency, customerId: 'c-1' },
});

/** A trade that left this much cash and this position; what the trade itself was is not read again. */
export function holding(
  symbol: string,
  position: Partial<Position>,
  cash = '1000',
  fees = '0',
): AccountEvent {
  return {
    type: 'TradeExecuted',
    data: {
      tradeId: 't-0',
      symbol,
      side: 'BUY',
      quantity: '1',
      price: '1',
      notional: '1',
      fee: '0',
      executedAt: RECEIVED_AT,
      realizedPnl: '0',
      cash,
      fees,
      position: { quantity: '0', averageCost: '0', costBasis: '0', realizedPnl: '0', ...position },
    },
  };
}

export const limited = (limits: Partial<Limits>): AccountEvent => ({
  type: 'LimitsSet',
  data: {
    allowShort: false,
    maxOrderNotional: null,
    maxPositionNotional: null,
    maxPositionQuantity: null,
    ...limits,
  },
});

export const frozen: AccountEvent = { type: 'AccountFrozen', data: { reason: 'review' } };
export const unfrozen: AccountEvent = { type: 'AccountUnfrozen', data: { reason: 'cleared' } };
export const closed: AccountEvent = { type: 'AccountClosed', data: { reason: 'moved' } };

export const open = (data: Partial<Opening> = {}): AccountCommand => ({
  type: 'OpenAccount',
  data: { accountType: 'INDIVIDUAL', currency: 'USD', customerId: 'c-1', ...data },
});
export const deposit = (amount: string, reference?: string): AccountCommand => ({
  type: 'DepositFunds',
  data: { amount, ...(reference === undefined ? {} : { reference }) },
});
export const withdraw = (amount: string, reference?: string): AccountCommand => ({
  type: 'WithdrawFunds',
  data: { amount, ...(reference === undefined ? {} : { reference }) },
});
export const trade = (side: 'BUY' | 'SELL', quantity: string, price: string, more: Partial<Trade> = {}) => ({
  type: 'ExecuteTrade' as const,
  data: { tradeId: 't-1', symbol: 'IBM', side, quantity, price, ...more },
});
export const buy = (quantity: string, price: string, more: Partial<Trade> = {}) =>
  trade('BUY', quantity, price, more);
export const sell = (quantity: string, price: string, more: Partial<Trade> = {}) =>
  trade('SELL', quantity, price, more);
export const setLimits = (data: Data<AccountCommand, 'SetLimits'>): AccountCommand => ({
  type: 'SetLimits',
  data,
});
export const freeze: AccountCommand = { type: 'FreezeAccount', data: { reason: 'review' } };
export const unfreeze: AccountCommand = { type: 'UnfreezeAccount', data: { reason: 'cleared' } };
export const close: AccountCommand = { type: 'CloseAccount', data: { reason: 'moved' } };

/** Runs commands one after another from nothing; refused ones change nothing. */
export function run(...commands: readonly AccountCommand[]): { state: AccountState; outcomes: string[] } {
  let state = accountDecider.initial();
  const outcomes = commands.map((command) => {
    const decision = accountDecider.decide({ ...command, at: RECEIVED_AT }, state);
    if (!decision.accepted) return decision.refusal.code;
    for (const event of decision.events) state = accountDecider.evolve(state, event);
    return 'accepted';
  });
  return { state, outcomes };
}
