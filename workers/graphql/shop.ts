/** Fields of the shop: lists from the views, and what orders, payments and stock have to do with each other. */
import { GraphQLNonNull, type GraphQLObjectType } from 'graphql';
import { viewDatabases } from '../env.ts';
import { encodeCursor } from '../http/cursor.ts';
import {
  HistoryQuery,
  InventoryQuery,
  OrdersQuery,
  ordersPage,
  PaymentsQuery,
  SalesQuery,
} from '../http/routes/orderViews.ts';
import { SagasQuery, sagaSummary, sagasPage } from '../http/routes/sagas.ts';
import { happened, inventoryLevel, orderSummary, paymentSummary, salesGroup } from '../http/shownRows.ts';
import {
  InventoryLevelsReply,
  OrderHistoryReply,
  OrdersReply,
  PaymentsReply,
  SagasReply,
  SalesReply,
} from '../http/viewReplies.ts';
import { readInventory } from '../reads/inventory.ts';
import type { Page } from '../reads/merged.ts';
import { readPayments } from '../reads/payments.ts';
import { readSales, type SalesPage } from '../reads/sales.ts';
import type { Connection, ListPage } from './lists.ts';
import { type Parts, parkedAggregates } from './parts.ts';
import { type Field, type Fields, field, type Types } from './types.ts';

/** Types of rows, by what they are called. */
const ROWS = {
  OrderSummary: OrdersReply.shape.orders.element,
  PaymentSummary: PaymentsReply.shape.payments.element,
  InventoryLevel: InventoryLevelsReply.shape.inventory.element,
  OrderHistoryEvent: OrderHistoryReply.shape.events.element,
  SagaSummary: SagasReply.shape.sagas.element,
  SalesGroup: SalesReply.shape.sales.element,
} as const;

/** The type of a row. */
export function rowType(types: Types, name: keyof typeof ROWS): GraphQLObjectType {
  return types.object(ROWS[name], name === 'SalesGroup' ? 'SalesFigures' : name);
}

/** The root fields about the shop, beyond the state of its actors. */
export function shopFields(parts: Parts): Fields {
  return {
    orders: orderList(parts),
    payments: paymentList(parts),
    inventoryLevels: inventoryList(parts),
    sales: salesList(parts),
    sagas: sagaList(parts),
  };
}

function orderList({ types, lists }: Parts): Field {
  return lists.field<unknown, typeof OrdersQuery>({
    description: 'Orders, newest first.',
    query: OrdersQuery,
    node: 'OrderSummary',
    type: () => rowType(types, 'OrderSummary'),
    more: parkedAggregates('orders'),
    async read(_, query, context) {
      await context.requireRead('getOrders');
      const page = await ordersPage(context.c.env, query);
      return listPage(page, ({ placedAt, orderId }) => [placedAt, orderId], orderSummary);
    },
  });
}

function paymentList({ types, lists }: Parts): Field {
  return lists.field<unknown, typeof PaymentsQuery>({
    description: 'Payments, newest first.',
    query: PaymentsQuery,
    node: 'PaymentSummary',
    type: () => rowType(types, 'PaymentSummary'),
    more: parkedAggregates('payments'),
    async read(_, { cursor: after, ...filter }, context) {
      await context.requireRead('getPayments');
      const page = await readPayments(viewDatabases(context.c.env), { ...filter, after });
      return listPage(page, ({ requestedAt, paymentId }) => [requestedAt, paymentId], paymentSummary);
    },
  });
}

function inventoryList({ types, lists }: Parts): Field {
  return lists.field<unknown, typeof InventoryQuery>({
    description: 'What is there of every product, in the order of the ids.',
    query: InventoryQuery,
    node: 'InventoryLevel',
    type: () => rowType(types, 'InventoryLevel'),
    more: parkedAggregates('inventory'),
    async read(_, { cursor: after, ...slice }, context) {
      await context.requireRead('getInventoryLevels');
      const page = await readInventory(viewDatabases(context.c.env), { ...slice, after });
      return listPage(page, ({ productId }) => productId, inventoryLevel);
    },
  });
}

function sagaList({ types, lists }: Parts): Field {
  return lists.field<unknown, typeof SagasQuery>({
    description: 'Sagas, newest first.',
    query: SagasQuery,
    node: 'SagaSummary',
    type: () => rowType(types, 'SagaSummary'),
    more: parkedAggregates('sagas'),
    async read(_, query, context) {
      await context.requireRead('getSagas');
      const page = await sagasPage(context.c.env, query);
      return listPage(page, ({ startedAt, sagaId }) => [startedAt, sagaId], sagaSummary);
    },
  });
}

function salesList({ types, lists }: Parts): Field {
  return lists.field<unknown, typeof SalesQuery>({
    description: 'Orders, units and revenue by day, product or country; what each group comes to.',
    query: SalesQuery,
    node: 'SalesFigures',
    type: () => rowType(types, 'SalesGroup'),
    more: {
      totals: field<Connection>({
        type: new GraphQLNonNull(types.output(SalesReply.shape.totals, 'SalesTotals')),
        description: 'What all groups come to, whatever the page, by currency.',
        resolve: ({ about }) => (about as SalesPage).totals,
      }),
      ...parkedAggregates('sales'),
    },
    async read(_, { cursor: after, ...filter }, context) {
      await context.requireRead('getSales');
      const page = await readSales(viewDatabases(context.c.env), { ...filter, after });
      const rows = { rows: page.groups, next: page.next };
      const { edges, goesOn } = listPage(rows, ({ key, currency }) => [key, currency], salesGroup);
      return { edges, goesOn, about: page };
    },
  });
}

/** What happened to an order, as a field of it. */
export function historyField<Source extends { readonly orderId: string }>({ types, lists }: Parts): Field {
  return lists.field<Source, typeof HistoryOf>({
    description: 'What happened to the order, its payment and its shipments, oldest first.',
    query: HistoryOf,
    node: 'OrderHistoryEvent',
    type: () => rowType(types, 'OrderHistoryEvent'),
    async read({ orderId }, { cursor: after, ...slice }, context) {
      await context.requireRead('getOrderHistory');
      const page = await context.loaders.history(orderId, { ...slice, after });
      return listPage(
        page,
        ({ recordedAt, aggregateType, aggregateId, version }) => [
          recordedAt,
          aggregateType,
          aggregateId,
          version,
        ],
        happened,
      );
    },
  });
}

/** Of an order that is there: its view need not have come to a version. */
const HistoryOf = HistoryQuery.omit({ minVersion: true });

/** A page of a view as a page of a list, with the cursors of REST. */
function listPage<Row>(
  { rows, next }: Page<Row, unknown>,
  keyOf: (row: Row) => unknown,
  shown: (row: Row) => object,
): ListPage {
  const edges = rows.map((row) => ({ cursor: encodeCursor(keyOf(row)), node: shown(row) }));
  return { edges, goesOn: next !== null };
}
