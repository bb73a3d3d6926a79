/** Accounts: commands to the actor, and its own state and log. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { AccountState } from '../../../actors/account/decider.ts';
import {
  DepositFunds,
  ExecuteTrade,
  OpenAccount,
  Reason,
  SetLimits,
  WithdrawFunds,
} from '../../../schemas/account.ts';
import { Id, Time } from '../../../schemas/scalars.ts';
import { accountStub } from '../../aggregates.ts';
import { parseBody, parseQuery } from '../body.ts';
import { pathId, runCommand } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';
import { PageLimit, QueryVersion } from '../query.ts';

export const OpenAccountBody = OpenAccount.extend({ accountId: Id });

export const StateQuery = z
  .strictObject({ version: QueryVersion.optional(), at: Time.optional() })
  .refine(
    (query) => query.version === undefined || query.at === undefined,
    'version and at exclude each other',
  );

export const AccountEventsQuery = z.strictObject({
  fromVersion: QueryVersion.default(1),
  limit: PageLimit,
});

/** The commands that are a sub-resource of the account: its path, its type, its body, and what success answers. */
const ACCOUNT_COMMANDS = [
  { path: '/:id/deposits', type: 'DepositFunds', body: DepositFunds, status: 200 },
  { path: '/:id/withdrawals', type: 'WithdrawFunds', body: WithdrawFunds, status: 200 },
  { path: '/:id/trades', type: 'ExecuteTrade', body: ExecuteTrade, status: 201 },
  { path: '/:id/freeze', type: 'FreezeAccount', body: Reason, status: 200 },
  { path: '/:id/unfreeze', type: 'UnfreezeAccount', body: Reason, status: 200 },
  { path: '/:id/close', type: 'CloseAccount', body: Reason, status: 200 },
] as const;

export const accounts = new Hono<HttpEnv>();

accounts.post('/', async (c) => {
  const { accountId, ...data } = await parseBody(c, OpenAccountBody);
  return runCommand(c, accountStub(c.env, accountId), accountId, { type: 'OpenAccount', data }, 201);
});

for (const { path, type, body, status } of ACCOUNT_COMMANDS) {
  accounts.post(path, async (c) => {
    const id = pathId(c);
    return runCommand(c, accountStub(c.env, id), id, { type, data: await parseBody(c, body) }, status);
  });
}

accounts.put('/:id/limits', async (c) => {
  const id = pathId(c);
  return runCommand(
    c,
    accountStub(c.env, id),
    id,
    { type: 'SetLimits', data: await parseBody(c, SetLimits) },
    200,
  );
});

accounts.get('/:id', async (c) => {
  const id = pathId(c);
  const { version, at } = parseQuery(c, StateQuery);
  const read = await accountStub(c.env, id).read({
    ...(version === undefined ? {} : { version }),
    ...(at === undefined ? {} : { at: Date.parse(at) }),
  });
  if (read === null) throw accountNotFound(id);
  return c.json(accountResource(id, read.state, read.version), 200, { ETag: `"${read.version}"` });
});

accounts.get('/:id/events', async (c) => {
  const id = pathId(c);
  const { fromVersion, limit } = parseQuery(c, AccountEventsQuery);
  const actor = accountStub(c.env, id);
  const head = await actor.head();
  if (head === 0) throw accountNotFound(id);
  const from = Math.max(1, fromVersion);
  const events = await actor.events(from, limit);
  const nextFromVersion = from + limit <= head ? from + limit : null;
  return c.body(`{"events":${events},"nextFromVersion":${nextFromVersion}}`, 200, {
    'Content-Type': 'application/json',
  });
});

export function accountNotFound(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'account_not_found',
    detail: `There is no account ${id} (or not yet, at the version or time asked for).`,
  });
}

/** The account as the API shows it. */
export function accountResource(accountId: string, state: AccountState, version: number) {
  const { customerId, accountType, status, currency, cash, fees, limits, positions } = state;
  return {
    accountId,
    customerId,
    accountType,
    status,
    currency,
    cash: { total: cash, reserved: '0', available: cash },
    fees,
    positions: Object.entries(positions).map(([symbol, { quantity, averageCost, realizedPnl }]) => ({
      symbol,
      quantity,
      averageCost,
      realizedPnl,
    })),
    limits,
    version,
  };
}
