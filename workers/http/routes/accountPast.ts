/** The past of an account, on both axes of time: as it was known then, and as it is known now (docs/time.md). */
import { z } from 'zod';
import type { BalanceHistory, BalanceRequest } from '../../../actors/account/balanceHistory.ts';
import type { KnownAccount } from '../../../actors/account/known.ts';
import type { Amendment } from '../../../actors/account/replay.ts';
import type { AccountState } from '../../../actors/account/state.ts';
import { INTERVALS } from '../../../schemas/calendar.ts';
import { formatDecimal, parseDecimal, subtract } from '../../../schemas/decimal.ts';
import { Time } from '../../../schemas/scalars.ts';
import { accountStub } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { inTime } from '../../inTime.ts';
import { IdParams, type Route, route } from '../operation.ts';
import {
  isOneMoment,
  MOMENT,
  type Moment,
  ONE_MOMENT,
  readMoment,
  requirePassed,
  requireReached,
} from '../past.ts';
import { invalidRequest } from '../problem.ts';
import { QueryVersion } from '../query.ts';
import type { AccountReply } from '../replies.ts';
import { NOT_YET } from '../resource.ts';
import { type AsOf, BalanceHistoryReply, KNOWLEDGES, PortfolioDifferenceReply } from '../timeReplies.ts';
import { accountNotFound, accountOwner, accountReply } from './accounts.ts';

/** Milliseconds that a question about a long past may take: its actor answers others in between. */
const PAST_MS_MAX = 20_000;

/** Amendments in one answer. */
const AMENDMENTS_SHOWN_MAX = 1_000;

/** By what is known when. */
export const KNOWLEDGE = {
  knowledge: z.enum(KNOWLEDGES).optional().meta({
    description:
      '`recorded`, as the account showed it then (the default), or `known`, with trades as they were corrected or cancelled since.',
  }),
  knownVersion: QueryVersion.optional().meta({
    description:
      'With `knowledge=known`: amendments count up to this version, so that an answer can be had again.',
  }),
};

interface Knowledge {
  readonly knowledge?: (typeof KNOWLEDGES)[number] | undefined;
  readonly knownVersion?: number | undefined;
}

/** What is wrong with a query that fixes what is known and does not ask for it. */
export const KNOWLEDGE_NEEDED = { path: ['knownVersion'], message: 'needs knowledge=known' };

/** Whether a query that fixes what is known asks for it. */
export function isKnowledge({ knowledge, knownVersion }: Knowledge): boolean {
  return knownVersion === undefined || knowledge === 'known';
}

/** An account at a moment, by what is known when. */
export interface PastAccount {
  readonly state: AccountState;
  readonly asOf: AsOf;
  /** As it was recorded; the state itself where that is what was asked for. */
  readonly recorded: AccountState;
  readonly amendments: readonly Amendment[];
}

/** Reads an account of the past. Ends with 404 or 400 where there is none to read. */
export async function readPast(
  env: Env,
  id: string,
  { knowledge = 'recorded', knownVersion, ...moment }: Moment & Knowledge,
): Promise<PastAccount> {
  const owner = accountOwner(env, id);
  const read = await readMoment(owner, moment);
  if (read === null) throw accountNotFound(id, NOT_YET);
  const { state: recorded, version, recordedAt } = read;
  const at = moment.at ?? null;
  const asOf = { at, version, recordedAt: new Date(recordedAt).toISOString(), knowledge };
  if (knowledge === 'recorded')
    return { state: recorded, asOf: { ...asOf, knownVersion: version }, recorded, amendments: [] };
  const known = knownVersion ?? (await owner.head());
  await requireKnown(env, id, version, known);
  const account = accountStub(env, id).readKnown(version, known) as Promise<KnownAccount>;
  const { state, amendments } = await inTime(`account ${id}`, account, PAST_MS_MAX);
  return { state, asOf: { ...asOf, knownVersion: known }, recorded, amendments };
}

/** 400 where a version is not one that says what is known of another. */
async function requireKnown(env: Env, id: string, version: number, knownVersion: number): Promise<void> {
  if (knownVersion < version) throw knownTooEarly(version);
  await requireReached(accountOwner(env, id), 'knownVersion', knownVersion);
}

function knownTooEarly(version: number) {
  const message = `must be at least ${version}, the version that is asked for`;
  return invalidRequest([{ path: 'knownVersion', message }]);
}

const MomentQuery = z
  .strictObject({ ...MOMENT, knownVersion: KNOWLEDGE.knownVersion })
  .refine(isOneMoment, ONE_MOMENT)
  .refine(({ version, at }) => version !== undefined || at !== undefined, {
    path: ['at'],
    message: 'is required, or version',
  });

