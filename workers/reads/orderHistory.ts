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
import { betweenKeys, type ListOrder, lookedFor, type Slice } from './slice.ts';
import { staleSinceOf, standingColumns } from './stale.ts';

/** A row of the view. */
export type HistoryRow = typeof orderHistory.blue.$inferSelect;

/** What a history is ordered by: time, and where that is the same, by aggregate and version. */
export type HistoryKey = readonly [at: number, aggregateType: string, aggregateId: string, version: number];

/** Which part of an order's history is wanted. */
export interface HistoryFilter extends Slice<HistoryKey> {
  readonly orderId: string;
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
  slice: Slice<HistoryKey>,
): Promise<Map<string, HistoryRead>> {
  const { limit } = slice;
  const parts = await Promise.all(
    databases.map((database) => readPart(database, orderIds, { ...slice, limit: limit + 1 })),
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
    const page = mergedPage(ofOrder.rows.get(id) ?? [], { ...slice, ...HISTORY_ORDER });
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
  return mergedPage(all, { limit, ...HISTORY_ORDER });
}

function historyRow(event: ProjectedEvent, orderId: string): HistoryRow {
  const { aggregateId, version, eventType, recordedAt, current } = event;
  const words = wordsOf({ type: eventType, data: current } as HistoryEvent);
  return { aggregateType: 'order', aggregateId, version, orderId, eventType, words, recordedAt };
}

/** The rows of each order in one database that are next, as many as the limit of each, and the orders' standings there. */
function readPart(database: D1Database, orderIds: readonly string[], slice: Slice<HistoryKey>) {
  return readLive(database, ['order_history'], async ({ order_history: colour }) => {
    const table = orderHistory[colour];
    const order: ListOrder = {
      columns: [table.recordedAt, table.aggregateType, table.aggregateId, table.version],
      direction: 'ascending',
    };
    const looked = sql.join(lookedFor(order, slice.fromEnd), sql`, `);
    const place = sql<number>`row_number() OVER (PARTITION BY ${table.orderId} ORDER BY ${looked})`;
    const db = drizzle(database);
    const placed = db
      .select({ ...getTableColumns(table), place: place.as('place') })
      .from(table)
      .where(and(isAmong(table.orderId, orderIds), ...betweenKeys(order, slice)))
      .as('placed');
    const { place: _, ...columns } = placed._.selectedFields;
    const [live, found, positions] = await db.batch([
      db.select(liveColumns).from(views),
      db.select(columns).from(placed).where(lte(placed.place, slice.limit)),
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

const HISTORY_ORDER = { keyOf: historyKey, compare: oldestFirst };
