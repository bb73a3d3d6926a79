/** The portfolio as the views have it. */
import { and, eq, inArray } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { accounts, positions, viewPositions } from '../../schemas/tables/views.ts';
import { liveColours } from './liveColour.ts';

/** Account and holdings at one version, or undefined where the views have not heard of it or stand apart. */
export async function readPortfolio(database: D1Database, accountId: string) {
  const colours = await liveColours(database, ['accounts', 'positions']);
  const db = drizzle(database);
  const account = accounts[colours.accounts];
  const position = positions[colours.positions];
  // One batch is one transaction: the version belongs to the very rows beside it.
  const [versions, accountRows, positionRows] = await db.batch([
    db
      .select({ view: viewPositions.view, colour: viewPositions.colour, version: viewPositions.version })
      .from(viewPositions)
      .where(
        and(
          inArray(viewPositions.view, ['accounts', 'positions']),
          inArray(viewPositions.colour, [colours.accounts, colours.positions]),
          eq(viewPositions.aggregateType, 'account'),
          eq(viewPositions.aggregateId, accountId),
        ),
      ),
    db.select().from(account).where(eq(account.accountId, accountId)),
    db.select().from(position).where(eq(position.accountId, accountId)).orderBy(position.symbol),
  ]);
  const versionOf = (view: 'accounts' | 'positions') =>
    versions.find((row) => row.view === view && row.colour === colours[view])?.version;
  const version = versionOf('accounts');
  const [row] = accountRows;
  // Two views that stand at different versions would show cash of one moment beside holdings of another.
  if (row === undefined || version === undefined || version !== versionOf('positions')) return undefined;
  return { version, account: row, positions: positionRows };
}
