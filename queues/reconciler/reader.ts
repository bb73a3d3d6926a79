/**
 * Reads the events of accounts into the general ledger, each from where its book stands: so much at a time, and all of them in
 * the end, however many come between two looks.
 */
import { add, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { AccountBook, Reading } from '../../schemas/generalLedger.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import { NO_TOTALS, Postings } from './postings.ts';
import type { Untold } from './untold.ts';
import { answered, itself, type Verdict } from './verdict.ts';

/** Events of one answer of an account: of each part of a walk there is one at a time in memory, 300 kB of trades. */
const READ_EVENTS = 500;

/** An account's own state, as far as sums are made of it. */
export interface SummedAccount {
  readonly currency: string;
  readonly cash: string;
  readonly reserved: string;
  readonly expected: string;
  readonly outgoing: Readonly<Record<string, { readonly amount: string }>>;
  readonly incoming: Readonly<Record<string, { readonly amount: string }>>;
}

/** The world of the reader. */
export interface ReaderDeps {
  readonly untold: Untold;
  /** Events that one look reads, of all its accounts together. */
  readonly eventsMax: number;
  head(key: AggregateKey): Promise<number>;
  /** The account at a version; undefined where its log does not go that far. */
  state(key: AggregateKey, version: number): Promise<SummedAccount | undefined>;
  events(key: AggregateKey, fromVersion: number, limit: number): Promise<readonly EventEnvelope[]>;
  books(accountIds: readonly string[]): Promise<readonly AccountBook[]>;
  post(reading: Reading): Promise<boolean>;
}

/** An account that is about to be read. */
interface Unread {
  readonly key: AggregateKey;
  readonly head: number;
  readonly book: AccountBook | undefined;
}

/** What became of one. */
interface Read {
  readonly events: number;
  /** Undefined: there is nothing to say. */
  readonly verdict: Verdict | undefined;
}

/** Reads accounts on, and holds what they say against what moved. */
export class AccountReader {
  readonly #deps: ReaderDeps;
  #running: { readonly name: string; readonly verdicts: Promise<Verdict[]> } | undefined;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  /** Reads on in some accounts, and says whether they add up. Whoever asks for the same meanwhile is answered together. */
  read(keys: readonly AggregateKey[]): Promise<Verdict[]> {
    const name = keys.map(keyOf).join(' ');
    if (this.#running?.name === name) return this.#running.verdicts;
    const verdicts = this.#readAll(keys).finally(() => {
      if (this.#running?.verdicts === verdicts) this.#running = undefined;
    });
    this.#running = { name, verdicts };
    return verdicts;
  }

  async #readAll(keys: readonly AggregateKey[]): Promise<Verdict[]> {
    const { untold, eventsMax, head, books } = this.#deps;
    const known = await books(keys.map(({ aggregateId }) => aggregateId));
    const bookOf = new Map(known.map((book) => [book.accountId, book]));
    const unread = await answered(untold, keys, itself, async (key): Promise<Unread> => {
      return { key, head: await head(key), book: bookOf.get(key.aggregateId) };
    });
    // Those with little to read are read whole, and what they leave goes to the others.
    unread.sort((a, b) => eventsLeft(a) - eventsLeft(b));
    const verdicts: Verdict[] = [];
    let left = eventsMax;
    for (const [index, account] of unread.entries()) {
      const share = Math.floor(left / (unread.length - index));
      const [read] = await answered(
        untold,
        [account],
        ({ key }) => key,
        (one) => this.#readOne(one, share),
      );
      left -= read?.events ?? 0;
      if (read?.verdict !== undefined) verdicts.push(read.verdict);
    }
    return verdicts;
  }

  async #readOne({ key, head, book }: Unread, share: number): Promise<Read> {
    const fromVersion = book?.version ?? 0;
    const judged = (events: number, fault: string | undefined): Read => {
      return { events, verdict: { ...key, check: 'balance', where: 'cash', fault } };
    };
    if (head < fromVersion)
      return judged(0, `its log ends at version ${head}, and was read up to ${fromVersion} before`);
    const postings = new Postings(key.aggregateId, fromVersion, book ?? NO_TOTALS);
    const upTo = Math.min(head, fromVersion + share);
    while (postings.version < upTo) {
      const from = postings.version + 1;
      const events = await this.#deps.events(key, from, Math.min(READ_EVENTS, upTo - postings.version));
      if (events.length === 0) throw new Error(`the log did not give version ${from}`);
      const fault = postingFault(postings, events);
      if (fault !== undefined) return judged(upTo - fromVersion, fault);
    }
    const { version, totals, transfers } = postings;
    const state = await this.#deps.state(key, version);
    if (state === undefined) return { events: 0, verdict: undefined };
    const { currency, cash: held } = state;
    const read = { accountId: key.aggregateId, currency, version, head, held, ...totals };
    await this.#deps.post({ fromVersion, book: read, transfers });
    return judged(version - fromVersion, sumFault(postings.balance, state));
  }
}

function eventsLeft({ head, book }: Unread): number {
  return head - (book?.version ?? 0);
}

function postingFault(postings: Postings, events: readonly EventEnvelope[]): string | undefined {
  try {
    postings.add(events);
    return undefined;
  } catch (error) {
    return `its movements do not add up: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function sumFault(balance: string, state: SummedAccount): string | undefined {
  const { cash, reserved, expected, outgoing, incoming } = state;
  if (balance !== cash) return `holds ${cash}, and its movements come to ${balance}`;
  if (total(outgoing) !== parseDecimal(reserved))
    return `has ${reserved} set aside, and not for as much in transfers`;
  return total(incoming) === parseDecimal(expected)
    ? undefined
    : `expects ${expected}, and not as much in transfers`;
}

function total(transfers: SummedAccount['outgoing']): Scaled {
  return Object.values(transfers).reduce((sum, { amount }) => add(sum, parseDecimal(amount)), ZERO);
}
