/** Puts a statement together from the states at both ends of its period and the movements in between. */
import type { z } from 'zod';
import type { AccountType } from '../../schemas/account.ts';
import {
  add,
  formatDecimal,
  multiply,
  parseDecimal,
  type Scaled,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import { timeText } from '../../schemas/time.ts';
import type { Position, TradeExecuted } from '../../schemas/trade.ts';
import type { MovementLedger } from './movements.ts';
import type { Movement, MovementKind, Statement, StatementPosition, Totals } from './statement.ts';

/** What a statement needs of the state of an account. */
export interface StatedAccount {
  readonly status: 'UNOPENED' | Statement['status'];
  readonly customerId: string;
  readonly accountType: z.infer<typeof AccountType>;
  readonly currency: string;
  readonly cash: string;
  readonly reserved: string;
  readonly fees: string;
  readonly positions: Readonly<Record<string, Position>>;
  readonly lastTrades: Readonly<Record<string, Pick<TradeExecuted, 'tradeId' | 'price' | 'executedAt'>>>;
}

/** An account as of a version. */
export interface StatedVersion {
  readonly state: StatedAccount;
  readonly version: number;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
}

/** What a statement is about. Times are RFC 3339; null: as far as the log goes. */
export interface StatedPeriod {
  readonly accountId: string;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The statement. `opening` is the account before the period, undefined where it was not yet open; `ledger` has every event
 * from there to `closing`. Throws where they do not add up.
 */
export function buildStatement(
  { accountId, from, to }: StatedPeriod,
  opening: StatedVersion | undefined,
  closing: StatedVersion,
  ledger: MovementLedger,
): Statement {
  const { state, version, hash, recordedAt } = closing;
  if (state.status === 'UNOPENED')
    throw new Error(`account ${accountId} has version ${version} but is not open`);
  const openingBalance = opening?.state.cash ?? '0';
  const totals = totalsOf(ledger.movements);
  checkSums(openingBalance, totals, closing, ledger);
  const positions = positionsOf(state);
  const positionsValue = sum(positions.map(({ marketValue }) => marketValue ?? '0'));
  return {
    accountId,
    customerId: state.customerId,
    accountType: state.accountType,
    status: state.status,
    currency: state.currency,
    from,
    to,
    asOf: timeText(recordedAt),
    heads: [{ aggregateType: 'account', aggregateId: accountId, version, hash }],
    openingBalance,
    closingBalance: state.cash,
    reserved: state.reserved,
    totals,
    realizedPnl: realizedOf(opening?.state, state),
    movements: ledger.movements,
    positions,
    priceSource: 'ACCOUNT_LAST_TRADE',
    positionsValue: formatDecimal(positionsValue),
    totalValue: formatDecimal(add(positionsValue, parseDecimal(state.cash))),
  };
}

function checkSums(
  openingBalance: string,
  totals: Totals,
  { state, version }: StatedVersion,
  ledger: MovementLedger,
): void {
  const ends = ledger.version === version && ledger.balance === state.cash;
  const adds = formatDecimal(sum([openingBalance, ...Object.values(totals)])) === state.cash;
  if (!ends || !adds) throw new Error(`the movements up to version ${version} do not lead to ${state.cash}`);
}

/** The total that the amount of a movement counts to; of trades the amount without the fee. */
const TOTAL_OF: Readonly<Record<MovementKind, Exclude<keyof Totals, 'fees'>>> = {
  INITIAL_DEPOSIT: 'deposits',
  DEPOSIT: 'deposits',
  WITHDRAWAL: 'withdrawals',
  TRANSFER_IN: 'transfersIn',
  TRANSFER_OUT: 'transfersOut',
  BUY: 'purchases',
  SELL: 'sales',
  TRADE_CORRECTION: 'corrections',
  TRADE_CANCELLATION: 'corrections',
};

function totalsOf(movements: readonly Movement[]): Totals {
  const sums: Record<keyof Totals, Scaled> = {
    deposits: ZERO,
    withdrawals: ZERO,
    transfersIn: ZERO,
    transfersOut: ZERO,
    purchases: ZERO,
    sales: ZERO,
    corrections: ZERO,
    fees: ZERO,
  };
  for (const { kind, amount, trade, amendment } of movements) {
    const fee = parseDecimal(trade?.fee ?? amendment?.changes.fees ?? '0');
    const total = TOTAL_OF[kind];
    sums[total] = add(sums[total], add(parseDecimal(amount), fee));
    sums.fees = subtract(sums.fees, fee);
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, value]) => [name, formatDecimal(value)]),
  ) as unknown as Totals;
}

/** Profit realised between two states, by symbols in which there was any. */
function realizedOf(opening: StatedAccount | undefined, closing: StatedAccount): Statement['realizedPnl'] {
  const bySymbol = symbolsOf(closing).flatMap((symbol) => {
    const before = opening?.positions[symbol]?.realizedPnl ?? '0';
    const after = closing.positions[symbol]?.realizedPnl ?? '0';
    const realizedPnl = formatDecimal(subtract(parseDecimal(after), parseDecimal(before)));
    return realizedPnl === '0' ? [] : [{ symbol, realizedPnl }];
  });
  return { total: formatDecimal(sum(bySymbol.map(({ realizedPnl }) => realizedPnl))), bySymbol };
}

/** Holdings that are not closed, by symbol, at the price of the last trade. */
export function positionsOf(account: StatedAccount): StatementPosition[] {
  return symbolsOf(account).flatMap((symbol) => {
    const { quantity, averageCost, costBasis } = account.positions[symbol] as Position;
    if (quantity === '0') return [];
    const last = account.lastTrades[symbol];
    const value = last === undefined ? null : multiply(parseDecimal(quantity), parseDecimal(last.price));
    return [
      {
        symbol,
        quantity,
        averageCost,
        costBasis,
        price: last?.price ?? null,
        priceTradeId: last?.tradeId ?? null,
        pricedAt: last?.executedAt ?? null,
        marketValue: value === null ? null : formatDecimal(value),
        unrealizedPnl: value === null ? null : formatDecimal(subtract(value, parseDecimal(costBasis))),
      },
    ];
  });
}

function symbolsOf({ positions }: StatedAccount): string[] {
  return Object.keys(positions).sort();
}

function sum(values: readonly string[]): Scaled {
  return values.reduce((total, value) => add(total, parseDecimal(value)), ZERO);
}
