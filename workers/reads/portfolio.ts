/** The portfolio as the views have it. */
import { and, eq, inArray } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { accounts, type Colour, positions, viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { type StandingRow, staleSinceOf, standingColumns } from './stale.ts';

const VIEWS_READ = ['accounts', 'positions'] as const;
type ViewRead = (typeof VIEWS_READ)[number];

/** Account and holdings at one version, and the version since which the views lack events. */
export interface PortfolioRead {
  readonly staleSince: number | undefined;
  readonly view?: {
    readonly version: number;
    readonly account: AccountRow;
    readonly positions: readonly PositionRow[];
  };
}

/** What the views have of an account; `view` is undefined where they have not heard of the account or stand apart. */
export async function readPortfolio(database: D1Database, accountId: string): Promise<PortfolioRead> {
  return readLive(database, VIEWS_READ, async (colours) => {
    const [live, ...rows] = await selectPortfolio(database, accountId, colours);
    return [live, portfolioOf(colours, ...rows)];
  });
}

/** One batch is one transaction: the version belongs to the very rows beside it. */
function selectPortfolio(database: D1Database, accountId: string, colours: Record<ViewRead, Colour>) {
  const db = drizzle(database);
  const account = accounts[colours.accounts];
  const position = positions[colours.positions];
  return db.batch([
    db.select(liveColumns).from(views),
    db
      .select(standingColumns)
      .from(viewPositions)
      .where(
        and(
          inArray(viewPositions.view, VIEWS_READ),
          inArray(viewPositions.colour, [colours.accounts, colours.positions]),
          eq(viewPositions.aggregateType, 'account'),
          eq(viewPositions.aggregateId, accountId),
        ),
      ),
    db.select().from(account).where(eq(account.accountId, accountId)),
    db.select().from(position).where(eq(position.accountId, accountId)).orderBy(position.symbol),
  ]);
}

type AccountRow = typeof accounts.blue.$inferSelect;
type PositionRow = typeof positions.blue.$inferSelect;

function portfolioOf(
  colours: Record<ViewRead, Colour>,
  standings: readonly StandingRow[],
  accountRows: readonly AccountRow[],
  positionRows: readonly PositionRow[],
): PortfolioRead {
  const own = standings.filter(({ view, colour }) => colours[view as ViewRead] === colour);
  const versionOf = (view: ViewRead) => own.find((row) => row.view === view)?.version;
  const version = versionOf('accounts');
  const [account] = accountRows;
  const staleSince = staleSinceOf(own);
  // Two views that stand at different versions would show cash of one moment beside holdings of another.
  if (account === undefined || version === undefined || version !== versionOf('positions'))
    return { staleSince };
  return { staleSince, view: { version, account, positions: positionRows } };
}
