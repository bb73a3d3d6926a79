/**
 * Turns a tape of trades into the API commands of a trading day over many accounts, each with the outcome that the books
 * foresee. The same tape, options and seed give the same commands.
 */
import type { Books } from './books.ts';
import type { Intent, LimitsData } from './commands.ts';
import { Dispatcher, type Expected, type WorkloadCounts } from './dispatcher.ts';
import { Exact, NOTHING, plain, round8 } from './exact.ts';
import { type Random, seededRandom } from './random.ts';
import { sendRefusal } from './refusals.ts';
import { sendRepeat } from './repeats.ts';
import type { TapeTrade } from './tape.ts';

export type { Command, Outcome, RefusalCode } from './commands.ts';
export type { Expected, WorkloadCounts } from './dispatcher.ts';

/** What to make of a tape. */
export interface WorkloadOptions {
  readonly seed: number;
  /** Accounts that trade, at least one. */
  readonly accounts: number;
  /** Commands in a batch, at most {@link BATCH_COMMANDS_MAX}. */
  readonly batchSize?: number;
  /** Share of all commands that the accounts' rules must refuse. */
  readonly refusedShare?: number;
  /** Share of all commands that repeat an earlier one. */
  readonly repeatShare?: number;
  /** Share of the trades with a fee. */
  readonly feeShare?: number;
  /** Begins every id, so that runs against one platform do not meet. Given, it replaces `demo<seed>`. */
  readonly prefix?: string;
}

/** Commands the contract takes in a batch. At some 300 bytes each they stay far below its 8 MiB. */
export const BATCH_COMMANDS_MAX = 10_000;

/** Shares where the options give none: enough of everything in some thousand commands to see every rule at work. */
export const WORKLOAD_DEFAULTS = {
  batchSize: 500,
  refusedShare: 0.06,
  repeatShare: 0.04,
  feeShare: 0.4,
} as const;

const DEPOSIT_SHARE = 0.04;
const WITHDRAWAL_SHARE = 0.04;
const LIMITS_SHARE = 0.005;

/** Part of the withdrawals that take everything, fractions of a cent included. */
const EMPTYING_SHARE = 0.1;

/** Part of the trades whose command id is the trade id, as simple clients do. */
const SHARED_ID_SHARE = 0.25;

const OPENING_CENTS_MAX = 100_000_000;
const DEPOSIT_CENTS_MAX = 5_000_000;
const FEE_CENTS_MAX = 1_000;

/** Fee per share, as US brokers charge it: brings fractions of a cent into the cash. */
const FEE_PER_SHARE = '0.0035';

/** Limits of the accounts that have some: wide enough for most of a tape's trades. */
const LIMITS: LimitsData = {
  maxOrderNotional: '250000',
  maxPositionQuantity: '20000',
  maxPositionNotional: '1000000',
};

/** The generator: {@link batches} once, then `counts` and `books` tell what the platform must hold. */
export class Workload {
  readonly seed: number;
  /** Accounts that trade; the first takes every trade (no limits, may go short), so that no trade of a tape is lost. */
  readonly accountIds: readonly string[];
  /** Opened and closed at once, for what must be refused. */
  readonly closedId: string;
  readonly #options: Required<WorkloadOptions>;
  readonly #random: Random;
  readonly #dispatcher: Dispatcher;

