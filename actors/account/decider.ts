/** The trading account's rules. Money and quantities are exact (`schemas/decimal.ts`). */
import {
  type AccountCommand,
  type AccountEvent,
  type AccountRefusal,
  NO_LIMITS,
} from '../../schemas/account.ts';
import { add, formatDecimal, multiply, negate, parseDecimal, subtract, ZERO } from '../../schemas/decimal.ts';
import type { Position } from '../../schemas/trade.ts';
import type { TransferCommand } from '../../schemas/transfer.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';
import { accountAmending } from './amendments.ts';
import { isBeyondLedger, isOutOfRange, OUT_OF_RANGE, precisionRefusal } from './amounts.ts';
import { BALANCE_DIGESTS } from './balances.ts';
import { laterTrade } from './lastTrade.ts';
import { limitRefusal, mergeLimits } from './limits.ts';
import { applyTrade, FLAT } from './position.ts';
import type { AccountState } from './state.ts';
import { inactiveRefusal } from './status.ts';
import {
  availableCash,
  decideTransfer,
  evolveTransfers,
  hasTransfers,
  noTransfers,
  transferTimers,
} from './transfers.ts';

type AccountDecision = Decision<AccountEvent, AccountRefusal>;
type Data<Type extends AccountCommand['type']> = Extract<AccountCommand, { type: Type }>['data'];

function initial(): AccountState {
  return {
    status: 'UNOPENED',
    customerId: '',
    accountType: 'INDIVIDUAL',
    currency: '',
    cash: '0',
    fees: '0',
    limits: NO_LIMITS,
    positions: {},
    lastTrades: {},
    ...noTransfers(),
  };
}

function refuse(code: AccountRefusal, detail: string): AccountDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: AccountEvent): AccountDecision {
  return { accepted: true, events: [event] };
}

function decide(
  command: Timed<AccountCommand | TransferCommand>,
  state: Readonly<AccountState>,
): AccountDecision {
  if (command.type === 'OpenAccount') return open(command.data, state);
  const inactive = inactiveRefusal(state.status);
  if (inactive !== undefined && inactive.code !== 'account_frozen')
    return { accepted: false, refusal: inactive };
  switch (command.type) {
    case 'SetLimits':
      return accept({ type: 'LimitsSet', data: mergeLimits(state.limits, command.data) });
    case 'UnfreezeAccount':
      if (state.status !== 'FROZEN') return refuse('account_not_frozen', 'The account is not frozen.');
      return accept({ type: 'AccountUnfrozen', data: { reason: command.data.reason } });
    case 'ReserveFunds':
    case 'AcceptTransfer':
    case 'SettleFunds':
    case 'CreditTransfer':
    case 'ReleaseFunds':
    case 'CancelTransfer':
    case 'ExpireFunds':
      return decideTransfer(command, state);
  }
  if (inactive !== undefined) return { accepted: false, refusal: inactive };
  switch (command.type) {
    case 'FreezeAccount':
      return accept({ type: 'AccountFrozen', data: { reason: command.data.reason } });
    case 'CloseAccount':
      return close(command.data, state);
    case 'DepositFunds':
      return deposit(command.data, state);
    case 'WithdrawFunds':
      return withdraw(command.data, state);
    case 'ExecuteTrade':
      return trade(command.data, command.at, state);
  }
}

function open(data: Data<'OpenAccount'>, state: Readonly<AccountState>): AccountDecision {
  if (state.status !== 'UNOPENED') {
    return refuse('account_already_open', 'An account with this id has been opened before.');
  }
  const cash = data.initialBalance ?? '0';
  const precision = precisionRefusal(parseDecimal(cash), data.currency);
  if (precision !== undefined) return { accepted: false, refusal: precision };
  const { accountType, currency, customerId } = data;
  return accept({ type: 'AccountOpened', data: { accountType, cash, currency, customerId } });
}

function deposit(data: Data<'DepositFunds'>, state: Readonly<AccountState>): AccountDecision {
  const amount = parseDecimal(data.amount);
  const precision = precisionRefusal(amount, state.currency);
  if (precision !== undefined) return { accepted: false, refusal: precision };
  const cash = add(parseDecimal(state.cash), amount);
  if (isBeyondLedger(cash, state.expected))
    return refuse('amount_out_of_range', 'The balance would leave the range of the ledger.');
  const { amount: text, reference = null } = data;
  return accept({ type: 'FundsDeposited', data: { amount: text, cash: formatDecimal(cash), reference } });
}

function withdraw(data: Data<'WithdrawFunds'>, state: Readonly<AccountState>): AccountDecision {
  const amount = parseDecimal(data.amount);
  const held = availableCash(state);
  // The whole balance may go out whatever its decimals: trades leave fractions of a cent that could never leave otherwise.
  const precision = amount === held ? undefined : precisionRefusal(amount, state.currency);
  if (precision !== undefined) return { accepted: false, refusal: precision };
  if (amount > held) {
    return refuse(
      'insufficient_funds',
      `Available cash is ${formatDecimal(held)}, the withdrawal needs ${data.amount}.`,
    );
  }
  const { amount: text, reference = null } = data;
  const cash = formatDecimal(subtract(parseDecimal(state.cash), amount));
  return accept({ type: 'FundsWithdrawn', data: { amount: text, cash, reference } });
}

