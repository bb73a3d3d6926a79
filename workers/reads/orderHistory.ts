/** What happened to an order, its payment and its shipments, as the view has it or as the order's own log tells it. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { ProjectedEvent } from '../../queues/kernel/projector.ts';
import { type HistoryEvent, wordsOf } from '../../queues/projectors/orderWords.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { orderHistory } from '../../schemas/tables/orderViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { type Page, readMerged } from './merged.ts';
import { staleSinceOf, standingColumns } from './stale.ts';

/** A row of the view. */
export type HistoryRow = typeof orderHistory.blue.$inferSelect;

/** What a history is ordered by: time, and where that is the same, by aggregate and version. */
export type HistoryKey = readonly [at: number, aggregateType: string, aggregateId: string, version: number];

/** Which part of an order's history is wanted. */
export interface HistoryFilter {
  readonly orderId: string;
  readonly after?: HistoryKey | undefined;
  readonly limit: number;
}

/** A page of the history, oldest first, over all databases; how much of the order the view has, and since when it is stale. */
export async function readHistory(
  databases: readonly D1Database[],
  filter: HistoryFilter,
): Promise<Page<HistoryRow, HistoryKey> & { version: number; staleSince: number | undefined }> {
  let version = 0;
  let staleSince: number | undefined;
  const page = await readMerged<HistoryRow, HistoryKey>(databases, {
    limit: filter.limit,
    keyOf: historyKey,
    compare: oldestFirst,
    async read(database, rows) {
      const part = await readPart(database, filter, rows);
      version = Math.max(version, part.version);
      staleSince ??= part.staleSince;
      return part.rows;
    },
  });
  return { ...page, version, staleSince };
}

/** The same page, with what the order's log says in place of what the view has of the order itself. */
export function withOwnLog(
  { rows }: Page<HistoryRow, HistoryKey>,
  log: readonly EventsMessage[],
  { orderId, after, limit }: HistoryFilter,
): Page<HistoryRow, HistoryKey> {
  const own = log.flatMap((message) =>
    message.events.map((event) => historyRow(new ProjectedEvent(message, event), orderId)),
  );
  const all = [...rows.filter(({ aggregateType }) => aggregateType !== 'order'), ...own]
    .filter((row) => after === undefined || oldestFirst(after, historyKey(row)) < 0)
    .sort((one, other) => oldestFirst(historyKey(one), historyKey(other)));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: all.length > limit && last !== undefined ? historyKey(last) : null };
}

function historyRow(event: ProjectedEvent, orderId: string): HistoryRow {
  const { aggregateId, version, eventType, recordedAt, current } = event;
  const words = wordsOf({ type: eventType, data: current } as HistoryEvent);
  return { aggregateType: 'order', aggregateId, version, orderId, eventType, words, recordedAt };
}

function readPart(
  database: D1Database,
  { orderId, after }: HistoryFilter,
  limit: number,
): Promise<{ rows: HistoryRow[]; version: number; staleSince: number | undefined }> {
  return readLive(database, ['order_history'], async ({ order_history: colour }) => {
    const table = orderHistory[colour];
    const conditions: SQL[] = [eq(table.orderId, orderId)];
    if (after !== undefined) {
      const key = sql`(${table.recordedAt}, ${table.aggregateType}, ${table.aggregateId}, ${table.version})`;
      conditions.push(sql`${key} > (${after[0]}, ${after[1]}, ${after[2]}, ${after[3]})`);
    }
    const db = drizzle(database);
    const [live, rows, positions] = await db.batch([
      db.select(liveColumns).from(views),
      db
        .select()
        .from(table)
        .where(and(...conditions))
        .orderBy(asc(table.recordedAt), asc(table.aggregateType), asc(table.aggregateId), asc(table.version))
        .limit(limit),
      db
        .select(standingColumns)
        .from(viewPositions)
        .where(
          and(
            eq(viewPositions.view, 'order_history'),
            eq(viewPositions.colour, colour),
            eq(viewPositions.aggregateType, 'order'),
            eq(viewPositions.aggregateId, orderId),
          ),
        ),
    ]);
    return [live, { rows, version: positions[0]?.version ?? 0, staleSince: staleSinceOf(positions) }];
  });
}

function historyKey({ recordedAt, aggregateType, aggregateId, version }: HistoryRow): HistoryKey {
  return [recordedAt, aggregateType, aggregateId, version];
}

function oldestFirst(one: HistoryKey, other: HistoryKey): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] as typeof value;
    if (value !== against) return value < against ? -1 : 1;
  }
  return 0;
}
