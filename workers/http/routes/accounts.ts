/** Accounts: commands to the actor, and its own state and log. */
import { z } from 'zod';
import type { AccountState } from '../../../actors/account/decider.ts';
import {
  type AccountRefusal,
  DepositFunds,
  ExecuteTrade,
  OpenAccount,
  Reason,
  SetLimits,
  WithdrawFunds,
} from '../../../schemas/account.ts';
import { Id, Time } from '../../../schemas/scalars.ts';
import { accountStub, ownerOf } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { requireAccess } from '../access.ts';
import { runCommand } from '../command.ts';
import { IdParams, type Route, route, type Success } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { FromVersion, PageLimit, QueryVersion } from '../query.ts';
import { AccountEventsReply, AccountReply, CommandReply, TradeReply } from '../replies.ts';

export const OpenAccountBody = OpenAccount.extend({ accountId: Id });

/** Which state of an account is wanted; the newest where neither is given. */
export const StateQuery = z
  .strictObject({
    version: QueryVersion.optional().meta({ description: 'The state as of this version.' }),
    at: Time.optional().meta({ description: 'The state as of this time.' }),
  })
  .refine((query) => query.version === undefined || query.at === undefined, {
    path: ['at'],
    message: 'cannot be given together with version',
  });

/** Which part of an account's log is wanted. */
export const AccountEventsQuery = z.strictObject({
  fromVersion: FromVersion.meta({ description: 'The first version wanted.' }),
  limit: PageLimit,
});

const COMMAND_HEADERS = ['ETag', 'Idempotency-Replayed'] as const;

function success(status: 200 | 201, description: string, schema: z.ZodType = CommandReply): Success {
  return { status, description, schema, headers: COMMAND_HEADERS };
}

/** Refusals of nearly every command to an account, in the order in which they are checked. */
const USUAL_REFUSALS = ['account_not_found', 'account_closed', 'account_frozen'] as const;

const openAccount = route(
  {
    method: 'post',
    path: '/v1/accounts',
    operationId: 'openAccount',
    tag: 'Accounts',
    summary: 'Open an account',
    command: 'OpenAccount',
    body: OpenAccountBody,
    success: success(201, 'The account is open.'),
    problems: ['account_already_open', 'amount_precision'],
  },
  (c, { body: { accountId, ...data } }) => {
    requireAccess(c, 'OpenAccount', { aggregateType: 'account', aggregateId: accountId });
    return runCommand(c, accountStub(c.env, accountId), accountId, { type: 'OpenAccount', data }, 201);
  },
);

interface AccountCommandRoute {
  readonly method?: 'put';
  /** Of the path, after the account. */
  readonly resource: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly type: string;
  readonly body: z.ZodType;
  readonly success: Success;
  readonly refusals: readonly AccountRefusal[];
}

/** The commands that are a sub-resource of the account. */
const ACCOUNT_COMMANDS: readonly AccountCommandRoute[] = [
  {
    resource: 'deposits',
    operationId: 'depositFunds',
    summary: 'Pay cash in',
    type: 'DepositFunds',
    body: DepositFunds,
    success: success(200, 'The cash is in the account.'),
    refusals: [...USUAL_REFUSALS, 'amount_precision', 'amount_out_of_range'],
  },
  {
    resource: 'withdrawals',
    operationId: 'withdrawFunds',
    summary: 'Pay cash out',
    description: 'The whole balance may go out whatever its decimals, other amounts in whole minor units.',
    type: 'WithdrawFunds',
    body: WithdrawFunds,
    success: success(200, 'The cash has left the account.'),
    refusals: [...USUAL_REFUSALS, 'amount_precision', 'insufficient_funds'],
  },
  {
    resource: 'trades',
    operationId: 'executeTrade',
    summary: 'Book a trade',
    description:
      'Idempotent by `tradeId` as well: the same trade again is a replay, another body under its id 409 ' +
      '`command_id_reused`.',
    type: 'ExecuteTrade',
    body: ExecuteTrade,
    success: success(201, 'The trade is booked.', TradeReply),
    refusals: [
      ...USUAL_REFUSALS,
      'limit_exceeded',
      'insufficient_position',
      'insufficient_funds',
      'amount_out_of_range',
    ],
  },
  {
    method: 'put',
    resource: 'limits',
    operationId: 'setLimits',
    summary: 'Set limits',
    description: 'Limits that are sent replace, null lifts one, absent ones stay.',
    type: 'SetLimits',
    body: SetLimits,
    success: success(200, 'The limits are set.'),
    refusals: ['account_not_found', 'account_closed'],
  },
  {
    resource: 'freeze',
    operationId: 'freezeAccount',
    summary: 'Freeze the account',
    type: 'FreezeAccount',
    body: Reason,
    success: success(200, 'The account takes no trade and no cash until it is unfrozen.'),
    refusals: USUAL_REFUSALS,
  },
  {
    resource: 'unfreeze',
    operationId: 'unfreezeAccount',
    summary: 'Unfreeze the account',
    type: 'UnfreezeAccount',
    body: Reason,
    success: success(200, 'The account is open again.'),
    refusals: ['account_not_found', 'account_closed', 'account_not_frozen'],
  },
  {
    resource: 'close',
    operationId: 'closeAccount',
    summary: 'Close the account for good',
    type: 'CloseAccount',
    body: Reason,
    success: success(200, 'The account is closed.'),
    refusals: [...USUAL_REFUSALS, 'account_not_empty'],
  },
];