function trade(data: Data<'ExecuteTrade'>, at: string, state: Readonly<AccountState>): AccountDecision {
  const quantity = parseDecimal(data.quantity);
  const price = parseDecimal(data.price);
  const fee = data.fee === undefined ? ZERO : parseDecimal(data.fee);
  const notional = multiply(quantity, price);
  const buying = data.side === 'BUY';
  const held = state.positions[data.symbol] ?? FLAT;
  const { position, realizedPnl } = applyTrade(held, buying, quantity, price);
  const limit = limitRefusal(state.limits, notional, held, position, price);
  if (limit !== undefined) return { accepted: false, refusal: limit };
  if (!buying && !state.limits.allowShort && quantity > parseDecimal(held.quantity)) {
    return refuse(
      'insufficient_position',
      `Held are ${held.quantity} ${data.symbol}, the sale needs ${data.quantity}.`,
    );
  }
  const before = parseDecimal(state.cash);
  const cash = subtract(buying ? subtract(before, notional) : add(before, notional), fee);
  const available = availableCash(state);
  if (subtract(cash, before) < negate(available)) {
    const needed = formatDecimal(subtract(before, cash));
    return refuse(
      'insufficient_funds',
      `Available cash is ${formatDecimal(available)}, the trade needs ${needed}.`,
    );
  }
  const fees = fee === ZERO ? state.fees : formatDecimal(add(parseDecimal(state.fees), fee));
  const { quantity: quantityAfter, costBasis, realizedPnl: realizedAfter } = position;
  const [value, profit] = [formatDecimal(notional), formatDecimal(realizedPnl)];
  if (
    isBeyondLedger(cash, state.expected) ||
    [quantityAfter, costBasis, realizedAfter, fees, value, profit].some(isOutOfRange)
  ) {
    return refuse('amount_out_of_range', OUT_OF_RANGE);
  }
  return accept({
    type: 'TradeExecuted',
    data: {
      cash: formatDecimal(cash),
      executedAt: data.executedAt ?? at,
      fee: formatDecimal(fee),
      fees,
      notional: value,
      position,
      price: data.price,
      quantity: data.quantity,
      realizedPnl: profit,
      side: data.side,
      symbol: data.symbol,
      tradeId: data.tradeId,
    },
  });
}

function close(data: Data<'CloseAccount'>, state: Readonly<AccountState>): AccountDecision {
  const open = Object.keys(state.positions).find((symbol) => state.positions[symbol]?.quantity !== '0');
  if (open !== undefined) return refuse('account_not_empty', `The account still holds ${open}.`);
  if (state.cash !== '0')
    return refuse('account_not_empty', `The account still holds ${state.cash} in cash.`);
  if (hasTransfers(state)) return refuse('account_not_empty', 'A transfer to the account is under way.');
  return accept({ type: 'AccountClosed', data: { reason: data.reason } });
}

function evolve(state: AccountState, event: AccountEvent): AccountState {
  switch (event.type) {
    case 'FundsTransferredOut':
    case 'FundsTransferredIn':
      state.cash = event.data.cash;
      evolveTransfers(state, event);
      return state;
    case 'FundsReserved':
    case 'FundsReleased':
    case 'FundsReservationExpired':
    case 'TransferAccepted':
    case 'TransferCancelled':
      evolveTransfers(state, event);
      return state;
    case 'AccountOpened':
      state.status = 'OPEN';
      state.customerId = event.data.customerId;
      state.accountType = event.data.accountType;
      state.currency = event.data.currency;
      state.cash = event.data.cash;
      return state;
    case 'FundsDeposited':
    case 'FundsWithdrawn':
      state.cash = event.data.cash;
      return state;
    case 'TradeExecuted': {
      const { cash, fees, symbol, position } = event.data;
      state.cash = cash;
      state.fees = fees;
      state.positions[symbol] = position;
      state.lastTrades[symbol] = laterTrade(state.lastTrades[symbol], event.data);
      return state;
    }
    case 'TradeCorrected':
    case 'TradeCancelled': {
      const { cash, fees, symbol, position, lastTrade } = event.data;
      state.cash = cash;
      state.fees = fees;
      state.positions[symbol] = position;
      if (lastTrade === null) delete state.lastTrades[symbol];
      else state.lastTrades[symbol] = lastTrade;
      return state;
    }
    case 'LimitsSet':
      state.limits = event.data;
      return state;
    case 'AccountFrozen':
      state.status = 'FROZEN';
      return state;
    case 'AccountUnfrozen':
      state.status = 'OPEN';
      return state;
    case 'AccountClosed':
      state.status = 'CLOSED';
      return state;
  }
}

/** The account's rules, as the kernel runs them. */
export const accountDecider: Decider<
  AccountState,
  AccountCommand | TransferCommand,
  AccountEvent,
  AccountRefusal
> = {
  aggregateType: 'account',
  stateVersion: 3,
  initial,
  decide,
  evolve,
  timers: transferTimers,
  resourceId: (command) => (command.type === 'ExecuteTrade' ? command.data.tradeId : undefined),
  resourceIdOfEvent: (event) => (event.type === 'TradeExecuted' ? event.data.tradeId : undefined),
  amending: accountAmending,
  digest: BALANCE_DIGESTS,
  reply: ([event]) => {
    switch (event?.type) {
      case 'TradeExecuted':
      case 'TradeCorrected':
      case 'TradeCancelled': {
        const { tradeId, cash, symbol, position } = event.data;
        return { tradeId, cash, position: replyPosition(symbol, position) };
      }
    }
    return {};
  },
};

function replyPosition(symbol: string, { quantity, averageCost, realizedPnl }: Position) {
  return { symbol, quantity, averageCost, realizedPnl };
}
