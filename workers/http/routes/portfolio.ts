/** Reads of an account from the views: portfolio and trades. */
import type { Context } from 'hono';
import { z } from 'zod';
import { partOf } from '../../../schemas/partition.ts';
import { SymbolName, Time, Version } from '../../../schemas/scalars.ts';
import { Side } from '../../../schemas/trade.ts';
import { errorFields } from '../../../telemetry/logger.ts';
import { type Env, viewDatabases } from '../../env.ts';
import { inTime } from '../../inTime.ts';
import { AnswerCache, type KeptAnswer } from '../../reads/answerCache.ts';
import { type PortfolioRead, readPortfolio } from '../../reads/portfolio.ts';
import { staleHeader } from '../../reads/stale.ts';
import { readTrades } from '../../reads/trades.ts';
import { entityTag } from '../conditional.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { goOn } from '../gateway.ts';
import { IdParams, type Route, route } from '../operation.ts';
import { PageLimit, QueryVersion } from '../query.ts';
import { AccountReply, TradesReply } from '../replies.ts';
import { accountNotFound, accountOwner, accountReply, type ShownAccount } from './accounts.ts';

export const PortfolioQuery = z.strictObject({
  minVersion: QueryVersion.optional().meta({
    description: 'Read your own write: below this version of the view the actor answers.',
  }),
});

/** Which trades are wanted. */
export const TradesQuery = z.strictObject({
  symbol: SymbolName.optional(),
  side: Side.optional(),
  from: Time.optional().meta({ description: 'Executed at this time or later.' }),
  to: Time.optional().meta({ description: 'Executed before this time.' }),
  limit: PageLimit,
  cursor: cursorOf(Version, 'The `nextCursor` of the page before.').optional(),
});

/** The view database that holds an account. */
function databaseOf(env: Env, accountId: string): D1Database {
  const databases = viewDatabases(env);
  return databases[partOf(accountId, databases.length)] as D1Database;
}

const getPortfolio = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/portfolio',
    operationId: 'getPortfolio',
    tag: 'Accounts',
    summary: 'The account from the read model',
    params: IdParams,
    query: PortfolioQuery,
    success: {
      status: 200,
      description:
        'The account; `X-Read-Source` says who answered: the actor where the view is behind or fails.',
      schema: AccountReply,
      headers: ['ETag', 'X-Read-Source', 'X-View-Version', 'X-View-Stale-Since'],
    },
    conditional: true,
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query: { minVersion = 1 } }) => {
    const cache = answerCache(c);
    const path = `/portfolio/${id}`;
    const kept = await cache?.find(path, minVersion);
    if (kept !== undefined) return c.body(kept.body, 200, kept.headers);
    const answer = await portfolioAnswer(c, id, minVersion);
    // The actor has its answers in memory: only what the views were asked for is kept.
    if (answer.headers['X-Read-Source'] === 'view') goOn(c, cache?.keep(path, answer));
    return c.body(answer.body, 200, answer.headers);
  },
);

/** Where answers are kept; undefined for whoever asks for a new one (RFC 9111, section 5.2.1.4). */
function answerCache(c: Context<HttpEnv>): AnswerCache | undefined {
  if (c.req.header('Cache-Control')?.includes('no-cache') === true) return undefined;
  return new AnswerCache(caches.default, (error) => {
    const correlationId = c.get('correlationId');
    c.get('logger').log('warn', 'answer cache failed', { correlationId, ...errorFields(error) });
  });
}

async function portfolioAnswer(c: Context<HttpEnv>, id: string, minVersion: number): Promise<KeptAnswer> {
  const { view, staleSince } = await viewOf(c, id);
  const fresh = view !== undefined && view.version >= minVersion;
  const read = fresh ? undefined : await accountOwner(c.env, id).read();
  if (read === null) throw accountNotFound(id);
  const reply = read === undefined ? fromView(id, view as View) : accountReply(id, read.state, read.version);
  const headers = {
    'Content-Type': 'application/json',
    ETag: entityTag(reply.version),
    'X-Read-Source': fresh ? 'view' : 'actor',
    'X-View-Version': String(view?.version ?? 0),
    ...staleHeader(staleSince),
  };
  return { version: reply.version, body: JSON.stringify(reply), headers };
}

type View = NonNullable<PortfolioRead['view']>;

/** What the views have; `view` is undefined where they have nothing to show, or do not answer: then the actor does. */
async function viewOf(c: Context<HttpEnv>, id: string): Promise<PortfolioRead> {
  try {
    return await inTime('the view database', readPortfolio(databaseOf(c.env, id), id));
  } catch (error) {
    c.get('logger').log('warn', 'view not read; the actor answers', {
      correlationId: c.get('correlationId'),
      aggregateType: 'account',
      aggregateId: id,
      ...errorFields(error),
    });
    return { staleSince: undefined };
  }
}

function fromView(id: string, view: View): AccountReply {
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

const getTrades = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/trades',
    operationId: 'getTrades',
    tag: 'Accounts',
    summary: 'Trades, newest first',
    description: 'From the read model, which follows the log within seconds.',
    params: IdParams,
    query: TradesQuery,
    success: {
      status: 200,
      description: 'A page of trades.',
      schema: TradesReply,
      headers: ['X-View-Stale-Since'],
    },
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query: { symbol, side, from, to, limit, cursor } }) => {
    const { rows, staleSince } = await readTrades(databaseOf(c.env, id), id, {
      symbol,
      side,
      from: from === undefined ? undefined : Date.parse(from),
      to: to === undefined ? undefined : Date.parse(to),
      beforeVersion: cursor,
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    if (page.length === 0 && (await accountOwner(c.env, id).head()) === 0) throw accountNotFound(id);
    const reply: TradesReply = {
      trades: page.map(({ accountId: _, side: sideText, executedAt, recordedAt, ...trade }) => ({
        ...trade,
        side: sideText as 'BUY' | 'SELL',
        executedAt: new Date(executedAt).toISOString(),
        recordedAt: new Date(recordedAt).toISOString(),
      })),
      nextCursor: rows.length > limit ? encodeCursor(page.at(-1)?.version) : null,
    };
    return c.json(reply, 200, staleHeader(staleSince));
  },
);

export const portfolio: readonly Route[] = [getPortfolio, getTrades];