  constructor(options: WorkloadOptions) {
    const prefix = options.prefix ?? `demo${options.seed}`;
    this.#options = { ...WORKLOAD_DEFAULTS, ...options, prefix };
    checkOptions(this.#options);
    this.seed = options.seed;
    this.#random = seededRandom(options.seed);
    this.#dispatcher = new Dispatcher(prefix, this.#random);
    this.accountIds = Array.from({ length: options.accounts }, (_, index) => `${prefix}-a${index}`);
    this.closedId = `${prefix}-closed`;
  }

  /** What the platform must hold after the commands generated so far. */
  get books(): Books {
    return this.#dispatcher.books;
  }

  get counts(): Readonly<WorkloadCounts> {
    return this.#dispatcher.counts;
  }

  /** For people: what the workload is and the seed that makes it again. */
  describe(): string {
    const { accounts, refusedShare, repeatShare, feeShare } = this.#options;
    const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
    return (
      `seed ${this.seed}: ${accounts} accounts, ${percent(refusedShare)} of the commands to be refused, ` +
      `${percent(repeatShare)} repeats, fees on ${percent(feeShare)} of the trades`
    );
  }

  /**
   * The commands in batches, with the outcome of each. Batches must be sent in order, one after the other: the outcomes
   * depend on it. Every trade of the tape becomes one accepted trade, at its price, quantity, time and, where it has one,
   * side.
   */
  async *batches(tape: AsyncIterable<TapeTrade> | Iterable<TapeTrade>): AsyncGenerator<readonly Expected[]> {
    const { batchSize } = this.#options;
    this.#openAccounts();
    for await (const trade of tape) {
      this.#placeTrade(trade);
      this.#moveFunds();
      this.#mixIn(trade);
      while (this.#dispatcher.waiting >= batchSize) yield this.#dispatcher.take(batchSize);
    }
    while (this.#dispatcher.waiting > 0) yield this.#dispatcher.take(batchSize);
  }

  #openAccounts(): void {
    for (const [index, accountId] of this.accountIds.entries()) {
      const initialBalance = cents(this.#random.integer(OPENING_CENTS_MAX));
      const accountType = this.#random.chance(0.2) ? 'CORPORATE' : 'INDIVIDUAL';
      const customerId = `customer-${index}`;
      const data = {
        customerId,
        accountType,
        currency: 'USD',
        ...(index % 5 === 4 ? {} : { initialBalance }),
      } as const;
      this.#dispatcher.accept(accountId, { type: 'OpenAccount', data });
      const allowShort = index % 4 === 0;
      const limits = index % 3 === 1 ? LIMITS : {};
      if (allowShort || index % 3 === 1) {
        this.#dispatcher.accept(accountId, {
          type: 'SetLimits',
          data: { ...limits, ...(allowShort ? { allowShort } : {}) },
        });
      }
    }
    const data = { customerId: 'customer-gone', accountType: 'INDIVIDUAL', currency: 'USD' } as const;
    this.#dispatcher.accept(this.closedId, { type: 'OpenAccount', data });
    this.#dispatcher.accept(this.closedId, { type: 'CloseAccount', data: { reason: 'opened by mistake' } });
  }

  /** Gives the trade to a random account, or to the next that its rules allow it; cash is paid in where it lacks. */
  #placeTrade(trade: TapeTrade): void {
    const fee = this.#fee(trade);
    const start = this.#random.integer(this.accountIds.length);
    const lastResort = this.accountIds[0] as string;
    for (const offset of this.accountIds.keys()) {
      const accountId = this.accountIds[(start + offset) % this.accountIds.length] as string;
      if (this.#tryTrade(accountId, trade, fee)) return;
    }
    throw new Error(`${lastResort} cannot take ${JSON.stringify(trade)}`);
  }

  #tryTrade(accountId: string, trade: TapeTrade, fee: Exact): boolean {
    const { symbol, price, quantity, executedAt } = trade;
    const side = trade.side ?? this.#side(accountId, trade);
    const tradeId = this.#dispatcher.newId('t');
    const when = executedAt === undefined ? {} : { executedAt };
    const charge = fee.isZero() ? {} : { fee: plain(fee) };
    const data = { tradeId, symbol, quantity, price, side, ...charge, ...when };
    const intent: Intent = { type: 'ExecuteTrade', data };
    const outcome = this.#dispatcher.preview(accountId, intent);
    if (outcome.status === 'refused') {
      if (outcome.code !== 'insufficient_funds') return false;
      this.#fund(accountId, trade, side, fee);
    }
    this.#dispatcher.accept(accountId, intent, this.#random.chance(SHARED_ID_SHARE) ? tradeId : undefined);
    return true;
  }

