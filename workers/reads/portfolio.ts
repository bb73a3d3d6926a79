/** The portfolio as the views have it. */
import { and, eq, inArray } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { accounts, type Colour, positions, viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
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
  const portfolios = await readPortfolios(database, [accountId]);
  return portfolios.get(accountId) ?? NOTHING_KNOWN;
}

/** The same of many accounts of one database, in the order given: as many statements as for one. */
export async function readPortfolios(
  database: D1Database,
  accountIds: readonly string[],
): Promise<Map<string, PortfolioRead>> {
  return readLive(database, VIEWS_READ, async (colours) => {
    const [live, ...rows] = await selectPortfolios(database, accountIds, colours);
    const [standings, accountRows, positionRows] = rows;
    const ofAccount = {
      standings: Map.groupBy(standings, ({ aggregateId }) => aggregateId),
      accounts: new Map(accountRows.map((row) => [row.accountId, row])),
      positions: Map.groupBy(positionRows, ({ accountId }) => accountId),
    };
    const portfolios = accountIds.map((id): [string, PortfolioRead] => {
      const { standings: all, accounts: own, positions: held } = ofAccount;
      return [id, portfolioOf(colours, all.get(id) ?? [], own.get(id), held.get(id) ?? [])];
    });
    return [live, new Map(portfolios)];
  });
}

/** One batch is one transaction: the version belongs to the very rows beside it. */
function selectPortfolios(
  database: D1Database,
  accountIds: readonly string[],
  colours: Record<ViewRead, Colour>,
) {
  const db = drizzle(database);
  const account = accounts[colours.accounts];
  const position = positions[colours.positions];
  return db.batch([
    db.select(liveColumns).from(views),
    db
      .select({ ...standingColumns, aggregateId: viewPositions.aggregateId })
      .from(viewPositions)
      .where(
        and(
          inArray(viewPositions.view, VIEWS_READ),
          inArray(viewPositions.colour, [colours.accounts, colours.positions]),
          eq(viewPositions.aggregateType, 'account'),
          isAmong(viewPositions.aggregateId, accountIds),
        ),
      ),
    db.select().from(account).where(isAmong(account.accountId, accountIds)),
    db.select().from(position).where(isAmong(position.accountId, accountIds)).orderBy(position.symbol),
  ]);
}

/** What the views have of an account that they have not heard of. */
const NOTHING_KNOWN: PortfolioRead = { staleSince: undefined };

type AccountRow = typeof accounts.blue.$inferSelect;
type PositionRow = typeof positions.blue.$inferSelect;

function portfolioOf(
  colours: Record<ViewRead, Colour>,
  standings: readonly StandingRow[],
  account: AccountRow | undefined,
  positionRows: readonly PositionRow[],
): PortfolioRead {
  const own = standings.filter(({ view, colour }) => colours[view as ViewRead] === colour);
  const versionOf = (view: ViewRead) => own.find((row) => row.view === view)?.version;
  const version = versionOf('accounts');
  const staleSince = staleSinceOf(own);
  // Two views that stand at different versions would show cash of one moment beside holdings of another.
  if (account === undefined || version === undefined || version !== versionOf('positions'))
    return { staleSince };
  return { staleSince, view: { version, account, positions: positionRows } };
}
