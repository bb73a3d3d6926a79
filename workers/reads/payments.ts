/** Payments as the view has them, newest first. */
import { and, eq, getTableColumns, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { PaymentStatus } from '../../schemas/payment.ts';
import { payments } from '../../schemas/tables/orderViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { newestFirst, type Page, readMerged, type TimeKey } from './merged.ts';
import { betweenKeys, type ListOrder, lookedFor, type Slice } from './slice.ts';
import { positionOf, type Stale, staleSinceColumn } from './stale.ts';

/** Which payments are wanted. */
export interface PaymentFilter extends Slice<TimeKey> {
  readonly orderId?: string | undefined;
  readonly status?: PaymentStatus | undefined;
}

/** A row of the view, and the version since which it is stale, if it is. */
export type PaymentRow = typeof payments.blue.$inferSelect & Stale;

/** A page of the payments that match, over all databases. */
export function readPayments(
  databases: readonly D1Database[],
  filter: PaymentFilter,
): Promise<Page<PaymentRow, TimeKey>> {
  return readMerged<PaymentRow, TimeKey>(databases, {
    limit: filter.limit,
    fromEnd: filter.fromEnd,
    keyOf: paymentKey,
    compare: newestFirst,
    read: (database, rows) =>
      readLive(database, ['payments'], async (colours) => {
        const table = payments[colours.payments];
        const order: ListOrder = { columns: [table.requestedAt, table.paymentId], direction: 'descending' };
        const conditions: SQL[] = betweenKeys(order, filter);
        if (filter.orderId !== undefined) conditions.push(eq(table.orderId, filter.orderId));
        if (filter.status !== undefined) conditions.push(eq(table.status, filter.status));
        const db = drizzle(database);
        return db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ ...getTableColumns(table), ...staleSinceColumn })
            .from(table)
            .leftJoin(viewPositions, positionOf('payments', colours.payments, 'payment', table.paymentId))
            .where(and(...conditions))
            .orderBy(...lookedFor(order, filter.fromEnd))
            .limit(rows),
        ]);
      }),
  });
}

/** The payments of some orders, newest first. Each database may have some: payments are spread by ids of their own. */
export async function readPaymentsOf(
  databases: readonly D1Database[],
  orderIds: readonly string[],
): Promise<Map<string, PaymentRow[]>> {
  const parts = await Promise.all(
    databases.map((database) =>
      readLive(database, ['payments'], async (colours) => {
        const table = payments[colours.payments];
        const db = drizzle(database);
        return db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ ...getTableColumns(table), ...staleSinceColumn })
            .from(table)
            .leftJoin(viewPositions, positionOf('payments', colours.payments, 'payment', table.paymentId))
            .where(isAmong(table.orderId, orderIds)),
        ]);
      }),
    ),
  );
  const rows = parts.flat().sort((one, other) => newestFirst(paymentKey(one), paymentKey(other)));
  return Map.groupBy(rows, ({ orderId }) => orderId);
}

function paymentKey({ requestedAt, paymentId }: PaymentRow): TimeKey {
  return [requestedAt, paymentId];
}
