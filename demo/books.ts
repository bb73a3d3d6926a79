/**
 * The demonstration's own books: what every account must hold and how every command must end, computed from the contract
 * with decimal.js and no code of the product. Where the platform and these books differ, one of them is wrong.
 */
import { hash } from 'node:crypto';
import { type AccountBook, judge, newAccount } from './accountBook.ts';
import type { Command, Outcome } from './commands.ts';
import { Exact, NOTHING, plain } from './exact.ts';
import { type PositionReport, reportPosition } from './positionBook.ts';

/** An account as the API shows it, for comparing. */
export interface AccountReport {
  readonly status: AccountBook['status'];
  readonly currency: string;
  readonly version: number;
  readonly cash: string;
  readonly fees: string;
  /** Every symbol ever traded, by symbol; closed positions keep their profit. */
  readonly positions: readonly PositionReport[];
  /** Events by type. */
  readonly events: Readonly<Record<string, number>>;
}

/** Both sides of cash + Σ cost basis = deposits − withdrawals − fees + Σ realised profit. */
export interface Conservation {
  readonly holds: boolean;
  /** Cash and what the positions cost. */
  readonly held: string;
  /** Where it came from. */
  readonly owed: string;
}

/** An accepted command, for recognising repeats. */
interface Accepted {
  readonly version: number;
  readonly digest: string;
}

interface Ledger {
  readonly account: AccountBook;
  readonly commands: Map<string, Accepted>;
  readonly trades: Map<string, Accepted>;
}

/** All accounts. Commands go in through {@link apply} in the order in which the platform gets them. */
export class Books {
  readonly #ledgers: Map<string, Ledger> = new Map();

  /** The account, or undefined before its first accepted command. */
  account(accountId: string): AccountBook | undefined {
    return this.#ledgers.get(accountId)?.account;
  }

  /** Ids of all accounts that were ever opened. */
  accountIds(): string[] {
    return [...this.#ledgers.keys()];
  }

  /** How the command would end now. Changes nothing. */
  preview(command: Command): Outcome {
    return this.#run(command, false);
  }

  /** How the command ends, and its effect on the books. */
  apply(command: Command): Outcome {
    return this.#run(command, true);
  }

  /** The account as the API must show it. Throws on one that was never opened. */
  report(accountId: string): AccountReport {
    const { status, currency, version, cash, fees, positions, events } = this.#open(accountId);
    return {
      status,
      currency,
      version,
      cash: plain(cash),
      fees: plain(fees),
      positions: [...positions]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([symbol, position]) => reportPosition(symbol, position)),
      events: { ...events },
    };
  }

  /** Whether nothing was made or lost in the account, exactly. Throws on one that was never opened. */
  conservation(accountId: string): Conservation {
    return compare(sidesOf(this.#open(accountId)));
  }

  /** The same over all accounts. */
  totalConservation(): Conservation {
    let held = NOTHING;
    let owed = NOTHING;
    for (const { account } of this.#ledgers.values()) {
      const sides = sidesOf(account);
      held = held.plus(sides.held);
      owed = owed.plus(sides.owed);
    }
    return compare({ held, owed });
  }

  #open(accountId: string): AccountBook {
    const account = this.account(accountId);
    if (account === undefined) throw new Error(`the books have no account ${accountId}`);
    return account;
  }

  #run(command: Command, commit: boolean): Outcome {
    const ledger = this.#ledgers.get(command.aggregateId) ?? {
      account: newAccount(),
      commands: new Map<string, Accepted>(),
      trades: new Map<string, Accepted>(),
    };
    const tradeId = command.type === 'ExecuteTrade' ? command.data.tradeId : undefined;
    const namesake = tradeId === undefined ? undefined : ledger.trades.get(tradeId);
    const earlier = ledger.commands.get(command.commandId) ?? namesake;
    if (earlier !== undefined) {
      if (earlier.digest !== bodyDigest(command)) return { status: 'refused', code: 'command_id_reused' };
      return { status: 'replayed', version: earlier.version };
    }
    const judgement = judge(ledger.account, command);
    if (typeof judgement === 'string') return { status: 'refused', code: judgement };
    const version = ledger.account.version + 1;
    if (commit) {
      judgement.change();
      ledger.account.version = version;
      ledger.account.events[judgement.event] = (ledger.account.events[judgement.event] ?? 0) + 1;
      const accepted = { version, digest: bodyDigest(command) };
      ledger.commands.set(command.commandId, accepted);
      if (tradeId !== undefined) ledger.trades.set(tradeId, accepted);
      this.#ledgers.set(command.aggregateId, ledger);
    }
    return { status: 'accepted', version };
  }
}

interface Sides {
  readonly held: Exact;
  readonly owed: Exact;
}

function sidesOf({ cash, deposits, withdrawals, fees, positions }: AccountBook): Sides {
  let held = cash;
  let owed = deposits.minus(withdrawals).minus(fees);
  for (const { costBasis, realizedPnl } of positions.values()) {
    held = held.plus(costBasis);
    owed = owed.plus(realizedPnl);
  }
  return { held, owed };
}

function compare({ held, owed }: Sides): Conservation {
  return { holds: held.eq(owed), held: plain(held), owed: plain(owed) };
}

/** Data that are decimals: `1.50` and `1.5` are the same there, and two different words in a reference. */
const DECIMAL_KEYS: ReadonlySet<string> = new Set([
  'amount',
  'fee',
  'initialBalance',
  'maxOrderNotional',
  'maxPositionNotional',
  'maxPositionQuantity',
  'price',
  'quantity',
]);

/**
 * What a repeat must have in common with the first: type and data, however decimals and keys were written. A digest, as
 * 32 bytes in a string, since the books of a long run must remember millions of them.
 */
function bodyDigest({ type, data }: Command): string {
  const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  const written = entries.map(([key, value]) => [
    key,
    DECIMAL_KEYS.has(key) && typeof value === 'string' ? plain(new Exact(value)) : value,
  ]);
  return hash('sha256', JSON.stringify([type, written]), 'buffer').toString('latin1');
}
