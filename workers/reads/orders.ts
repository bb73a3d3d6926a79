/** Orders as the view has them, newest first. */
import { and, eq, getTableColumns, gte, lt, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { OrderStatus } from '../../schemas/order.ts';
import { orders } from '../../schemas/tables/orderViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { newestFirst, type Page, readMerged, type TimeKey } from './merged.ts';
import { betweenKeys, type ListOrder, lookedFor, type Slice } from './slice.ts';
import { positionOf, type Stale, staleSinceColumn } from './stale.ts';

/** Which orders are wanted. */
export interface OrderFilter extends Slice<TimeKey> {
  /** These orders alone. */
  readonly orderIds?: readonly string[] | undefined;
  readonly customerId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  /** Bounds of the time of placing, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A row of the view, and the version since which it is stale, if it is. */
export type OrderRow = typeof orders.blue.$inferSelect & Stale;

/** A page of the orders that match, over all databases. */
export function readOrders(
  databases: readonly D1Database[],
  filter: OrderFilter,
): Promise<Page<OrderRow, TimeKey>> {
  return readMerged<OrderRow, TimeKey>(databases, {
    limit: filter.limit,
    fromEnd: filter.fromEnd,
    keyOf: ({ placedAt, orderId }) => [placedAt, orderId],
    compare: newestFirst,
    read: (database, rows) => readPart(database, filter, rows),
  });
}

/** Some orders of one database, by their ids. */
export async function readOrdersById(
  database: D1Database,
  orderIds: readonly string[],
): Promise<Map<string, OrderRow>> {
  const rows = await readPart(database, { orderIds, limit: orderIds.length }, orderIds.length);
  return new Map(rows.map((row) => [row.orderId, row]));
}

function readPart(database: D1Database, filter: OrderFilter, rows: number): Promise<OrderRow[]> {
  return readLive(database, ['orders'], async (colours) => {
    const table = orders[colours.orders];
    const order: ListOrder = { columns: [table.placedAt, table.orderId], direction: 'descending' };
    const conditions: SQL[] = betweenKeys(order, filter);
    if (filter.orderIds !== undefined) conditions.push(isAmong(table.orderId, filter.orderIds));
    if (filter.customerId !== undefined) conditions.push(eq(table.customerId, filter.customerId));
    if (filter.status !== undefined) conditions.push(eq(table.status, filter.status));
    if (filter.from !== undefined) conditions.push(gte(table.placedAt, filter.from));
    if (filter.to !== undefined) conditions.push(lt(table.placedAt, filter.to));
    const db = drizzle(database);
    return db.batch([
      db.select(liveColumns).from(views),
      db
        .select({ ...getTableColumns(table), ...staleSinceColumn })
        .from(table)
        .leftJoin(viewPositions, positionOf('orders', colours.orders, 'order', table.orderId))
        .where(and(...conditions))
        .orderBy(...lookedFor(order, filter.fromEnd))
        .limit(rows),
    ]);
  });
}
