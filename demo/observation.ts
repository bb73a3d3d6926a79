/** What the platform shows after the commands: every account by every route that tells of it, and the whole feed. */
import type { Answer, Operations } from '../client/index.ts';
import { type AccountResource, type AuditReport, type Envelope, PAGE, type TradeRow } from './api.ts';
import { Chain } from './chain.ts';
import type { Client } from './client.ts';
import { forEachOf } from './concurrency.ts';
import type { Expectations } from './expectations.ts';
import { type Feed, readFeed } from './feed.ts';
import { TradeDigest } from './tradeDigest.ts';

/** One account, by every route. */
export interface ObservedAccount {
  /** The actor's own state. */
  readonly state: AccountResource;
  readonly audit: AuditReport;
  readonly portfolio: AccountResource;
  /** `X-Read-Source` of the portfolio. */
  readonly portfolioSource: string;
  /** The trades view, oldest first. */
  readonly trades: TradeDigest;
  /** The row of the sample trade, where it is this account's. */
  readonly sampleRow: TradeRow | undefined;
  /** The log as the actor gives it, hashed again here, where this account was one of the samples. */
  readonly log: Chain | undefined;
}

/** Everything. */
export interface Observation {
  readonly accounts: ReadonlyMap<string, ObservedAccount>;
  readonly feed: Feed;
}

/** How to look. */
export interface ObserveOptions {
  /** False on a platform that has events of others: the feed is then read from the time of our first event on. */
  readonly wholeFeed: boolean;
  readonly onProgress: (text: string) => void;
}

/** Accounts looked at side by side. */
const CONCURRENCY = 8;

/** Accounts whose whole log is read from the actor and hashed here again. */
const LOG_SAMPLES = 10;

/** Looks at every account of the books, and follows the feed to its end. */
export async function observe(
  client: Client,
  expectations: Expectations,
  { wholeFeed, onProgress }: ObserveOptions,
): Promise<Observation> {
  const ids = expectations.books.accountIds();
  const every = Math.ceil(ids.length / LOG_SAMPLES);
  const samples = new Set(ids.filter((_, index) => index % every === 0));
  const accounts = new Map<string, ObservedAccount>();
  await forEachOf(ids, CONCURRENCY, async (id) => {
    accounts.set(id, await observeAccount(client, id, samples.has(id), expectations));
    onProgress(`checking: ${accounts.size} of ${ids.length} accounts read`);
  });
  const from = wholeFeed ? undefined : await firstEventAt(client, ids);
  const feed = await readFeed(client, { expectations, from, onProgress });
  return { accounts, feed };
}

async function observeAccount(
  client: Client,
  id: string,
  readsLog: boolean,
  expectations: Expectations,
): Promise<ObservedAccount> {
  const params = { id };
  const { data: state } = await client.api.call('getAccount', { params });
  const { data: audit } = await client.api.call('auditAggregate', {
    params: { ...params, aggregateType: 'account' },
  });
  const portfolio = await client.api.call('getPortfolio', { params, query: { minVersion: state.version } });
  const rows = await readTrades(client, id);
  const trades = new TradeDigest(expectations.timed);
  for (const row of rows.toReversed()) trades.add(row);
  const { sample } = expectations;
  return {
    state,
    audit,
    portfolio: portfolio.data,
    portfolioSource: portfolio.headers.get('X-Read-Source') ?? 'nobody',
    trades,
    sampleRow: sample?.accountId === id ? rows.find((row) => row.version === sample.version) : undefined,
    log: readsLog ? await readLog(client, id) : undefined,
  };
}

type TradesPage = Operations['getTrades']['reply'];

/** Every row of the trades view, newest first. */
async function readTrades(client: Client, id: string): Promise<TradeRow[]> {
  const rows: TradeRow[] = [];
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const after: { cursor?: string } = cursor === undefined ? {} : { cursor };
    const { data }: Answer<TradesPage> = await client.api.call('getTrades', {
      params: { id },
      query: { limit: PAGE, ...after },
    });
    rows.push(...data.trades);
    cursor = data.nextCursor;
  }
  return rows;
}

/** The account's own log, page by page. */
export async function readLog(
  client: Client,
  id: string,
  onEvent: (event: Envelope) => void = () => undefined,
): Promise<Chain> {
  const chain = new Chain(id);
  for (let full = true; full; ) {
    const query = { fromVersion: chain.version + 1, limit: PAGE };
    const { data } = await client.api.call('getAccountEvents', { params: { id }, query });
    const events = data.events as readonly Envelope[];
    for (const event of events) {
      chain.add(event);
      onEvent(event);
    }
    full = events.length === PAGE && chain.fault === undefined;
  }
  return chain;
}

/** When the earliest of the accounts was opened, by the platform's clock. */
async function firstEventAt(client: Client, ids: readonly string[]): Promise<string | undefined> {
  let earliest: string | undefined;
  await forEachOf(ids, CONCURRENCY, async (id) => {
    const { data } = await client.api.call('getAccountEvents', { params: { id }, query: { limit: 1 } });
    const recordedAt = data.events[0]?.recordedAt;
    if (recordedAt !== undefined && (earliest === undefined || recordedAt < earliest)) earliest = recordedAt;
  });
  return earliest;
}