const getPortfolioDifference = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/portfolio/difference',
    operationId: 'getPortfolioDifference',
    tag: 'Accounts',
    summary: 'A moment of the account as it was known then, and as it is known now',
    description:
      'Trades that were corrected or cancelled later count with what they really were, in their own place: what differs, ' +
      `and the amendments that make the difference, at most the last ${AMENDMENTS_SHOWN_MAX} of them.`,
    params: IdParams,
    query: MomentQuery,
    success: { status: 200, description: 'Both, and the difference.', schema: PortfolioDifferenceReply },
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query }) => {
    const { state, recorded, asOf, amendments } = await readPast(c.env, id, { ...query, knowledge: 'known' });
    const was = accountReply(id, recorded, asOf.version);
    const known = accountReply(id, state, asOf.version);
    const { knowledge: _, ...moment } = asOf;
    const reply: PortfolioDifferenceReply = {
      accountId: id,
      asOf: moment,
      recorded: was,
      known,
      difference: differenceOf(was, known),
      amendments: amendments.slice(-AMENDMENTS_SHOWN_MAX).map(amendmentReply),
      amendmentsTotal: amendments.length,
    };
    return c.json(reply);
  },
);

function less(known: string, recorded: string): string {
  return formatDecimal(subtract(parseDecimal(known), parseDecimal(recorded)));
}

function differenceOf(recorded: AccountReply, known: AccountReply): PortfolioDifferenceReply['difference'] {
  const before = new Map(recorded.positions.map((position) => [position.symbol, position]));
  const positions = known.positions.map(({ symbol, ...position }) => {
    const was = before.get(symbol);
    return {
      symbol,
      quantity: less(position.quantity, was?.quantity ?? '0'),
      averageCost: less(position.averageCost, was?.averageCost ?? '0'),
      realizedPnl: less(position.realizedPnl, was?.realizedPnl ?? '0'),
    };
  });
  return {
    cash: less(known.cash.total, recorded.cash.total),
    fees: less(known.fees, recorded.fees),
    positions: positions.filter(({ symbol: _, ...changes }) =>
      Object.values(changes).some((change) => change !== '0'),
    ),
  };
}

function amendmentReply({ version, recordedAt, event }: Amendment) {
  const { tradeId, tradeVersion, symbol, reason, changes } = event.data;
  const eventType = event.type;
  const told = { tradeId, tradeVersion, symbol, reason, changes };
  return { version, eventType, recordedAt: new Date(recordedAt).toISOString(), ...told };
}

/** Which balances are wanted. */
export const BalanceHistoryQuery = z
  .strictObject({
    from: Time.optional().meta({
      description:
        'The history begins here; absent or earlier: with the period in which the account was opened.',
    }),
    to: Time.optional().meta({ description: 'It ends before this, which must have passed; absent: now.' }),
    interval: z
      .enum(INTERVALS)
      .default('day')
      .meta({ description: 'Days, weeks (ISO 8601) and months of UTC.' }),
    ...KNOWLEDGE,
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'must be after from',
  })
  .refine(isKnowledge, KNOWLEDGE_NEEDED);

const getBalanceHistory = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/balance-history',
    operationId: 'getBalanceHistory',
    tag: 'Accounts',
    summary: 'The balance by day, week or month',
    description:
      'Of every period the balance that it began and ended with, the lowest and the highest. The first and the last period ' +
      'are cut where `from` and `to` lie within them; periods without an event are there, too. Exact, from the log.',
    params: IdParams,
    query: BalanceHistoryQuery,
    success: { status: 200, description: 'The history, oldest first.', schema: BalanceHistoryReply },
    problems: ['account_not_found'],
  },
  async (c, { params: { id }, query }) => {
    const { from, to, interval, knowledge = 'recorded' } = query;
    for (const [path, time] of Object.entries({ from, to })) requirePassed(path, time);
    const head = await accountOwner(c.env, id).head();
    if (head === 0) throw accountNotFound(id);
    if (query.knownVersion !== undefined) await requireKnown(c.env, id, 0, query.knownVersion);
    const knownVersion = knowledge === 'known' ? (query.knownVersion ?? head) : undefined;
    const request = { interval, from: milliseconds(from), to: milliseconds(to), knownVersion };
    const { currency, version, periods } = await readBalances(c.env, id, request);
    const asOf = { version, knowledge, knownVersion: knownVersion ?? version };
    return c.json({ accountId: id, currency, interval, asOf, periods });
  },
);

function milliseconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

/** Reads balances, or ends with the problem that keeps them from being read. */
async function readBalances(
  env: Env,
  id: string,
  request: Omit<BalanceRequest, 'to'> & { readonly to: number | undefined },
) {
  const asked = accountStub(env, id).readBalances(request) as Promise<BalanceHistory>;
  const history = await inTime(`account ${id}`, asked, PAST_MS_MAX);
  switch (history.status) {
    case 'made':
      return history;
    case 'not_found':
      throw accountNotFound(id, NOT_YET);
    case 'known_too_early':
      throw knownTooEarly(history.version);
    case 'too_long': {
      const message = `makes more than ${history.periodsMax} periods between from and to`;
      throw invalidRequest([{ path: 'interval', message }]);
    }
  }
}

/** Routes of the past of an account, but for its portfolio. */
export const accountPast: readonly Route[] = [getPortfolioDifference, getBalanceHistory];
