/** Reports across accounts. */
import type { Context } from 'hono';
import { z } from 'zod';
import {
  largePositions,
  orderToTrade,
  positions,
  tradeBlotter,
  transactionReport,
} from '../../../reports/kinds/index.ts';
import type { EventKind, Kind, StateKind } from '../../../reports/kinds/kind.ts';
import { pageCsv, pageSchema, type ReportPage } from '../../../reports/page.ts';
import { Id, NonNegativeDecimal, Time } from '../../../schemas/scalars.ts';
import { timeText } from '../../../schemas/time.ts';
import { listAggregates } from '../../directory.ts';
import type { Env } from '../../env.ts';
import {
  REPORT_ACCOUNTS_MAX,
  REPORT_EVENTS_MAX,
  type ReportRead,
  type ReportSource,
  type RowMaking,
  readReport,
  stateRows,
} from '../../reads/report.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { fileReply } from '../files.ts';
import { type Operation, type Route, route } from '../operation.ts';
import { requirePassed } from '../past.ts';
import { invalidRequest } from '../problem.ts';
import { ReportLimit } from '../query.ts';
import { accountOwner } from './accounts.ts';

/**
 * Milliseconds by which a report stays behind the clock. An account may run on a machine whose clock is behind ours, and would
 * then still record events before a time that has passed here; clocks of machines differ by far less.
 */
export const REPORT_SETTLE_MS = 2_000;

/** Milliseconds since 1970. */
export const Moment = z.number().int().min(0).max(8.64e15);

/** What is asked of every report. */
export const REPORT_QUERY = {
  from: Time.optional().meta({
    description: 'The period begins here, which must have passed; absent: with the first event.',
  }),
  to: Time.optional().meta({ description: 'The period ends before this; absent: with `asOf`.' }),
  asOf: Time.optional().meta({
    description:
      'Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again.',
  }),
  accountId: Id.optional().meta({ description: 'This account alone.' }),
  format: z.enum(['json', 'csv']).default('json'),
  limit: ReportLimit,
  cursor: cursorOf(
    z.strictObject({ end: Moment, accountId: Id, version: z.number().int().min(0).nullable() }),
    'The `nextCursor` of the page before.',
  ).optional(),
};

const ordered = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  from === undefined || to === undefined || from < to;
const NOT_ORDERED = { path: ['to'], message: 'must be after from' };

/** Which part of a report is wanted, and in which form. */
export const ReportQuery = z.strictObject(REPORT_QUERY).refine(ordered, NOT_ORDERED);
type ReportQuery = z.output<typeof ReportQuery>;

/** What makes a position large. */
export const THRESHOLDS = {
  minQuantity: NonNegativeDecimal.optional().meta({ description: 'Of units, long or short.' }),
  minValue: NonNegativeDecimal.optional().meta({
    description: "In the account's own currency, long or short.",
  }),
};

/** Whether there is any. */
export const hasThreshold = (query: { minQuantity?: unknown; minValue?: unknown }): boolean =>
  query.minQuantity !== undefined || query.minValue !== undefined;
export const NO_THRESHOLD = { path: ['minValue'], message: 'or minQuantity has to be given' };

/** The same with what makes a position large. */
export const LargePositionsQuery = z
  .strictObject({ ...REPORT_QUERY, ...THRESHOLDS })
  .refine(ordered, NOT_ORDERED)
  .refine(hasThreshold, NO_THRESHOLD);

/** What is said of every report. */
export const ABOUT =
  'From the logs of the accounts themselves, in the order of their ids. Each page names the logs that it covers and the ' +
  'time up to which (`asOf`); with that `asOf` the same request gives the same bytes whatever was recorded since.';

interface EndQuery {
  readonly to?: string | undefined;
  readonly asOf?: string | undefined;
  readonly cursor?: { readonly end: number } | undefined;
}

/** The first time of which a report knows that nothing will be recorded before it any more. */
export function endOf({ to, asOf, cursor }: EndQuery): number {
  const settled = Date.now() - REPORT_SETTLE_MS;
  const wanted = asOf === undefined ? (cursor?.end ?? settled) : Date.parse(asOf);
  if (wanted > settled) {
    const message = `must be at least ${REPORT_SETTLE_MS / 1_000} seconds ago`;
    throw invalidRequest([{ path: asOf === undefined ? 'cursor' : 'asOf', message }]);
  }
  const end = to === undefined ? wanted : Math.min(Date.parse(to), wanted);
  if (cursor !== undefined && cursor.end !== end) {
    throw invalidRequest([{ path: 'cursor', message: 'is of a report with another asOf or to' }]);
  }
  return end;
}

