/** What happened to an order, its payment and its shipments, as the view has it or as the order's own log tells it. */
import { and, eq, getTableColumns, lte, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { ProjectedEvent } from '../../queues/kernel/projector.ts';
import { type HistoryEvent, wordsOf } from '../../queues/projectors/orderWords.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { orderHistory } from '../../schemas/tables/orderViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { isAmong } from './many.ts';
import { mergedPage, type Page } from './merged.ts';
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

/** A page of a history; how much of the order the view has, and since when it is stale. */
export interface HistoryRead extends Page<HistoryRow, HistoryKey> {
  readonly version: number;
  readonly staleSince: number | undefined;
}

/** A page of an order's history, oldest first, over all databases. */
export async function readHistory(
  databases: readonly D1Database[],
  { orderId, ...filter }: HistoryFilter,
): Promise<HistoryRead> {
  const histories = await readHistories(databases, [orderId], filter);
  return histories.get(orderId) as HistoryRead;
}

/** The same of many orders: as many statements as for one. */
export async function readHistories(
  databases: readonly D1Database[],
  orderIds: readonly string[],
  { after, limit }: Omit<HistoryFilter, 'orderId'>,
): Promise<Map<string, HistoryRead>> {
  const parts = await Promise.all(
    databases.map((database) => readPart(database, orderIds, after, limit + 1)),
  );
  const ofOrder = {
    rows: Map.groupBy(
      parts.flatMap(({ rows }) => rows),
      ({ orderId }) => orderId,
    ),
    positions: Map.groupBy(
      parts.flatMap(({ positions }) => positions),
      ({ aggregateId }) => aggregateId,
    ),
  };
  const histories = orderIds.map((id): [string, HistoryRead] => {
    const positions = ofOrder.positions.get(id) ?? [];
    const page = mergedPage(ofOrder.rows.get(id) ?? [], limit, historyKey, oldestFirst);
    return [id, { ...page, version: positions[0]?.version ?? 0, staleSince: staleSinceOf(positions) }];
  });
  return new Map(histories);
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
  const all = [...rows.filter(({ aggregateType }) => aggregateType !== 'order'), ...own].filter(
    (row) => after === undefined || oldestFirst(after, historyKey(row)) < 0,
  );
  return mergedPage(all, limit, historyKey, oldestFirst);
}

function historyRow(event: ProjectedEvent, orderId: string): HistoryRow {
  const { aggregateId, version, eventType, recordedAt, current } = event;
  const words = wordsOf({ type: eventType, data: current } as HistoryEvent);
  return { aggregateType: 'order', aggregateId, version, orderId, eventType, words, recordedAt };
}

/** The next rows of each order in one database, as many as `rows` of each, and the orders' standings there. */
function readPart(
  database: D1Database,
  orderIds: readonly string[],
  after: HistoryKey | undefined,
  rows: number,
) {
  return readLive(database, ['order_history'], async ({ order_history: colour }) => {
    const table = orderHistory[colour];
    const key = sql`(${table.recordedAt}, ${table.aggregateType}, ${table.aggregateId}, ${table.version})`;
    const isAfter =
      after === undefined ? undefined : sql`${key} > (${after[0]}, ${after[1]}, ${after[2]}, ${after[3]})`;
    const place = sql<number>`row_number() OVER (PARTITION BY ${table.orderId} ORDER BY ${table.recordedAt},
      ${table.aggregateType}, ${table.aggregateId}, ${table.version})`;
    const db = drizzle(database);
    const placed = db
      .select({ ...getTableColumns(table), place: place.as('place') })
      .from(table)
      .where(and(isAmong(table.orderId, orderIds), isAfter))
      .as('placed');
    const { place: _, ...columns } = placed._.selectedFields;
    const [live, found, positions] = await db.batch([
      db.select(liveColumns).from(views),
      db.select(columns).from(placed).where(lte(placed.place, rows)),
      db
        .select({ ...standingColumns, aggregateId: viewPositions.aggregateId })
        .from(viewPositions)
        .where(
          and(
            eq(viewPositions.view, 'order_history'),
            eq(viewPositions.colour, colour),
            eq(viewPositions.aggregateType, 'order'),
            isAmong(viewPositions.aggregateId, orderIds),
          ),
        ),
    ]);
    return [live, { rows: found, positions }];
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
