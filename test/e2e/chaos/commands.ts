/** Commands at random, at the real prices of the default tape, over a number of accounts that grows. */
import type { Command, Intent } from '../../../demo/commands.ts';
import { defaultTape } from '../../../demo/defaultTape.ts';
import type { Random } from '../../../demo/random.ts';
import type { TapeTrade } from '../../../demo/tape.ts';

/** Trades to choose prices from. */
const TAPE_TRADES = 2_000;

/** Accounts at the beginning: few, so that clients meet on them. */
const ACCOUNTS_FIRST = 20;

/** Part of the commands that open a further account: the first announcement of an account is a moment of its own. */
const OPENING_SHARE = 0.01;

/** Makes commands; never the same id twice. */
export class CommandSource {
  readonly accountIds: string[] = [];
  readonly #random: Random;
  readonly #trades: readonly TapeTrade[];
  #lastId = 0;

  private constructor(random: Random, trades: readonly TapeTrade[]) {
    this.#random = random;
    this.#trades = trades;
  }

  /** A source over the prices of the default tape. */
  static async open(seed: number, random: Random): Promise<CommandSource> {
    return new CommandSource(random, await Array.fromAsync(defaultTape(TAPE_TRADES, seed)));
  }

  next(): Command {
    const random = this.#random;
    if (this.accountIds.length < ACCOUNTS_FIRST || random.chance(OPENING_SHARE)) return this.#opening();
    return this.#command(random.pick(this.accountIds), this.#intent());
  }

  #opening(): Command {
    const accountId = `chaos-a${this.accountIds.length}`;
    this.accountIds.push(accountId);
    const data = { customerId: 'customer-1', accountType: 'INDIVIDUAL', currency: 'USD' } as const;
    return this.#command(accountId, { type: 'OpenAccount', data: { ...data, initialBalance: '250000' } });
  }

  #command(aggregateId: string, intent: Intent): Command {
    this.#lastId += 1;
    return { commandId: `chaos-c${this.#lastId}`, aggregateType: 'account', aggregateId, ...intent };
  }

  #intent(): Intent {
    const random = this.#random;
    const kind = random.integer(100);
    if (kind < 70) return this.#trade();
    const amount = `${1 + random.integer(50_000)}.${10 + random.integer(90)}`;
    if (kind < 88) return { type: 'DepositFunds', data: { amount } };
    if (kind < 95) return { type: 'WithdrawFunds', data: { amount } };
    if (kind < 98) return { type: 'SetLimits', data: { allowShort: random.chance(0.5) } };
    if (kind < 99) return { type: 'FreezeAccount', data: { reason: 'review' } };
    return { type: 'UnfreezeAccount', data: { reason: 'review ended' } };
  }

  #trade(): Intent {
    const random = this.#random;
    const { symbol, price, quantity, executedAt } = random.pick(this.#trades);
    this.#lastId += 1;
    return {
      type: 'ExecuteTrade',
      data: {
        tradeId: `chaos-t${this.#lastId}`,
        symbol,
        price,
        quantity,
        side: random.chance(0.6) ? 'BUY' : 'SELL',
        fee: `0.0${1 + random.integer(9)}`,
        ...(executedAt === undefined ? {} : { executedAt }),
      },
    };
  }
}