/** The accounts' own logs, as reports read them. */
export function accountsOf(env: Env): ReportSource {
  return {
    list: (afterId, count) => listAggregates(env, 'account', afterId, count),
    owner: (id) => accountOwner(env, id),
  };
}

async function reply(
  c: Context<HttpEnv>,
  kind: EventKind | StateKind<never>,
  query: ReportQuery,
  making: RowMaking,
): Promise<Response> {
  const { from, accountId, limit, cursor: after } = query;
  // A holding at a time to come is nobody's to say.
  requirePassed('from', from);
  const end = endOf(query);
  const request = { from: from === undefined ? undefined : Date.parse(from), end, accountId, after, limit };
  return pageReply(c, kind, query, end, await readReport(accountsOf(c.env), request, making));
}

/** A page in the form that is asked for; `next` leads on. */
export function pageReply(
  c: Context<HttpEnv>,
  kind: Kind,
  { from, to, format }: Pick<ReportQuery, 'from' | 'to' | 'format'>,
  end: number,
  { rows, heads, next }: Pick<ReportRead, 'rows' | 'heads'> & { readonly next: object | undefined },
): Response {
  const page: ReportPage = {
    report: kind.name,
    from: from ?? null,
    to: to ?? null,
    asOf: timeText(end),
    emptyFields: kind.emptyColumns ?? [],
    rows,
    heads,
    nextCursor: next === undefined ? null : encodeCursor({ end, ...next }),
  };
  if (format === 'json') return c.json(page);
  const name = `${kind.name}-${page.asOf.replace(/[-:.]/g, '')}.csv`;
  return fileReply(c, { name, mediaType: 'text/csv; charset=utf-8', body: pageCsv(kind.columns, page) });
}

type Described = Pick<Operation, 'operationId' | 'summary'> & { readonly description: string };

/** What the routes of all reports have in common. */
function described(kind: EventKind | StateKind<never>, { description, ...named }: Described) {
  return {
    ...named,
    method: 'get',
    path: `/v1/reports/${kind.name}`,
    tag: 'Reports',
    description: `${description} ${ABOUT}`,
    success: {
      status: 200,
      description: `A page: with \`limit\` rows, or with ${REPORT_ACCOUNTS_MAX} accounts or ${REPORT_EVENTS_MAX} events looked at; \`nextCursor\` says whether there is more.`,
      schema: pageSchema(kind),
      otherMediaTypes: ['text/csv'],
    },
  } as const;
}

function eventReport(kind: EventKind, operation: Described): Route {
  return route({ ...described(kind, operation), query: ReportQuery }, (c, { query }) =>
    reply(c, kind, query, { of: 'events', kind }),
  );
}

/** Every report. */
export const reports: readonly Route[] = [
  eventReport(tradeBlotter, {
    operationId: 'getTradeBlotter',
    summary: 'Trades of a period',
    description:
      'Each as it was booked, corrected or cancelled, with the terms that were known from then on.',
  }),
  eventReport(transactionReport, {
    operationId: 'getTransactionReport',
    summary: 'Transactions as authorities want them reported',
    description:
      'The fields of Annex I of Delegated Regulation (EU) 2017/590 for which there is data; `emptyFields` lists the others.',
  }),
  eventReport(orderToTrade, {
    operationId: 'getOrderToTrade',
    summary: 'From commands over events to trades',
    description: 'Who sent which command, the event that it led to, and the trade that the event books.',
  }),
  route(
    {
      ...described(positions, {
        operationId: 'getPositionReport',
        summary: 'Holdings at the end of a period',
        description:
          'And at its beginning, with their value at the last traded price and the profit realised in it.',
      }),
      query: ReportQuery,
    },
    (c, { query }) => reply(c, positions, query, stateRows(positions, undefined)),
  ),
  route(
    {
      ...described(largePositions, {
        operationId: 'getLargePositions',
        summary: 'Holdings that reach a threshold',
        description:
          'At the end of the period, long or short, by units or by value at the last traded price.',
      }),
      query: LargePositionsQuery,
    },
    (c, { query }) => {
      const { minQuantity, minValue } = query;
      return reply(c, largePositions, query, stateRows(largePositions, { minQuantity, minValue }));
    },
  ),
];
