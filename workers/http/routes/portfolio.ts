/** Reads of an account from the views: portfolio and trades. */
import { Hono } from 'hono';
import { z } from 'zod';
import { Side } from '../../../schemas/account.ts';
import { partOf } from '../../../schemas/partition.ts';
import { SymbolName, Time, Version } from '../../../schemas/scalars.ts';
import { accountStub } from '../../aggregates.ts';
import { type Env, viewDatabases } from '../../env.ts';
import { readPortfolio } from '../../reads/portfolio.ts';
import { readTrades } from '../../reads/trades.ts';
import { parseQuery } from '../body.ts';
import { pathId } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { PageLimit, QueryVersion } from '../query.ts';
import { accountNotFound, accountResource } from './accounts.ts';

export const PortfolioQuery = z.strictObject({ minVersion: QueryVersion.optional() });

export const TradesQuery = z.strictObject({
  symbol: SymbolName.optional(),
  side: Side.optional(),
  from: Time.optional(),
  to: Time.optional(),
  limit: PageLimit,
  cursor: cursorOf(Version).optional(),
});

export const portfolio = new Hono<HttpEnv>();

/** The view database that holds an account. */
function databaseOf(env: Env, accountId: string): D1Database {
  const databases = viewDatabases(env);
  return databases[partOf(accountId, databases.length)] as D1Database;
}

portfolio.get('/:id/portfolio', async (c) => {
  const id = pathId(c);
  const { minVersion = 1 } = parseQuery(c, PortfolioQuery);
  const view = await readPortfolio(databaseOf(c.env, id), id);
  if (view !== undefined && view.version >= minVersion) {
    const { customerId, accountType, status, currency, cash, fees, limits } = view.account;
    const positions = Object.fromEntries(view.positions.map((position) => [position.symbol, position]));
    const state = {
      customerId,
      accountType,
      status,
      currency,
      cash,
      fees,
      limits: JSON.parse(limits),
      positions,
    };
    return c.json(accountResource(id, state as Parameters<typeof accountResource>[1], view.version), 200, {
      'X-Read-Source': 'view',
      'X-View-Version': String(view.version),
    });
  }
  const read = await accountStub(c.env, id).read();
  if (read === null) throw accountNotFound(id);
  return c.json(accountResource(id, read.state, read.version), 200, {
    'X-Read-Source': 'actor',
    'X-View-Version': String(view?.version ?? 0),
  });
});

portfolio.get('/:id/trades', async (c) => {
  const id = pathId(c);
  const { symbol, side, from, to, limit, cursor } = parseQuery(c, TradesQuery);
  const rows = await readTrades(databaseOf(c.env, id), id, {
    symbol,
    side,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    beforeVersion: cursor,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  if (page.length === 0 && (await accountStub(c.env, id).head()) === 0) throw accountNotFound(id);
  return c.json({
    trades: page.map(({ accountId: _, executedAt, recordedAt, ...trade }) => ({
      ...trade,
      executedAt: new Date(executedAt).toISOString(),
      recordedAt: new Date(recordedAt).toISOString(),
    })),
    nextCursor: rows.length > limit ? encodeCursor(page.at(-1)?.version) : null,
  });
});
