/** One account as the auditor keeps it: in integers of its own, from what the commands said and not from what was stored. */
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import type { AccountTransfers } from './accountTransfers.ts';
import type { AuditedEvent, Book, Due } from './book.ts';
import { accountTypeOf } from './eras.ts';
import { units } from './exact.ts';
import { equal, type Row, TradeBook } from './tradeBook.ts';

interface Holding {
  /** Fields of the last stored position, as texts, once they have been found right. */
  stored: Readonly<Record<string, string>>;
  version: number;
}

const NO_LIMITS = {
  allowShort: false,
  maxOrderNotional: null,
  maxPositionNotional: null,
  maxPositionQuantity: null,
};

export class AccountBook implements Book {
  readonly transfers: AccountTransfers;
  status = 'UNOPENED';
  cash = 0n;
  /** What came in from outside of the platform, less what went out. */
  outside = 0n;
  limits: Record<string, unknown> = NO_LIMITS;
  readonly holdings = new Map<string, Holding>();
  readonly trades = new TradeBook();
  #cashText = '0';
  #feesText = '0';
  #reservedText = '0';
  #opened: AuditedEvent | undefined;
  #last: AuditedEvent | undefined;
  /** Deposits − withdrawals − fees + transfers, as the commands had them. */
  #paidIn = 0n;

  constructor(transfers: AccountTransfers) {
    this.transfers = transfers;
  }

  /** What the account is kept in; undefined before it is opened. */
  get currency(): string | undefined {
    return this.#opened?.data.currency as string | undefined;
  }

  fits(body: Body, event: AuditedEvent): boolean {
    return this.transfers.fits(body, event) ?? accountEventFits(body, event);
  }

  platformBody(event: AuditedEvent, commandId: string): Body | undefined {
    return this.transfers.platformBody(event, commandId);
  }

  due(): Iterable<Due> {
    return this.transfers.due();
  }

  /** Books an event that this command caused. */
  apply(event: AuditedEvent, { data }: Body): void {
    switch (event.type) {
      case 'AccountOpened':
        this.#opened = event;
        this.status = 'OPEN';
        this.#pay(units(String(data.initialBalance ?? '0')));
        break;
      case 'FundsDeposited':
        this.#pay(units(String(data.amount)));
        break;
      case 'FundsWithdrawn':
        this.#pay(-units(String(data.amount)));
        break;
      case 'TradeExecuted':
        this.#trade(event, data);
        break;
      case 'TradeCorrected':
      case 'TradeCancelled':
        this.#amend(event, data);
        break;
      case 'LimitsSet':
        this.limits = { ...this.limits, ...data };
        break;
      case 'AccountFrozen':
        this.status = 'FROZEN';
        break;
      case 'AccountUnfrozen':
        this.status = 'OPEN';
        break;
      case 'AccountClosed':
        this.status = 'CLOSED';
        break;
      default:
        this.#move(this.transfers.apply(event, this.cash));
    }
    if (typeof event.data.cash === 'string') this.#cashText = event.data.cash;
    if (typeof event.data.reserved === 'string') this.#reservedText = event.data.reserved;
    if (typeof event.data.fees === 'string') this.#feesText = event.data.fees;
    this.#last = event;
    this.#balance(event);
  }

