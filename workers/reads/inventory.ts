/** Stock as the view has it, by product. */
import { asc, gt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { inventory } from '../../schemas/tables/orderViews.ts';
import { views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { type Page, readMerged } from './merged.ts';

/** A row of the view. */
export type InventoryRow = typeof inventory.blue.$inferSelect;

/** A page of products in the order of their ids, over all databases, after an id. */
export function readInventory(
  databases: readonly D1Database[],
  { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<InventoryRow, string>> {
  return readMerged(databases, {
    limit,
    keyOf: ({ productId }) => productId,
    compare: (one, other) => (one < other ? -1 : 1),
    read: (database, rows) =>
      readLive(database, ['inventory'], async (colours) => {
        const table = inventory[colours.inventory];
        const db = drizzle(database);
        return db.batch([
          db.select(liveColumns).from(views),
          db.select().from(table).where(gt(table.productId, after)).orderBy(asc(table.productId)).limit(rows),
        ]);
      }),
  });
}
