/** Fields of accounts: as the views have them, their trades and their logs. */
import { z } from 'zod';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import { Id, Version } from '../../schemas/scalars.ts';
import { viewDatabases } from '../env.ts';
import { selectedAccounts } from '../http/access.ts';
import { TradesQuery, tradeReply } from '../http/accountViews.ts';
import { cursorOf, encodeCursor } from '../http/cursor.ts';
import { PageLimit } from '../http/query.ts';
import { type AccountReply as Account, AccountReply, TradesReply } from '../http/replies.ts';
import { accountNotFound, accountOwner } from '../http/routes/accounts.ts';
import { AccountsQuery } from '../http/routes/portfolio.ts';
import { readAccountIds } from '../reads/accounts.ts';
import type { Backwards } from '../reads/slice.ts';
import { idOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import type { ListPage } from './lists.ts';
import { ID_ARGUMENT, type Parts, parkedAggregates, STALE_SINCE } from './parts.ts';
import { portfolioField } from './portfolio.ts';
import type { Field, Fields } from './types.ts';

const account = (accountId: string) => ({ aggregateType: 'account', aggregateId: accountId });

/** The root fields about accounts, beyond their actors' state. */
export function accountFields({ types, lists }: Parts): Fields {
  return {
    accounts: accountList({ types, lists }),
    portfolio: portfolioField(types),
    trades: lists.field<unknown, typeof TradesQuery>({
      description: 'Trades of an account, newest first.',
      query: TradesQuery,
      node: 'Trade',
      type: () => types.object(TradesReply.shape.trades.element, 'Trade'),
      more: STALE_SINCE,
      args: { id: ID_ARGUMENT },
      async read(_, query, context, { id }) {
        const accountId = idOf(Id, id);
        const page = await tradePage(context, accountId, query);
        if (page.edges.length > 0) return page;
        if ((await accountOwner(context.c.env, accountId).head()) === 0) throw accountNotFound(accountId);
        return page;
      },
    }),
  };
}

/** Fields of an account beyond those of its schema. */
export function accountRelations({ types, lists, event }: Parts): Fields {
  return {
    trades: lists.field<Account, typeof TradesQuery>({
      description: 'Its trades, newest first.',
      query: TradesQuery,
      node: 'Trade',
      type: () => types.object(TradesReply.shape.trades.element, 'Trade'),
      more: STALE_SINCE,
      read: ({ accountId }, query, context) => tradePage(context, accountId, query),
    }),
    events: lists.field<Account, typeof LogQuery>({
      description: 'Its log from its own actor, in the order of versions.',
      query: LogQuery,
      node: 'Event',
      type: () => event,
      more: STALE_SINCE,
      read: logPage,
    }),
  };
}

/** A page of a log: a cursor is the version of an event. */
const LogQuery = z.strictObject({
  limit: PageLimit,
  cursor: cursorOf(Version, 'The `endCursor` of the page before.').optional(),
});

async function logPage(
  { accountId }: Account,
  {
    limit,
    cursor: after = 0,
    before = Number.MAX_SAFE_INTEGER,
    fromEnd = false,
  }: z.output<typeof LogQuery> & Backwards<number>,
  context: GraphQlContext,
): Promise<ListPage> {
  await context.requireRead('getAccountEvents', account(accountId));
  const owner = accountOwner(context.c.env, accountId);
  const asked = owner.head();
  // A log has no gap: its last events are those from a version on.
  const end = fromEnd ? Math.min(before, (await asked) + 1) : before;
  const first = fromEnd ? Math.max(after + 1, end - limit) : after + 1;
  const count = Math.max(Math.min(limit, end - first), 0);
  const [head, text] = await Promise.all([asked, count === 0 ? '[]' : owner.events(first, count)]);
  const events = JSON.parse(text) as EventEnvelope[];
  const edges = events.map((node) => ({ cursor: encodeCursor(node.version), node }));
  const last = Math.min(head, end - 1);
  return { edges, goesOn: fromEnd ? first > after + 1 : (events.at(-1)?.version ?? last) < last };
}

function accountList({ types, lists }: Pick<Parts, 'types' | 'lists'>): Field {
  return lists.field<unknown, typeof AccountsQuery>({
    description: 'Accounts in the order of their ids, those granted to the caller where it is confined.',
    query: AccountsQuery,
    node: 'Account',
    type: () => types.object(AccountReply, 'Account'),
    more: parkedAggregates('accounts'),
    async read(_, { cursor: after, ...slice }, context) {
      await context.requireRead('getAccounts');
      const { env } = context.c;
      const accounts = selectedAccounts(context.c, 'getAccounts');
      const page = await readAccountIds(viewDatabases(env), { ...slice, after, accounts });
      const shown = await Promise.all(page.rows.map((id) => context.loaders.portfolio(id)));
      const edges = shown.map(({ account: node }) => ({ cursor: encodeCursor(node.accountId), node }));
      return { edges, goesOn: page.next !== null };
    },
  });
}

async function tradePage(
  context: GraphQlContext,
  accountId: string,
  query: Parameters<GraphQlContext['loaders']['trades']>[1],
): Promise<ListPage> {
  await context.requireRead('getTrades', account(accountId));
  const { rows, next, staleSince } = await context.loaders.trades(accountId, query);
  const edges = rows.map((row) => ({ cursor: encodeCursor(row.version), node: tradeReply(row) }));
  return { edges, goesOn: next !== null, about: staleSince };
}
