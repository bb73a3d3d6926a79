/** Follows `GET /v1/events` from its beginning to its end, and keeps of each account what can be checked. */
import { type Envelope, PAGE } from './api.ts';
import { Chain } from './chain.ts';
import type { Client } from './client.ts';
import { Exact, NOTHING } from './exact.ts';
import type { Expectations } from './expectations.ts';
import { count } from './figures.ts';
import { TradeDigest } from './tradeDigest.ts';

/** A holding as its last trade left it. */
interface FeedPosition {
  readonly costBasis: string;
  readonly realizedPnl: string;
}

/** One account as its events in the feed tell it. */
export class FeedAccount {
  /** Every event once, in order, and as its hash says. */
  readonly chain: Chain;
  readonly trades: TradeDigest;
  /** Events by type. */
  readonly events: Record<string, number> = {};
  deposits = NOTHING;
  withdrawals = NOTHING;
  /** As the newest event that moved money says. */
  cash = '0';
  fees = '0';
  readonly positions = new Map<string, FeedPosition>();

  constructor(accountId: string, timed: boolean) {
    this.chain = new Chain(accountId);
    this.trades = new TradeDigest(timed);
  }

  add(event: Envelope): void {
    this.chain.add(event);
    const { eventType, version } = event;
    this.events[eventType] = (this.events[eventType] ?? 0) + 1;
    // Shapes as in `GET /v1/event-types`; a wrong one shows in the sums.
    const data = event.data as Record<string, string> & { position: FeedPosition };
    if (eventType === 'AccountOpened') this.deposits = this.deposits.plus(data.cash ?? Number.NaN);
    if (eventType === 'FundsDeposited') this.deposits = this.deposits.plus(data.amount ?? Number.NaN);
    if (eventType === 'FundsWithdrawn') this.withdrawals = this.withdrawals.plus(data.amount ?? Number.NaN);
    if (data.cash !== undefined) this.cash = data.cash;
    if (eventType !== 'TradeExecuted') return;
    this.fees = data.fees ?? 'NaN';
    this.positions.set(data.symbol ?? '', data.position);
    this.trades.add({ ...(data as unknown as Parameters<TradeDigest['add']>[0]), version });
  }

  /** Cash and what the positions cost; and where it came from: the two must be equal. */
  sides(): { held: Exact; owed: Exact } {
    let held = new Exact(this.cash);
    let owed = this.deposits.minus(this.withdrawals).minus(this.fees);
    for (const { costBasis, realizedPnl } of this.positions.values()) {
      held = held.plus(costBasis);
      owed = owed.plus(realizedPnl);
    }
    return { held, owed };
  }
}

/** The feed, read to its end. */
export interface Feed {
  readonly accounts: ReadonlyMap<string, FeedAccount>;
  /** Events of our accounts. */
  readonly events: number;
  /** Events of accounts that are not ours. */
  readonly foreign: number;
  /** The sample trade's event, and the how-manieth of our events it was. */
  readonly sample: { readonly event: Envelope; readonly place: number } | undefined;
  /** What following the last `next` once more gave: nothing, as long as nobody sends commands. */
  readonly eventsAfterEnd: number;
}

interface FeedPage {
  readonly events: readonly Envelope[];
  readonly next: string;
  readonly more: boolean;
}

/** Reads everything, or what was recorded at or after `from`. */
export async function readFeed(
  client: Client,
  options: {
    readonly expectations: Expectations;
    readonly from: string | undefined;
    readonly onProgress: (text: string) => void;
  },
): Promise<Feed> {
  const { expectations, from, onProgress } = options;
  const reader = new FeedReader(expectations);
  const filter = from === undefined ? '' : `&from=${from}`;
  const read = (next: string | undefined) =>
    client.json<FeedPage>(`/v1/events?limit=${PAGE}${filter}${next === undefined ? '' : `&after=${next}`}`);
  let page = await read(undefined);
  while (page.events.length > 0 || page.more) {
    // Asked for before the page is worked through: the platform fetches while we hash.
    const following = read(page.next);
    following.catch(() => undefined);
    for (const event of page.events) reader.add(event);
    onProgress(`checking: ${count(reader.events)} events of the feed read`);
    page = await following;
  }
  return reader.feed((await read(page.next)).events.length);
}

class FeedReader {
  events = 0;
  #foreign = 0;
  #sample: Feed['sample'];
  readonly #accounts: Map<string, FeedAccount>;
  readonly #expectations: Expectations;

  constructor(expectations: Expectations) {
    this.#expectations = expectations;
    const ids = expectations.books.accountIds();
    this.#accounts = new Map(ids.map((id) => [id, new FeedAccount(id, expectations.timed)]));
  }

  add(event: Envelope): void {
    const account = this.#accounts.get(event.aggregateId);
    if (account === undefined) {
      this.#foreign += 1;
      return;
    }
    this.events += 1;
    account.add(event);
    const { sample } = this.#expectations;
    if (event.aggregateId === sample?.accountId && event.version === sample.version) {
      this.#sample = { event, place: this.events };
    }
  }

  feed(eventsAfterEnd: number): Feed {
    return {
      accounts: this.#accounts,
      events: this.events,
      foreign: this.#foreign,
      sample: this.#sample,
      eventsAfterEnd,
    };
  }
}
