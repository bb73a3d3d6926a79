/** Reads of orders from the views: lists, and what was sold. */
import { z } from 'zod';
import { Currency } from '../../../schemas/currency.ts';
import { OrderStatus } from '../../../schemas/order.ts';
import { Id, Text, Time, Version } from '../../../schemas/scalars.ts';
import { viewDatabases } from '../../env.ts';
import { type OrderRow, readOrders } from '../../reads/orders.ts';
import { readSales, SALES_GROUPS } from '../../reads/sales.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { OrdersReply, SalesReply } from '../viewReplies.ts';

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
    success: { status: 200, description: 'A page of orders.', schema: OrdersReply },
  },
  async (c, { query: { from, to, cursor, ...filter } }) => {
    const page = await readOrders(viewDatabases(c.env), {
      ...filter,
      from: from === undefined ? undefined : Date.parse(from),
      to: to === undefined ? undefined : Date.parse(to),
      after: cursor,
    });
    const reply: OrdersReply = {
      orders: page.rows.map(orderSummary),
      nextCursor: page.next === null ? null : encodeCursor(page.next),
    };
    return c.json(reply);
  },
);

function orderSummary({
  placedAt,
  updatedAt,
  status,
  staleSince,
  ...order
}: OrderRow): OrdersReply['orders'][number] {
  return {
    ...order,
    ...(staleSince === null ? {} : { staleSince }),
    status: status as OrderStatus,
    placedAt: new Date(placedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

const Day = z.iso.date('must be a day such as "2010-12-01"');

/** Which sales are wanted, and what they are added up by. */
export const SalesQuery = z.strictObject({
  by: z.enum(SALES_GROUPS),
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
      'Of orders that are confirmed and not cancelled, by the day on which they were placed. Exact to the last unit, ' +
      'from the read model, which follows the logs within seconds.',
    query: SalesQuery,
    success: {
      status: 200,
      description: 'A page of groups, and what all of them come to.',
      schema: SalesReply,
    },
  },
  async (c, { query: { cursor, ...filter } }) => {
    const page = await readSales(viewDatabases(c.env), { ...filter, after: cursor });
    const reply: SalesReply = {
      by: filter.by,
      sales: page.groups.map(({ key, ...figures }) => ({ key: key === '' ? null : key, ...figures })),
      totals: page.totals,
      nextCursor: page.next === null ? null : encodeCursor(page.next),
    };
    return c.json(reply);
  },
);

export const orderViews: readonly Route[] = [getOrders, getSales];
