/** One account in the demonstration's own books, and the contract's rules for it. Shares no code with the product. */
import type { Command, CommandData, LimitsData, RefusalCode, TradeData } from './commands.ts';
import { Exact, NOTHING, round8 } from './exact.ts';
import { EMPTY_POSITION, type PositionBook, tradePosition } from './positionBook.ts';

/** Limits in force; null does not limit. */
export interface LimitsBook {
  readonly maxOrderNotional: Exact | null;
  readonly maxPositionQuantity: Exact | null;
  readonly maxPositionNotional: Exact | null;
  readonly allowShort: boolean;
}

/** An account and the sums that its cash must come from. */
export interface AccountBook {
  status: 'UNOPENED' | 'OPEN' | 'FROZEN' | 'CLOSED';
  currency: string;
  /** Number of its events. */
  version: number;
  cash: Exact;
  /** Paid in, the opening balance included. */
  deposits: Exact;
  withdrawals: Exact;
  fees: Exact;
  limits: LimitsBook;
  readonly positions: Map<string, PositionBook>;
  /** Events by type. */
  readonly events: Record<string, number>;
}

/** What an accepted command leaves: its event and its effect, which is applied only if `change` is called. */
export interface Judgement {
  readonly event: string;
  readonly change: () => void;
}

/** The ledger says nothing from here on: no balance, no profit, and not what a trade is worth. */
const BALANCE_LIMIT = new Exact('1e21');

/** Currencies whose minor unit (ISO 4217) is not a hundredth. */
const WHOLE_CURRENCIES = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ');
const THOUSANDTH_CURRENCIES = 'BHD IQD JOD KWD LYD OMR TND'.split(' ');

/** An account before it is opened. */
export function newAccount(): AccountBook {
  return {
    status: 'UNOPENED',
    currency: '',
    version: 0,
    cash: NOTHING,
    deposits: NOTHING,
    withdrawals: NOTHING,
    fees: NOTHING,
    limits: {
      maxOrderNotional: null,
      maxPositionQuantity: null,
      maxPositionNotional: null,
      allowShort: false,
    },
    positions: new Map(),
    events: {},
  };
}

/** The first refusal that applies, or what the command does. */
export function judge(account: AccountBook, command: Command): RefusalCode | Judgement {
  if (command.type === 'OpenAccount') return judgeOpening(account, command.data);
  if (account.status === 'UNOPENED') return 'account_not_found';
  if (account.status === 'CLOSED') return 'account_closed';
  if (command.type === 'SetLimits') return judgeLimits(account, command.data);
  if (command.type === 'UnfreezeAccount') {
    return account.status === 'FROZEN' ? toStatus(account, 'OPEN', 'AccountUnfrozen') : 'account_not_frozen';
  }
  if (account.status === 'FROZEN') return 'account_frozen';
  switch (command.type) {
    case 'FreezeAccount':
      return toStatus(account, 'FROZEN', 'AccountFrozen');
    case 'CloseAccount':
      return isEmpty(account) ? toStatus(account, 'CLOSED', 'AccountClosed') : 'account_not_empty';
    case 'DepositFunds':
      return judgeDeposit(account, new Exact(command.data.amount));
    case 'WithdrawFunds':
      return judgeWithdrawal(account, new Exact(command.data.amount));
    case 'ExecuteTrade':
      return judgeTrade(account, command.data);
  }
}

function judgeOpening(account: AccountBook, data: CommandData['OpenAccount']): RefusalCode | Judgement {
  if (account.status !== 'UNOPENED') return 'account_already_open';
  const balance = new Exact(data.initialBalance ?? 0);
  if (!inMinorUnits(balance, data.currency)) return 'amount_precision';
  return {
    event: 'AccountOpened',
    change: () =>
      Object.assign(account, { status: 'OPEN', currency: data.currency, cash: balance, deposits: balance }),
  };
}

