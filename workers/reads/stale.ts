/** Whether a view lacks events of an aggregate, since it cannot take one of them. */
import { type AnyColumn, and, count, eq, isNotNull, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { type Colour, type ViewName, viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';

/** The columns of a view's position that say how far it is and whether it is stale. */
export const standingColumns = {
  view: viewPositions.view,
  colour: viewPositions.colour,
  version: viewPositions.version,
  parkedVersion: viewPositions.parkedVersion,
};

/** A row of {@link standingColumns}. */
export interface StandingRow {
  readonly view: string;
  readonly colour: Colour;
  readonly version: number;
  readonly parkedVersion: number | null;
}

/** The first version that any of some positions lacks for good; undefined where none does. */
export function staleSinceOf(rows: readonly Pick<StandingRow, 'parkedVersion'>[]): number | undefined {
  const parked = rows.flatMap(({ parkedVersion }) => parkedVersion ?? []);
  return parked.length === 0 ? undefined : Math.min(...parked);
}

/** The parked positions of a view, of all aggregates or of those of an id, to be selected beside what the view shows. */
export function isParkedIn(view: ViewName, colour: Colour, aggregateId?: string): SQL | undefined {
  return and(
    eq(viewPositions.view, view),
    eq(viewPositions.colour, colour),
    aggregateId === undefined ? undefined : eq(viewPositions.aggregateId, aggregateId),
    isNotNull(viewPositions.parkedVersion),
  );
}

/** A row of a list, with the version since which it is stale; null where it is not. */
export interface Stale {
  readonly staleSince: number | null;
}

/** The same as a reply has it: nothing where it is well. */
export function staleSinceField({ staleSince }: Stale): { staleSince?: number } {
  return staleSince === null ? {} : { staleSince };
}

/** The column of {@link Stale}, beside a list's own. */
export const staleSinceColumn = { staleSince: viewPositions.parkedVersion };

/** The position of a row's aggregate, to be joined to a list whose rows say whether they are stale. */
export function positionOf(
  view: ViewName,
  colour: Colour,
  aggregateType: string,
  aggregateId: AnyColumn,
): SQL | undefined {
  return and(
    eq(viewPositions.view, view),
    eq(viewPositions.colour, colour),
    eq(viewPositions.aggregateType, aggregateType),
    eq(viewPositions.aggregateId, aggregateId),
  );
}

/** The same for a view whose own rows are read elsewhere. */
export async function readStaleSince(
  database: D1Database,
  view: ViewName,
  aggregateId: string,
): Promise<number | undefined> {
  const rows = await readLive(database, [view], async (colours) => {
    const db = drizzle(database);
    return db.batch([
      db.select(liveColumns).from(views),
      db
        .select(standingColumns)
        .from(viewPositions)
        .where(isParkedIn(view, colours[view], aggregateId)),
    ]);
  });
  return staleSinceOf(rows);
}

/** The header of a reply from a view that is stale; none where it is well. */
export function staleHeader(staleSince: number | undefined): Record<string, string> {
  return staleSince === undefined ? {} : { 'X-View-Stale-Since': String(staleSince) };
}

/** How many aggregates a view has parked, over all databases: what it says across aggregates lacks their latest events. */
export async function readParkedCount(databases: readonly D1Database[], view: ViewName): Promise<number> {
  const counts = await Promise.all(
    databases.map((database) =>
      readLive(database, [view], async (colours) => {
        const db = drizzle(database);
        const [live, parked] = await db.batch([
          db.select(liveColumns).from(views),
          db.select({ count: count() }).from(viewPositions).where(isParkedIn(view, colours[view])),
        ]);
        return [live, parked[0]?.count ?? 0];
      }),
    ),
  );
  return counts.reduce((sum, own) => sum + own, 0);
}

/** The header of a reply from a view that cannot go on with some aggregates; none where all is well. */
export function parkedHeader(parked: number): Record<string, string> {
  return parked === 0 ? {} : { 'X-View-Parked': String(parked) };
}
