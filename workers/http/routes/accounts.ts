/** Accounts: commands to the actor, and its own state and log. */
import { z } from 'zod';
import type { AccountState } from '../../../actors/account/state.ts';
import { DepositFunds, OpenAccount, Reason, SetLimits, WithdrawFunds } from '../../../schemas/account.ts';
import { formatDecimal, parseDecimal, subtract } from '../../../schemas/decimal.ts';
import { Id } from '../../../schemas/scalars.ts';
import { ExecuteTrade } from '../../../schemas/trade.ts';
import { ownerOf } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { IdParams, type Route, route } from '../operation.ts';
import type { ProblemError } from '../problem.ts';
import { FromVersion, PageLimit } from '../query.ts';
import { AccountEventsReply, AccountReply, TradeReply } from '../replies.ts';
import {
  commandRoute,
  commandSuccess,
  notFound,
  type Resource,
  type ResourceCommand,
  sendingRoute,
  stateRoute,
} from '../resource.ts';

export const OpenAccountBody = OpenAccount.extend({ accountId: Id });

/** Which part of an account's log is wanted. */
export const AccountEventsQuery = z.strictObject({
  fromVersion: FromVersion.meta({ description: 'The first version wanted.' }),
  limit: PageLimit,
});

const ACCOUNTS: Resource = {
  aggregateType: 'account',
  noun: 'account',
  tag: 'Accounts',
  path: '/v1/accounts/{id}',
  notFound: 'account_not_found',
};

/** Refusals of nearly every command to an account, in the order in which they are checked. */
const USUAL_REFUSALS = ['account_not_found', 'account_closed', 'account_frozen'] as const;

const openAccount = sendingRoute(
  {
    method: 'post',
    path: '/v1/accounts',
    operationId: 'openAccount',
    tag: 'Accounts',
    summary: 'Open an account',
    command: 'OpenAccount',
    body: OpenAccountBody,
    success: commandSuccess(201, 'The account is open.'),
    problems: ['account_already_open', 'amount_precision'],
  },
  { status: 201 },
  ({ body: { accountId, ...data } }) => {
    const account = { aggregateType: 'account', aggregateId: accountId };
    return { ...account, type: 'OpenAccount', data, concerns: account };
  },
);

/** The commands that are a sub-resource of the account. */
const ACCOUNT_COMMANDS: readonly ResourceCommand[] = [
  {
    resource: 'deposits',
    operationId: 'depositFunds',
    summary: 'Pay cash in',
    type: 'DepositFunds',
    body: DepositFunds,
    success: commandSuccess(200, 'The cash is in the account.'),
    refusals: [...USUAL_REFUSALS, 'amount_precision', 'amount_out_of_range'],
  },
  {
    resource: 'withdrawals',
    operationId: 'withdrawFunds',
    summary: 'Pay cash out',
    description: 'The whole balance may go out whatever its decimals, other amounts in whole minor units.',
    type: 'WithdrawFunds',
    body: WithdrawFunds,
    success: commandSuccess(200, 'The cash has left the account.'),
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
    success: commandSuccess(201, 'The trade is booked.', TradeReply),
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
    success: commandSuccess(200, 'The limits are set.'),
    refusals: ['account_not_found', 'account_closed'],
  },
  {
    resource: 'freeze',
    operationId: 'freezeAccount',
    summary: 'Freeze the account',
    type: 'FreezeAccount',
    body: Reason,
    success: commandSuccess(200, 'The account takes no trade and no cash until it is unfrozen.'),
    refusals: USUAL_REFUSALS,
  },
  {
    resource: 'unfreeze',
    operationId: 'unfreezeAccount',
    summary: 'Unfreeze the account',
    type: 'UnfreezeAccount',
    body: Reason,
    success: commandSuccess(200, 'The account is open again.'),
    refusals: ['account_not_found', 'account_closed', 'account_not_frozen'],
  },
  {
    resource: 'close',
    operationId: 'closeAccount',
    summary: 'Close the account for good',
    type: 'CloseAccount',
    body: Reason,
    success: commandSuccess(200, 'The account is closed.'),
    refusals: [...USUAL_REFUSALS, 'account_not_empty'],
  },
];

const getAccount = stateRoute<AccountState>(ACCOUNTS, {
  operationId: 'getAccount',
  schema: AccountReply,
  reply: accountReply,
});

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
  ...ACCOUNT_COMMANDS.map((command) => commandRoute(ACCOUNTS, command)),
  getAccount,
  getAccountEvents,
];

/** An account's actor, for reading. */
export function accountOwner(env: Env, aggregateId: string) {
  return ownerOf<AccountState>(env, { aggregateType: 'account', aggregateId });
}

/** 404 for an account. */
export function accountNotFound(id: string, then = ''): ProblemError {
  return notFound(ACCOUNTS, id, then);
}

/** What the API shows of an account. */
export type ShownAccount = Pick<
  AccountState,
  'status' | 'customerId' | 'accountType' | 'currency' | 'cash' | 'reserved' | 'fees' | 'limits' | 'positions'
>;

/** The account as the API shows it, positions by symbol: from the actor and from the views in the same order. */
export function accountReply(accountId: string, state: ShownAccount, version: number): AccountReply {
  const { customerId, accountType, currency, cash, reserved, fees, limits, positions } = state;
  if (state.status === 'UNOPENED')
    throw new Error(`account ${accountId} has version ${version} but is not open`);
  const symbols = Object.keys(positions).sort();
  return {
    accountId,
    customerId,
    accountType,
    status: state.status,
    currency,
    cash: {
      total: cash,
      reserved,
      available: formatDecimal(subtract(parseDecimal(cash), parseDecimal(reserved))),
    },
    fees,
    positions: symbols.map((symbol) => {
      const { quantity, averageCost, realizedPnl } = positions[symbol] as AccountState['positions'][string];
      return { symbol, quantity, averageCost, realizedPnl };
    }),
    limits,
    version,
  };
}
