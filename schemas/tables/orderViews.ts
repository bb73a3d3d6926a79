/** Tables of the views of orders and what they need, each in two colours as `views.ts` says. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { OrderStatus } from '../order.ts';
import type { PaymentStatus } from '../payment.ts';
import type { PaymentProvider } from '../paymentProvider.ts';

/**
 * One row an order. Lists are newest first by `placed_at`, then by id, which every index ends with: the table is WITHOUT
 * ROWID, so that an index holds the key.
 */
const ordersTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      orderId: text('order_id').primaryKey(),
      customerId: text('customer_id').notNull(),
      status: text().$type<OrderStatus>().notNull(),
      currency: text().notNull(),
      total: text().notNull(),
      /** Lines and units of the order as placed. */
      lines: integer().notNull(),
      units: text().notNull(),
      /** Of the address; null where it does not say. */
      country: text(),
      /** Why it was cancelled; null where it was not. */
      reason: text(),
      version: integer().notNull(),
      placedAt: integer('placed_at').notNull(),
      updatedAt: integer('updated_at').notNull(),
    },
    (table) => [
      index(`${name}_placed`).on(table.placedAt),
      index(`${name}_customer`).on(table.customerId, table.placedAt),
      index(`${name}_status`).on(table.status, table.placedAt),
    ],
  );

/**
 * What each line of an order contributes to sales, and what its payment took back: rows of their own, so that an order that is
 * cancelled or an event that comes twice changes those and no sum. Numbers are in limbs (`queues/kernel/exactSum.ts`): units,
 * and amounts × 10^8. The payment of an order has the order's id, and a row with line 0 once anything was refunded: its amount
 * is negative, and the order's rows say when and where.
 */
const salesTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      aggregateType: text('aggregate_type', { enum: ['order', 'payment'] }).notNull(),
      aggregateId: text('aggregate_id').notNull(),
      line: integer().notNull(),
      /** The day in UTC on which the order was placed: `2010-12-01`. */
      day: text().notNull(),
      productId: text('product_id').notNull(),
      /** Empty where the address does not say. */
      country: text().notNull(),
      currency: text().notNull(),
      /** Whether the order is confirmed and not cancelled. */
      isSold: integer('is_sold', { mode: 'boolean' }).notNull(),
      /** Whether it is the order's first line, and the first of its product: what orders are counted by. */
      isFirst: integer('is_first', { mode: 'boolean' }).notNull(),
      isFirstOfProduct: integer('is_first_of_product', { mode: 'boolean' }).notNull(),
      unitsHigh: integer('units_high').notNull(),
      unitsMiddle: integer('units_middle').notNull(),
      unitsLow: integer('units_low').notNull(),
      amountHigh: integer('amount_high').notNull(),
      amountMiddle: integer('amount_middle').notNull(),
      amountLow: integer('amount_low').notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.aggregateType, table.aggregateId, table.line] }),
      index(`${name}_day`).on(table.day),
    ],
  );

/** The aggregates that an order's history is made of. */
export const HISTORY_AGGREGATES = ['order', 'payment', 'shipment'] as const;

/**
 * Every event of an order, of its payment and of its shipments, in words. The first event of a payment or shipment names the
 * order, the later ones belong to the same.
 */
const orderHistoryTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      aggregateType: text('aggregate_type', { enum: HISTORY_AGGREGATES }).notNull(),
      aggregateId: text('aggregate_id').notNull(),
      version: integer().notNull(),
      orderId: text('order_id').notNull(),
      eventType: text('event_type').notNull(),
      words: text().notNull(),
      recordedAt: integer('recorded_at').notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.aggregateType, table.aggregateId, table.version] }),
      index(`${name}_order`).on(table.orderId),
    ],
  );

/** What is there of each product: a row a product. */
const inventoryTable = <Name extends string>(name: Name) =>
  sqliteTable(name, {
    productId: text('product_id').primaryKey(),
    onHand: text('on_hand').notNull(),
    reserved: text().notNull(),
    available: text().notNull(),
    version: integer().notNull(),
    updatedAt: integer('updated_at').notNull(),
  });

/** Where the money of each payment is. */
const paymentsTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      paymentId: text('payment_id').primaryKey(),
      orderId: text('order_id').notNull(),
      customerId: text('customer_id').notNull(),
      status: text().$type<PaymentStatus>().notNull(),
      amount: text().notNull(),
      currency: text().notNull(),
      method: text().notNull(),
      provider: text().$type<PaymentProvider>().notNull(),
      authorized: text().notNull(),
      captured: text().notNull(),
      released: text().notNull(),
      refunded: text().notNull(),
      version: integer().notNull(),
      requestedAt: integer('requested_at').notNull(),
      updatedAt: integer('updated_at').notNull(),
    },
    (table) => [
      index(`${name}_requested`).on(table.requestedAt),
      index(`${name}_order`).on(table.orderId),
      index(`${name}_status`).on(table.status, table.requestedAt),
    ],
  );

/** The drizzle tables of a view, by colour. */
export const ordersBlue = ordersTable('orders_blue');
export const ordersGreen = ordersTable('orders_green');
export const salesBlue = salesTable('sales_blue');
export const salesGreen = salesTable('sales_green');
export const orderHistoryBlue = orderHistoryTable('order_history_blue');
export const orderHistoryGreen = orderHistoryTable('order_history_green');
export const inventoryBlue = inventoryTable('inventory_blue');
export const inventoryGreen = inventoryTable('inventory_green');
export const paymentsBlue = paymentsTable('payments_blue');
export const paymentsGreen = paymentsTable('payments_green');

/** The drizzle table of a view in a colour. */
export const orders = { blue: ordersBlue, green: ordersGreen } as const;
export const orderHistory = { blue: orderHistoryBlue, green: orderHistoryGreen } as const;
export const inventory = { blue: inventoryBlue, green: inventoryGreen } as const;
export const payments = { blue: paymentsBlue, green: paymentsGreen } as const;