  /** Sells what is held or may be sold short half of the time, and buys otherwise. */
  #side(accountId: string, { symbol, quantity }: TapeTrade): 'BUY' | 'SELL' {
    const account = this.books.account(accountId);
    const held = account?.positions.get(symbol)?.quantity ?? NOTHING;
    const sellable = account?.limits.allowShort || held.gte(quantity);
    return sellable && this.#random.chance(0.5) ? 'SELL' : 'BUY';
  }

  #fee({ quantity }: TapeTrade): Exact {
    if (!this.#random.chance(this.#options.feeShare)) return NOTHING;
    if (this.#random.chance(0.5)) return round8(new Exact(quantity).times(FEE_PER_SHARE));
    return new Exact(cents(1 + this.#random.integer(FEE_CENTS_MAX)));
  }

  /** Pays in what the trade lacks and up to three times as much again. */
  #fund(accountId: string, { price, quantity }: TapeTrade, side: 'BUY' | 'SELL', fee: Exact): void {
    const value = round8(new Exact(price).times(quantity));
    const cost = (side === 'BUY' ? value : value.neg()).plus(fee);
    const lacking = cost.minus(this.books.account(accountId)?.cash ?? NOTHING);
    const amount = lacking.times(1 + this.#random.integer(4)).toDecimalPlaces(2, Exact.ROUND_UP);
    this.#dispatcher.accept(accountId, {
      type: 'DepositFunds',
      data: { amount: plain(amount), reference: 'margin call' },
    });
  }

  #moveFunds(): void {
    const accountId = this.#random.pick(this.accountIds);
    if (this.#random.chance(DEPOSIT_SHARE)) {
      const amount = cents(1 + this.#random.integer(DEPOSIT_CENTS_MAX));
      this.#dispatcher.accept(accountId, { type: 'DepositFunds', data: { amount } });
    }
    if (this.#random.chance(WITHDRAWAL_SHARE)) this.#withdraw(accountId);
    if (this.#random.chance(LIMITS_SHARE)) this.#changeLimits(accountId);
  }

  #withdraw(accountId: string): void {
    const cash = this.books.account(accountId)?.cash ?? NOTHING;
    const everything = this.#random.chance(EMPTYING_SHARE);
    const amount = everything
      ? cash
      : cash.div(2 + this.#random.integer(10)).toDecimalPlaces(2, Exact.ROUND_DOWN);
    if (amount.isZero()) return;
    this.#dispatcher.accept(accountId, { type: 'WithdrawFunds', data: { amount: plain(amount) } });
  }

  /** Lifts a limit or sets it anew, on an account that has limits. */
  #changeLimits(accountId: string): void {
    if (this.accountIds.indexOf(accountId) % 3 !== 1) return;
    const maxOrderNotional = this.#random.chance(0.5) ? null : `${100_000 + this.#random.integer(400_000)}`;
    this.#dispatcher.accept(accountId, { type: 'SetLimits', data: { maxOrderNotional } });
  }

  /** Keeps refusals and repeats at their share of all commands. */
  #mixIn(trade: TapeTrade): void {
    const { refusedShare, repeatShare } = this.#options;
    const { counts } = this.#dispatcher;
    while (counts.refused < Math.floor(refusedShare * counts.commands)) {
      const accountId = this.#random.pick(this.accountIds);
      const account = this.books.account(accountId);
      if (account === undefined) throw new Error(`${accountId} was not opened`);
      const { closedId } = this;
      sendRefusal({
        dispatcher: this.#dispatcher,
        random: this.#random,
        accountId,
        account,
        closedId,
        trade,
      });
    }
    while (counts.repeated < Math.floor(repeatShare * counts.commands))
      sendRepeat(this.#dispatcher, this.#random);
  }
}

/** Above this share, refusals and repeats would leave too little room for the commands that they need themselves. */
const SHARE_MAX = 0.3;

function checkOptions({
  accounts,
  batchSize,
  refusedShare,
  repeatShare,
  feeShare,
  prefix,
}: Required<WorkloadOptions>) {
  const within = (value: number, min: number, max: number) => value >= min && value <= max;
  if (!Number.isInteger(accounts) || accounts < 1)
    throw new RangeError('accounts must be a whole number of at least 1');
  if (!Number.isInteger(batchSize) || !within(batchSize, 1, BATCH_COMMANDS_MAX)) {
    throw new RangeError(`batchSize must be a whole number from 1 to ${BATCH_COMMANDS_MAX}`);
  }
  if (!within(refusedShare, 0, SHARE_MAX) || !within(repeatShare, 0, SHARE_MAX)) {
    throw new RangeError(`refusedShare and repeatShare must be from 0 to ${SHARE_MAX}`);
  }
  if (!within(feeShare, 0, 1)) throw new RangeError('feeShare must be from 0 to 1');
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(prefix))
    throw new RangeError('prefix must be 1 to 40 of A-Z, a-z, 0-9, _ and -');
}

function cents(count: number): string {
  return plain(new Exact(count).div(100));
}