  /** The account's row of the accounts view; none before it is opened. */
  accountRows(accountId: string): Row[] {
    if (this.#opened === undefined || this.#last === undefined) return [];
    const { currency, customerId } = this.#opened.data as Record<string, string>;
    const row = {
      account_id: accountId,
      customer_id: customerId ?? '',
      account_type: String(accountTypeOf(this.#opened)),
      currency: currency ?? '',
      status: this.status,
      cash: this.#cashText,
      reserved: this.#reservedText,
      fees: this.#feesText,
      limits: JSON.stringify(this.limits),
      version: this.#last.version,
      opened_at: this.#opened.recordedAt,
      updated_at: this.#last.recordedAt,
    };
    return [row];
  }

  /** Rows of the positions view. */
  positionRows(accountId: string): Row[] {
    return [...this.holdings].map(([symbol, { stored, version }]) => ({
      account_id: accountId,
      symbol,
      quantity: stored.quantity ?? '',
      average_cost: stored.averageCost ?? '',
      cost_basis: stored.costBasis ?? '',
      realized_pnl: stored.realizedPnl ?? '',
      version,
    }));
  }

  #pay(amount: bigint): void {
    this.outside += amount;
    this.#move(amount);
  }

  #move(amount: bigint): void {
    this.cash += amount;
    this.#paidIn += amount;
  }

  #trade(event: AuditedEvent, data: Readonly<Record<string, unknown>>): void {
    const { cash, fee } = this.trades.book(event, data);
    this.#settle(event, cash, fee);
  }

  /** A correction moves what it changes, and leaves the position that all trades in the symbol give. */
  #amend(event: AuditedEvent, data: Readonly<Record<string, unknown>>): void {
    const { cash, fee } = this.trades.amend(event, data);
    const changes = event.data.changes as Record<string, string>;
    equal('corrections say what they change', units(changes.cash ?? ''), cash, event);
    equal('corrections say what they change', units(changes.fees ?? ''), fee, event);
    this.#settle(event, cash, fee);
  }

  #settle(event: AuditedEvent, cash: bigint, fee: bigint): void {
    this.cash += cash;
    this.outside += cash;
    this.#paidIn -= fee;
    const symbol = String(event.data.symbol);
    const stored = event.data.position as Record<string, string>;
    this.holdings.set(symbol, { stored, version: event.version });
    this.trades.check(event, symbol, stored);
  }

  /** Money is conserved: cash + Σ cost of what is held = paid in + Σ realised profit. */
  #balance(event: AuditedEvent): void {
    equal('cash is exact', units(this.#cashText), this.cash, event);
    equal('cash is exact', units(this.#reservedText), this.transfers.reserved, event);
    if (this.transfers.reserved > this.cash)
      throw new Breach('reserved money is not spent', `${event.aggregateId} version ${event.version}`);
    let cost = 0n;
    let realized = 0n;
    for (const { stored } of this.holdings.values()) {
      cost += units(stored.costBasis ?? '');
      realized += units(stored.realizedPnl ?? '');
    }
    equal('money is conserved', this.cash + cost, this.#paidIn + realized, event);
  }
}

function accountEventFits({ type, data }: Body, event: AuditedEvent): boolean {
  const stored = event.data;
  const same = (...names: string[]) => names.every((name) => stored[name] === data[name]);
  switch (type) {
    case 'OpenAccount':
      return (
        event.type === 'AccountOpened' &&
        same('customerId', 'currency') &&
        accountTypeOf(event) === data.accountType &&
        stored.cash === (data.initialBalance ?? '0')
      );
    case 'DepositFunds':
      return (
        event.type === 'FundsDeposited' && same('amount') && stored.reference === (data.reference ?? null)
      );
    case 'WithdrawFunds':
      return (
        event.type === 'FundsWithdrawn' && same('amount') && stored.reference === (data.reference ?? null)
      );
    case 'ExecuteTrade':
      return (
        event.type === 'TradeExecuted' &&
        same('tradeId', 'symbol', 'quantity', 'price', 'side') &&
        stored.fee === (data.fee ?? '0') &&
        (data.executedAt === undefined || same('executedAt'))
      );
    case 'CorrectTrade':
    case 'CancelTrade':
      return (
        event.type === (type === 'CorrectTrade' ? 'TradeCorrected' : 'TradeCancelled') &&
        same(...Object.keys(data))
      );
    case 'SetLimits':
      return event.type === 'LimitsSet' && same(...Object.keys(data));
    default: {
      const events: Record<string, string> = {
        FreezeAccount: 'AccountFrozen',
        UnfreezeAccount: 'AccountUnfrozen',
        CloseAccount: 'AccountClosed',
      };
      return event.type === events[type] && same('reason');
    }
  }
}