function commandRoute(command: AccountCommandRoute): Route {
  const { method = 'post', resource, type, refusals, ...described } = command;
  return route(
    {
      ...described,
      method,
      path: `/v1/accounts/{id}/${resource}`,
      tag: 'Accounts',
      command: type,
      params: IdParams,
      problems: refusals,
    },
    (c, { params: { id }, body }) =>
      runCommand(c, accountStub(c.env, id), id, { type, data: body }, described.success.status),
  );
}

const getAccount = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}',
    operationId: 'getAccount',
    tag: 'Accounts',
    summary: 'The account as it is, or as it was',
    description: "The actor's own state. With `version` or `at` a past one, folded from the log.",
    params: IdParams,
    query: StateQuery,
    success: { status: 200, description: 'The account.', schema: AccountReply, headers: ['ETag'] },
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query: { version, at } }) => {
    const read = await accountOwner(c.env, id).read({
      ...(version === undefined ? {} : { version }),
      ...(at === undefined ? {} : { at: Date.parse(at) }),
    });
    if (read === null) throw accountNotFound(id);
    return c.json(accountReply(id, read.state, read.version), 200, { ETag: `"${read.version}"` });
  },
);

const getAccountEvents = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/events',
    operationId: 'getAccountEvents',
    tag: 'Accounts',
    summary: 'The log of the account',
    description: 'Full envelopes in order of their versions, as they were stored and hashed.',
    params: IdParams,
    query: AccountEventsQuery,
    success: { status: 200, description: 'A page of events.', schema: AccountEventsReply },
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query: { fromVersion, limit } }) => {
    const owner = accountOwner(c.env, id);
    const head = await owner.head();
    if (head === 0) throw accountNotFound(id);
    const events = await owner.events(fromVersion, limit);
    const nextFromVersion = fromVersion + limit <= head ? fromVersion + limit : null;
    return c.body(`{"events":${events},"nextFromVersion":${nextFromVersion}}`, 200, {
      'Content-Type': 'application/json',
    });
  },
);

export const accounts: readonly Route[] = [
  openAccount,
  ...ACCOUNT_COMMANDS.map(commandRoute),
  getAccount,
  getAccountEvents,
];

/** An account's actor, for reading. */
export function accountOwner(env: Env, aggregateId: string) {
  return ownerOf<AccountState>(env, { aggregateType: 'account', aggregateId });
}

/** 404 for an account. */
export function accountNotFound(id: string): ProblemError {
  return new ProblemError({
    code: 'account_not_found',
    detail: `There is no account ${id} (or not yet, at the version or time asked for).`,
  });
}

/** The account as the API shows it, positions by symbol: from the actor and from the views in the same order. */
export function accountReply(accountId: string, state: AccountState, version: number): AccountReply {
  const { customerId, accountType, currency, cash, fees, limits, positions } = state;
  if (state.status === 'UNOPENED')
    throw new Error(`account ${accountId} has version ${version} but is not open`);
  const symbols = Object.keys(positions).sort();
  return {
    accountId,
    customerId,
    accountType,
    status: state.status,
    currency,
    cash: { total: cash, reserved: '0', available: cash },
    fees,
    positions: symbols.map((symbol) => {
      const { quantity, averageCost, realizedPnl } = positions[symbol] as AccountState['positions'][string];
      return { symbol, quantity, averageCost, realizedPnl };
    }),
    limits,
    version,
  };
}
