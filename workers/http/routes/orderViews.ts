/** Reads of orders and of all that they need from the views: lists, what happened, what was sold. */
import { z } from 'zod';
import { Currency } from '../../../schemas/currency.ts';
import { OrderStatus } from '../../../schemas/order.ts';
import { PaymentStatus } from '../../../schemas/payment.ts';
import { AggregateId, Id, Text, Time, Version } from '../../../schemas/scalars.ts';
import { readLog } from '../../aggregates.ts';
import { type Env, viewDatabases } from '../../env.ts';
import { readInventory } from '../../reads/inventory.ts';
import type { TimeKey } from '../../reads/merged.ts';
import { readHistory, withOwnLog } from '../../reads/orderHistory.ts';
import { readOrders } from '../../reads/orders.ts';
import { readPayments } from '../../reads/payments.ts';
import { readSales, SALES_GROUPS } from '../../reads/sales.ts';
import type { Backwards } from '../../reads/slice.ts';
import { parkedHeader, readParkedCount, staleHeader } from '../../reads/stale.ts';
import { cursorOf, nextCursor } from '../cursor.ts';
import { IdParams, type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { PageLimit, QueryVersion } from '../query.ts';
import { happened, inventoryLevel, orderSummary, paymentSummary, salesGroup } from '../shownRows.ts';
import {
  InventoryLevelsReply,
  OrderHistoryReply,
  OrdersReply,
  PaymentsReply,
  SalesReply,
} from '../viewReplies.ts';

const CURSOR = 'The `nextCursor` of the page before.';

/** Characters of a country as an address has it (`schemas/order.ts`). */
const COUNTRY_LENGTH_MAX = 256;

/** Which orders are wanted. */
export const OrdersQuery = z.strictObject({
  customerId: Id.optional(),
  status: OrderStatus.optional(),
  from: Time.optional().meta({ description: 'Placed at this time or later.' }),
  to: Time.optional().meta({ description: 'Placed before this time.' }),
  limit: PageLimit,
  cursor: cursorOf(z.tuple([Version, Id]), CURSOR).optional(),
});

const getOrders = route(
  {
    method: 'get',
    path: '/v1/orders',
    operationId: 'getOrders',
    tag: 'Orders',
    summary: 'Orders, newest first',
    description: 'From the read model, which follows the logs within seconds.',
    query: OrdersQuery,
    success: {
      status: 200,
      description: 'A page of orders.',
      schema: OrdersReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query }) => {
    const [page, parked] = await Promise.all([
      ordersPage(c.env, query),
      readParkedCount(viewDatabases(c.env), 'orders'),
    ]);
    const reply: OrdersReply = {
      orders: page.rows.map(orderSummary),
      nextCursor: nextCursor(page.next),
    };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

/** A page of orders. */
export function ordersPage(
  env: Env,
  { from, to, cursor, ...filter }: z.output<typeof OrdersQuery> & Backwards<TimeKey>,
) {
  return readOrders(viewDatabases(env), {
    ...filter,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    after: cursor,
  });
}

/** Which part of an order's history is wanted. */
export const HistoryQuery = z.strictObject({
  minVersion: QueryVersion.optional().meta({
    description: 'Read your own write: below this version of the order its own log answers for it.',
  }),
  limit: PageLimit,
  cursor: cursorOf(z.tuple([Version, z.string(), z.string(), Version]), CURSOR).optional(),
});

/** Events of an order's own log: it ends after some shipments. */
const OWN_EVENTS_MAX = 1_000;

const getOrderHistory = route(
  {
    method: 'get',
    path: '/v1/orders/{id}/history',
    operationId: 'getOrderHistory',
    tag: 'Orders',
    summary: 'What happened to an order, in words',
    description:
      'Every event of the order, of its payment and of its shipments, oldest first; clocks of different actors may ' +
      'differ by milliseconds. From the read model, which follows the logs within seconds.',
    params: IdParams,
    query: HistoryQuery,
    success: {
      status: 200,
      description: 'A page of the history; `X-Read-Source` says who told of the order itself.',
      schema: OrderHistoryReply,
      headers: ['X-Read-Source', 'X-View-Version', 'X-View-Stale-Since'],
    },
    problems: ['order_not_found'],
  },
  async (c, { params: { id: orderId }, query: { minVersion = 1, limit, cursor: after } }) => {
    const filter = { orderId, after, limit };
    const view = await readHistory(viewDatabases(c.env), filter);
    const isBehind = view.version < minVersion;
    const log = isBehind
      ? await readLog(c.env, { aggregateType: 'order', aggregateId: orderId }, 1, OWN_EVENTS_MAX)
      : [];
    if (isBehind && log.length === 0)
      throw new ProblemError({ code: 'order_not_found', detail: `There is no order ${orderId}.` });
    const { rows, next } = isBehind ? withOwnLog(view, log, filter) : view;
    const reply: OrderHistoryReply = { orderId, events: rows.map(happened), nextCursor: nextCursor(next) };
    return c.json(reply, 200, {
      'X-Read-Source': isBehind ? 'actor' : 'view',
      'X-View-Version': String(view.version),
      ...staleHeader(view.staleSince),
    });
  },
);

/** Which products are wanted. */
export const InventoryQuery = z.strictObject({ limit: PageLimit, cursor: cursorOf(Id, CURSOR).optional() });

const getInventoryLevels = route(
  {
    method: 'get',
    path: '/v1/inventory',
    operationId: 'getInventoryLevels',
    tag: 'Inventory',
    summary: 'What is there of every product',
    description: 'In the order of the ids. From the read model, which follows the logs within seconds.',
    query: InventoryQuery,
    success: {
      status: 200,
      description: 'A page of products.',
      schema: InventoryLevelsReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query: { limit, cursor: after } }) => {
    const databases = viewDatabases(c.env);
    const [{ rows, next }, parked] = await Promise.all([
      readInventory(databases, { after, limit }),
      readParkedCount(databases, 'inventory'),
    ]);
    const reply: InventoryLevelsReply = {
      inventory: rows.map(inventoryLevel),
      nextCursor: nextCursor(next),
    };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

/** Which payments are wanted. */
export const PaymentsQuery = z.strictObject({
  orderId: Id.optional(),
  status: PaymentStatus.optional(),
  limit: PageLimit,
  cursor: cursorOf(z.tuple([Version, AggregateId]), CURSOR).optional(),
});

const getPayments = route(
  {
    method: 'get',
    path: '/v1/payments',
    operationId: 'getPayments',
    tag: 'Payments',
    summary: 'Payments, newest first',
    description: 'From the read model, which follows the logs within seconds.',
    query: PaymentsQuery,
    success: {
      status: 200,
      description: 'A page of payments.',
      schema: PaymentsReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query: { cursor: after, ...filter } }) => {
    const databases = viewDatabases(c.env);
    const [{ rows, next }, parked] = await Promise.all([
      readPayments(databases, { ...filter, after }),
      readParkedCount(databases, 'payments'),
    ]);
    const reply = { payments: rows.map(paymentSummary), nextCursor: nextCursor(next) };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

const Day = z.iso.date('must be a day such as "2010-12-01"');

/** Which sales are wanted, and what they are added up by. */
export const SalesQuery = z.strictObject({
  by: z.enum(SALES_GROUPS).default('day'),
  from: Day.optional().meta({ description: 'Orders placed on this day (UTC) or later.' }),
  to: Day.optional().meta({ description: 'Orders placed before this day (UTC).' }),
  productId: Id.optional(),
  country: Text(COUNTRY_LENGTH_MAX).optional(),
  limit: PageLimit,
  cursor: cursorOf(z.tuple([z.string(), Currency]), CURSOR).optional(),
});

const getSales = route(
  {
    method: 'get',
    path: '/v1/sales',
    operationId: 'getSales',
    tag: 'Orders',
    summary: 'Orders, units and revenue by day, product or country',
    description:
      'Of orders that are confirmed and not cancelled, by the day on which they were placed, less what was refunded of ' +
      'them. Exact to the last unit, from the read model, which follows the logs within seconds.',
    query: SalesQuery,
    success: {
      status: 200,
      description: 'A page of groups, and what all of them come to.',
      schema: SalesReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query: { cursor, ...filter } }) => {
    const databases = viewDatabases(c.env);
    const [page, parked] = await Promise.all([
      readSales(databases, { ...filter, after: cursor }),
      readParkedCount(databases, 'sales'),
    ]);
    const reply: SalesReply = {
      by: filter.by,
      sales: page.groups.map(salesGroup),
      totals: page.totals,
      nextCursor: nextCursor(page.next),
    };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

export const orderViews: readonly Route[] = [
  getOrders,
  getOrderHistory,
  getInventoryLevels,
  getPayments,
  getSales,
];
