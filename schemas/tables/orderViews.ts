/** Tables of the views of orders and what they need, each in two colours as `views.ts` says. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

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
      status: text().notNull(),
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
 * What each line of an order contributes to sales: a row for each, so that an order that is cancelled or an event that comes
 * twice changes its own rows and no sum. Numbers are in limbs (`queues/kernel/exactSum.ts`): units, and amounts × 10^8.
 */
const salesTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      orderId: text('order_id').notNull(),
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
    (table) => [primaryKey({ columns: [table.orderId, table.line] }), index(`${name}_day`).on(table.day)],
  );

/** The drizzle table of a view in a colour. */
export const ordersBlue = ordersTable('orders_blue');
export const ordersGreen = ordersTable('orders_green');
export const orders = { blue: ordersBlue, green: ordersGreen } as const;
export const salesBlue = salesTable('sales_blue');
export const salesGreen = salesTable('sales_green');