function judgeLimits(account: AccountBook, data: LimitsData): Judgement {
  const changed = (sent: string | null | undefined, current: Exact | null) => {
    if (sent === undefined) return current;
    return sent === null ? null : new Exact(sent);
  };
  const { limits } = account;
  return {
    event: 'LimitsSet',
    change: () => {
      account.limits = {
        maxOrderNotional: changed(data.maxOrderNotional, limits.maxOrderNotional),
        maxPositionQuantity: changed(data.maxPositionQuantity, limits.maxPositionQuantity),
        maxPositionNotional: changed(data.maxPositionNotional, limits.maxPositionNotional),
        allowShort: data.allowShort ?? limits.allowShort,
      };
    },
  };
}

function toStatus(account: AccountBook, status: AccountBook['status'], event: string): Judgement {
  return { event, change: () => Object.assign(account, { status }) };
}

function isEmpty(account: AccountBook): boolean {
  return account.cash.isZero() && [...account.positions.values()].every(({ quantity }) => quantity.isZero());
}

function judgeDeposit(account: AccountBook, amount: Exact): RefusalCode | Judgement {
  if (!inMinorUnits(amount, account.currency)) return 'amount_precision';
  const cash = account.cash.plus(amount);
  if (cash.gte(BALANCE_LIMIT)) return 'amount_out_of_range';
  return {
    event: 'FundsDeposited',
    change: () => Object.assign(account, { cash, deposits: account.deposits.plus(amount) }),
  };
}

function judgeWithdrawal(account: AccountBook, amount: Exact): RefusalCode | Judgement {
  // The whole balance may leave whatever its decimals.
  if (!amount.eq(account.cash) && !inMinorUnits(amount, account.currency)) return 'amount_precision';
  if (amount.gt(account.cash)) return 'insufficient_funds';
  return {
    event: 'FundsWithdrawn',
    change: () =>
      Object.assign(account, {
        cash: account.cash.minus(amount),
        withdrawals: account.withdrawals.plus(amount),
      }),
  };
}

function judgeTrade(account: AccountBook, data: TradeData): RefusalCode | Judgement {
  const price = new Exact(data.price);
  const quantity = new Exact(data.quantity);
  const signed = data.side === 'BUY' ? quantity : quantity.neg();
  const fee = new Exact(data.fee ?? 0);
  const held = account.positions.get(data.symbol) ?? EMPTY_POSITION;
  const after = tradePosition(held, signed, price);
  if (isOverLimit(account.limits, round8(quantity.times(price)), held, after, price)) return 'limit_exceeded';
  const short = data.side === 'SELL' && quantity.gt(held.quantity);
  if (short && !account.limits.allowShort) return 'insufficient_position';
  const cash = account.cash.minus(round8(signed.times(price))).minus(fee);
  if (cash.isNegative() && !cash.isZero()) return 'insufficient_funds';
  const ledger = [cash, after.quantity, after.costBasis, after.realizedPnl, account.fees.plus(fee)];
  const results = [...ledger, round8(quantity.times(price)), after.realizedPnl.minus(held.realizedPnl)];
  if (results.some((value) => value.abs().gte(BALANCE_LIMIT))) return 'amount_out_of_range';
  return {
    event: 'TradeExecuted',
    change: () => {
      account.cash = cash;
      account.fees = account.fees.plus(fee);
      account.positions.set(data.symbol, after);
    },
  };
}

/** Limits on the position let through what makes it smaller: a limit below a position must not lock it in. A flip is new. */
function isOverLimit(
  limits: LimitsBook,
  notional: Exact,
  held: PositionBook,
  after: PositionBook,
  price: Exact,
): boolean {
  if (limits.maxOrderNotional?.lt(notional)) return true;
  const size = after.quantity.abs();
  const flipped = held.quantity.isNegative() !== after.quantity.isNegative();
  if (size.isZero() || (!flipped && size.lte(held.quantity.abs()))) return false;
  return (
    (limits.maxPositionQuantity?.lt(size) || limits.maxPositionNotional?.lt(round8(size.times(price)))) ??
    false
  );
}

/** Cash crosses the platform's edge in whole minor units of its currency. */
function inMinorUnits(amount: Exact, currency: string): boolean {
  const decimals = WHOLE_CURRENCIES.includes(currency) ? 0 : THOUSANDTH_CURRENCIES.includes(currency) ? 3 : 2;
  return amount.decimalPlaces() <= decimals;
}
