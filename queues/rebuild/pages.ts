/** The aggregates that live views know, page by page, and where views stand for them. */
import type { ViewDatabase } from '../kernel/database.ts';
import { type AggregateKey, keyOf, type ViewTarget } from '../kernel/positions.ts';
import type { JobCursor } from './job.ts';

/**
 * The next aggregates that any of some views has a position for, in order. A building colour has nothing to be filled with
 * beyond those: it never gets ahead of the live one, and takes part in whatever the live one has not begun.
 */
export async function aggregatesAfter(
  database: ViewDatabase,
  targets: readonly ViewTarget[],
  { after }: JobCursor,
  limit: number,
): Promise<AggregateKey[]> {
  const [type, id] = after ?? ['', ''];
  // Each view is a walk along its primary key. A statement each: D1 takes no compound SELECT of more than five terms.
  const lists = await database.batch(
    targets.map(({ view, colour }) => ({
      sql:
        'SELECT aggregate_type AS aggregateType, aggregate_id AS aggregateId FROM view_positions ' +
        'WHERE view = ? AND colour = ? AND (aggregate_type, aggregate_id) > (?, ?) ' +
        'ORDER BY aggregate_type, aggregate_id LIMIT ?',
      parameters: [view, colour, type, id, limit],
    })),
  );
  const keys = new Map((lists.flat() as AggregateKey[]).map((key) => [keyOf(key), key]));
  return [...keys.values()].sort(inOrder).slice(0, limit);
}

/** As SQLite orders texts; types and ids are ASCII. */
function inOrder(one: AggregateKey, other: AggregateKey): number {
  if (one.aggregateType !== other.aggregateType) return one.aggregateType < other.aggregateType ? -1 : 1;
  return one.aggregateId < other.aggregateId ? -1 : 1;
}

/** How many aggregates the view with the most of them has. */
export async function countAggregates(
  database: ViewDatabase,
  targets: readonly ViewTarget[],
): Promise<number> {
  const [row] = await database.all<{ count: number }>({
    sql:
      'SELECT coalesce(max(count), 0) AS count FROM (SELECT count(*) AS count FROM json_each(?) AS target ' +
      'CROSS JOIN view_positions AS p ON p.view = target.value ->> 0 AND p.colour = target.value ->> 1 ' +
      'GROUP BY target.key)',
    parameters: [JSON.stringify(targets.map(({ view, colour }) => [view, colour]))],
  });
  return row?.count ?? 0;
}

/** The key after which a page goes on. */
export function cursorAfter(cursor: JobCursor, keys: readonly AggregateKey[]): JobCursor {
  const last = keys.at(-1);
  if (last === undefined) return { after: cursor.after, done: cursor.done };
  return { after: [last.aggregateType, last.aggregateId], done: cursor.done + keys.length };
}
