/** Reads of an account from the views: portfolio and trades. */
import type { Context } from 'hono';
import { z } from 'zod';
import { Id } from '../../../schemas/scalars.ts';
import { viewDatabases } from '../../env.ts';
import { readAccountIds } from '../../reads/accounts.ts';
import { parkedHeader, readParkedCount, staleHeader } from '../../reads/stale.ts';
import { selectedAccounts } from '../access.ts';
import {
  portfolioAnswer,
  portfoliosInViews,
  shownPortfolio,
  type TradesPage,
  TradesQuery,
  tradeReply,
  tradesInViews,
} from '../accountViews.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, nextCursor } from '../cursor.ts';
import { IdParams, type Route, route } from '../operation.ts';
import { isOneMoment, MOMENT, type Moment, ONE_MOMENT } from '../past.ts';
import { PageLimit, QueryVersion } from '../query.ts';
import { AccountsReply, TradesReply } from '../replies.ts';
import { PortfolioReply } from '../timeReplies.ts';
import { isKnowledge, KNOWLEDGE, KNOWLEDGE_NEEDED, readPast } from './accountPast.ts';
import { accountNotFound, accountOwner, accountReply } from './accounts.ts';

export const PortfolioQuery = z
  .strictObject({
    minVersion: QueryVersion.optional().meta({
      description: 'Read your own write: below this version of the view the actor answers.',
    }),
    ...MOMENT,
    ...KNOWLEDGE,
  })
  .refine(isOneMoment, ONE_MOMENT)
  .refine((query) => query.minVersion === undefined || !isPast(query), {
    path: ['minVersion'],
    message: 'cannot be given together with version or at',
  })
  .refine((query) => query.knowledge === undefined || isPast(query), {
    path: ['knowledge'],
    message: 'needs version or at',
  })
  .refine(isKnowledge, KNOWLEDGE_NEEDED);

/** Whether a query asks for the past. */
export function isPast({ version, at }: Moment): boolean {
  return version !== undefined || at !== undefined;
}

const getPortfolio = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/portfolio',
    operationId: 'getPortfolio',
    tag: 'Accounts',
    summary: 'The account as it is, or as it was',
    description:
      'From the read model. With `version` or `at` a past one, which the actor answers: as it was recorded then, or as it is ' +
      'known now, with trades as they were corrected or cancelled since.',
    params: IdParams,
    query: PortfolioQuery,
    success: {
      status: 200,
      description:
        'The account; `X-Read-Source` says who answered: the actor where the view is behind or fails.',
      schema: PortfolioReply,
      headers: ['ETag', 'X-Read-Source', 'X-View-Version', 'X-View-Stale-Since'],
    },
    conditional: true,
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query: { minVersion = 1, ...past } }) => {
    if (isPast(past)) return pastPortfolio(c, id, past);
    const { body, headers } = await portfolioAnswer(c, id, minVersion);
    return c.body(body, 200, headers);
  },
);

async function pastPortfolio(
  c: Context<HttpEnv>,
  id: string,
  query: Parameters<typeof readPast>[2],
): Promise<Response> {
  const { state, asOf } = await readPast(c.env, id, query);
  const reply = { ...accountReply(id, state, asOf.version), asOf };
  // The same version may be known in another way tomorrow, and the time that was asked for is in the answer.
  const tag = `"${asOf.version}.${asOf.knownVersion}.${asOf.at ?? ''}"`;
  return c.json(reply, 200, { ETag: tag, 'X-Read-Source': 'actor' });
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
  async (c, { params: { id }, query }) => {
    const pages = await tradesInViews(c.env, [id], query);
    const { rows, next, staleSince } = pages.get(id) as TradesPage;
    if (rows.length === 0 && (await accountOwner(c.env, id).head()) === 0) throw accountNotFound(id);
    const reply: TradesReply = {
      trades: rows.map(tradeReply),
      nextCursor: nextCursor(next),
    };
    return c.json(reply, 200, staleHeader(staleSince));
  },
);

/** Which accounts are wanted. */
export const AccountsQuery = z.strictObject({
  limit: PageLimit,
  cursor: cursorOf(Id, 'The `nextCursor` of the page before.').optional(),
});

const getAccounts = route(
  {
    method: 'get',
    path: '/v1/accounts',
    operationId: 'getAccounts',
    tag: 'Accounts',
    summary: 'Accounts with what they hold',
    description:
      'In the order of their ids, from the read model, which follows the logs within seconds. Who is confined to some ' +
      'accounts is given those.',
    query: AccountsQuery,
    success: {
      status: 200,
      description: 'A page of accounts.',
      schema: AccountsReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query: { limit, cursor: after } }) => {
    const databases = viewDatabases(c.env);
    const accounts = selectedAccounts(c, 'getAccounts');
    const [{ rows: ids, next }, parked] = await Promise.all([
      readAccountIds(databases, { after, accounts, limit }),
      readParkedCount(databases, 'accounts'),
    ]);
    const portfolios = await portfoliosInViews(c, ids);
    const shown = await Promise.all(ids.map((id) => shownPortfolio(c.env, id, portfolios.get(id))));
    const reply = {
      accounts: shown.map(({ account }) => account),
      nextCursor: nextCursor(next),
    };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

export const portfolio: readonly Route[] = [getAccounts, getPortfolio, getTrades];
