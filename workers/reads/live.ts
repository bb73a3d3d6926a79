/** Reads from whichever colour of a view is live. */
import { type Colour, type ViewName, views } from '../../schemas/tables/views.ts';
import { fromDatabase } from '../viewDatabase.ts';

/** The colours that a database's views had when it was last asked. A hint: every read checks it in its own transaction. */
const lastKnown = new WeakMap<D1Database, Record<string, Colour>>();

/** The rows that tell which colour is live; a read selects them beside its own. */
export type LiveRow = Pick<typeof views.$inferSelect, 'view' | 'live'>;

/** The columns of {@link LiveRow}. */
export const liveColumns = { view: views.view, live: views.live };

/**
 * Runs a read against the live colours of some views. `read` answers the rows of `views` from the same transaction as its
 * own rows; where those name other colours than it was given, a switch came in between, and it runs again. So a reader
 * never sees a colour that is being cleared, and asks once where nothing has changed. Throws `Unanswered` where the database
 * never answers.
 */
export async function readLive<Name extends ViewName, Result>(
  database: D1Database,
  names: readonly Name[],
  read: (colours: Record<Name, Colour>) => Promise<readonly [readonly LiveRow[], Result]>,
): Promise<Result> {
  for (;;) {
    const known = lastKnown.get(database) ?? {};
    const colours = Object.fromEntries(names.map((name) => [name, known[name] ?? 'blue']));
    const [rows, result] = await fromDatabase(read(colours as Record<Name, Colour>));
    const live = Object.fromEntries(rows.map((row) => [row.view, row.live]));
    if (names.every((name) => colours[name] === (live[name] ?? 'blue'))) return result;
    lastKnown.set(database, live);
  }
}
