/** Stock as the view has it, by product. */
import { and, getTableColumns } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { inventory } from '../../schemas/tables/orderViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { type Page, readMerged } from './merged.ts';
import { betweenKeys, type ListOrder, lookedFor, oneColumn, type Slice } from './slice.ts';
import { positionOf, type Stale, staleSinceColumn } from './stale.ts';

/** A row of the view, and the version since which it is stale, if it is. */
export type InventoryRow = typeof inventory.blue.$inferSelect & Stale;

/** A page of products in the order of their ids, over all databases. */
export function readInventory(
  databases: readonly D1Database[],
  { after, before, limit, fromEnd }: Slice<string>,
): Promise<Page<InventoryRow, string>> {
  return readMerged(databases, {
    limit,
    fromEnd,
    keyOf: ({ productId }) => productId,
    compare: (one, other) => (one < other ? -1 : 1),
    read: (database, rows) =>
      readLive(database, ['inventory'], async (colours) => {
        const table = inventory[colours.inventory];
        const order: ListOrder = { columns: [table.productId], direction: 'ascending' };
        const db = drizzle(database);
        return db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ ...getTableColumns(table), ...staleSinceColumn })
            .from(table)
            .leftJoin(viewPositions, positionOf('inventory', colours.inventory, 'inventory', table.productId))
            .where(and(...betweenKeys(order, { after: oneColumn(after), before: oneColumn(before) })))
            .orderBy(...lookedFor(order, fromEnd))
            .limit(rows),
        ]);
      }),
  });
}

/** The stock of some products of one database, by their ids. */
export async function readInventoryById(
  database: D1Database,
  productIds: readonly string[],
): Promise<Map<string, InventoryRow>> {
  const rows = await readLive(database, ['inventory'], async (colours) => {
    const table = inventory[colours.inventory];
    const db = drizzle(database);
    return db.batch([
      db.select(liveColumns).from(views),
      db
        .select({ ...getTableColumns(table), ...staleSinceColumn })
        .from(table)
        .leftJoin(viewPositions, positionOf('inventory', colours.inventory, 'inventory', table.productId))
        .where(isAmong(table.productId, productIds)),
    ]);
  });
  return new Map(rows.map((row) => [row.productId, row]));
}
