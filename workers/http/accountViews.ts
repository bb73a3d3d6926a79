/** Accounts as the views have them, and their own actors where those fail or are behind: for REST and for GraphQL. */
import type { Context } from 'hono';
import { z } from 'zod';
import { SymbolName, Time, Version } from '../../schemas/scalars.ts';
import { Side } from '../../schemas/trade.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { type Env, viewDatabases } from '../env.ts';
import { inTime } from '../inTime.ts';
import { AnswerCache } from '../reads/answerCache.ts';
import { readByHolder } from '../reads/many.ts';
import { mergedPage, type Page } from '../reads/merged.ts';
import { type PortfolioRead, readPortfolios } from '../reads/portfolio.ts';
import type { KeptAnswer } from '../reads/recentAnswers.ts';
import type { Backwards } from '../reads/slice.ts';
import { staleHeader } from '../reads/stale.ts';
import { readTrades, type TradeRow } from '../reads/trades.ts';
import { entityTag } from './conditional.ts';
import type { HttpEnv } from './context.ts';
import { cursorOf } from './cursor.ts';
import { goOn } from './gateway.ts';
import { PageLimit } from './query.ts';
import type { AccountReply, TradesReply } from './replies.ts';
import { accountNotFound, accountOwner, accountReply, type ShownAccount } from './routes/accounts.ts';

/** An account as it is shown, and who has told of it. */
export interface ShownPortfolio {
  readonly account: AccountReply;
  readonly source: 'view' | 'actor';
  /** The version that the view has reached, 0 for none. */
  readonly viewVersion: number;
  readonly staleSince: number | undefined;
}

/** What the views have of some accounts, by id; nothing where they do not answer: then the actors do. */
export async function portfoliosInViews(
  c: Context<HttpEnv>,
  ids: readonly string[],
): Promise<Map<string, PortfolioRead>> {
  return readByHolder(viewDatabases(c.env), ids, async (database, own) => {
    try {
      return await inTime('the view database', readPortfolios(database, own));
    } catch (error) {
      c.get('logger').log('warn', 'view not read; the actor answers', {
        correlationId: c.get('correlationId'),
        aggregateType: 'account',
        aggregateId: own.join(' '),
        ...errorFields(error),
      });
      return new Map();
    }
  });
}

/** The account from the view, where that has come as far as `minVersion`; else from its actor. Ends with 404 where there is none. */
export async function shownPortfolio(
  env: Env,
  id: string,
  read: PortfolioRead | undefined,
  minVersion = 1,
): Promise<ShownPortfolio> {
  const { view, staleSince } = read ?? { staleSince: undefined };
  const viewVersion = view?.version ?? 0;
  if (view !== undefined && view.version >= minVersion) {
    return { account: fromView(id, view), source: 'view', viewVersion, staleSince };
  }
  const own = await accountOwner(env, id).read();
  if (own === null) throw accountNotFound(id);
  return { account: accountReply(id, own.state, own.version), source: 'actor', viewVersion, staleSince };
}

function fromView(id: string, view: NonNullable<PortfolioRead['view']>): AccountReply {
  const { customerId, accountType, status, currency, cash, reserved, fees, limits } = view.account;
  const positions = Object.fromEntries(view.positions.map((position) => [position.symbol, position]));
  const state = {
    customerId,
    accountType,
    status,
    currency,
    cash,
    reserved,
    fees,
    limits: JSON.parse(limits),
    positions,
  };
  return accountReply(id, state as ShownAccount, view.version);
}

/**
 * The answer to whoever asks for an account's portfolio: one that was kept a moment ago, where that will do, or a new one. Whoever
 * finds the kept one near its end is given it all the same, and the next one is read after the answer has left.
 */
export async function portfolioAnswer(c: Context<HttpEnv>, id: string, minVersion = 1): Promise<KeptAnswer> {
  const cache = answerCache(c);
  const path = `/portfolio/${id}`;
  const readAnew = async () => {
    const answer = await newAnswer(c, id, minVersion);
    // The actor has its answers in memory: only what the views were asked for is kept.
    if (answer.headers['X-Read-Source'] === 'view') goOn(c, cache?.keep(path, answer));
    return answer;
  };
  const kept = await cache?.find(path, minVersion);
  if (kept === undefined) return readAnew();
  // Where that fails, the kept answer ends when it would have, and its next reader is told why.
  if (cache?.takesRenewal(path) === true)
    goOn(
      c,
      Promise.allSettled([readAnew()]).then(() => undefined),
    );
  return kept;
}

/** Where answers are kept; undefined for whoever asks for a new one (RFC 9111, section 5.2.1.4). */
function answerCache(c: Context<HttpEnv>): AnswerCache | undefined {
  if (c.req.header('Cache-Control')?.includes('no-cache') === true) return undefined;
  // An object's id is made of its name and of the namespace, which no two environments share.
  const environment = () => c.env.ACCOUNTS.idFromName('answers').toString();
  return new AnswerCache(caches.default, environment, (error) => {
    const correlationId = c.get('correlationId');
    c.get('logger').log('warn', 'answer cache failed', { correlationId, ...errorFields(error) });
  });
}

async function newAnswer(c: Context<HttpEnv>, id: string, minVersion: number): Promise<KeptAnswer> {
  const views = await portfoliosInViews(c, [id]);
  const shown = await shownPortfolio(c.env, id, views.get(id), minVersion);
  const { account, source, viewVersion, staleSince } = shown;
  const headers = {
    'Content-Type': 'application/json',
    ETag: entityTag(account.version),
    'X-Read-Source': source,
    'X-View-Version': String(viewVersion),
    ...staleHeader(staleSince),
  };
  return { version: account.version, body: JSON.stringify(account), headers };
}

/** Which trades are wanted. */
export const TradesQuery = z.strictObject({
  symbol: SymbolName.optional(),
  side: Side.optional(),
  from: Time.optional().meta({ description: 'Executed at this time or later.' }),
  to: Time.optional().meta({ description: 'Executed before this time.' }),
  limit: PageLimit,
  cursor: cursorOf(Version, 'The `nextCursor` of the page before.').optional(),
});

/** A page of an account's trades, and the version at which the list goes on. */
export interface TradesPage extends Page<TradeRow, number> {
  readonly staleSince: number | undefined;
}

/** Pages of the trades of some accounts, by their ids. */
export async function tradesInViews(
  env: Env,
  ids: readonly string[],
  { from, to, cursor, limit, ...asked }: z.output<typeof TradesQuery> & Backwards<number>,
): Promise<Map<string, TradesPage>> {
  const filter = {
    ...asked,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    after: cursor,
    limit: limit + 1,
  };
  return readByHolder(viewDatabases(env), ids, async (database, own) => {
    const reads = await readTrades(database, own, filter);
    const pages = Array.from(reads, ([id, { rows, staleSince }]): [string, TradesPage] => {
      const page = mergedPage(rows, { ...TRADE_ORDER, limit, fromEnd: asked.fromEnd });
      return [id, { ...page, staleSince }];
    });
    return new Map(pages);
  });
}

const TRADE_ORDER = {
  keyOf: ({ version }: TradeRow) => version,
  compare: (one: number, other: number) => other - one,
};

/** A trade as the API shows it. */
export function tradeReply({
  accountId: _,
  side,
  executedAt,
  recordedAt,
  ...trade
}: TradeRow): TradesReply['trades'][number] {
  return {
    ...trade,
    side: side as 'BUY' | 'SELL',
    executedAt: new Date(executedAt).toISOString(),
    recordedAt: new Date(recordedAt).toISOString(),
  };
}
