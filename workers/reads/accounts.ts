/** Which accounts there are, as the view has them. */
import { and } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { accounts, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { type Page, readMerged } from './merged.ts';
import { betweenKeys, type ListOrder, lookedFor, oneColumn, type Slice } from './slice.ts';

/** Which accounts are wanted. */
export interface AccountFilter extends Slice<string> {
  /** These accounts alone. */
  readonly accounts?: ReadonlySet<string> | undefined;
}

/** A page of account ids in their order, over all databases. */
export function readAccountIds(
  databases: readonly D1Database[],
  { after, before, accounts: wanted, limit, fromEnd }: AccountFilter,
): Promise<Page<string, string>> {
  return readMerged(databases, {
    limit,
    fromEnd,
    keyOf: (accountId) => accountId,
    compare: (one, other) => (one < other ? -1 : 1),
    read: (database, rows) =>
      readLive(database, ['accounts'], async (colours) => {
        const { accountId } = accounts[colours.accounts];
        const order: ListOrder = { columns: [accountId], direction: 'ascending' };
        const db = drizzle(database);
        const [live, page] = await db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ accountId })
            .from(accounts[colours.accounts])
            .where(
              and(
                ...betweenKeys(order, { after: oneColumn(after), before: oneColumn(before) }),
                wanted === undefined ? undefined : isAmong(accountId, [...wanted]),
              ),
            )
            .orderBy(...lookedFor(order, fromEnd))
            .limit(rows),
        ]);
        return [live, page.map((row) => row.accountId)];
      }),
  });
}
