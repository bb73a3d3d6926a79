/** Which accounts there are, as the view has them. */
import { and, asc, gt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { accounts, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { type Page, readMerged } from './merged.ts';

/** Which accounts are wanted. */
export interface AccountFilter {
  /** Accounts after this id. */
  readonly after?: string | undefined;
  /** These accounts alone. */
  readonly accounts?: ReadonlySet<string> | undefined;
  readonly limit: number;
}

/** A page of account ids in their order, over all databases. */
export function readAccountIds(
  databases: readonly D1Database[],
  { after = '', accounts: wanted, limit }: AccountFilter,
): Promise<Page<string, string>> {
  return readMerged(databases, {
    limit,
    keyOf: (accountId) => accountId,
    compare: (one, other) => (one < other ? -1 : 1),
    read: (database, rows) =>
      readLive(database, ['accounts'], async (colours) => {
        const { accountId } = accounts[colours.accounts];
        const db = drizzle(database);
        const [live, page] = await db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ accountId })
            .from(accounts[colours.accounts])
            .where(
              and(gt(accountId, after), wanted === undefined ? undefined : isAmong(accountId, [...wanted])),
            )
            .orderBy(asc(accountId))
            .limit(rows),
        ]);
        return [live, page.map((row) => row.accountId)];
      }),
  });
}
