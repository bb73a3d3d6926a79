/** Sagas as the view has them, newest first. */
import { and, eq, getTableColumns, gte, lt, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { SagaStatus } from '../../schemas/saga.ts';
import { sagas } from '../../schemas/tables/sagaViews.ts';
import { viewPositions, views } from '../../schemas/tables/views.ts';
import { liveColumns, readLive } from './live.ts';
import { newestFirst, type Page, readMerged, type TimeKey } from './merged.ts';
import { betweenKeys, type ListOrder, lookedFor, type Slice } from './slice.ts';
import { positionOf, type Stale, staleSinceColumn } from './stale.ts';

/** Which sagas are wanted. */
export interface SagaFilter extends Slice<TimeKey> {
  readonly status?: SagaStatus | undefined;
  readonly definition?: string | undefined;
  /** Bounds of the time of the start, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A row of the view, and the version since which it is stale, if it is. */
export type SagaRow = typeof sagas.blue.$inferSelect & Stale;

/** A page of the sagas that match, over all databases. */
export function readSagas(
  databases: readonly D1Database[],
  filter: SagaFilter,
): Promise<Page<SagaRow, TimeKey>> {
  return readMerged<SagaRow, TimeKey>(databases, {
    limit: filter.limit,
    fromEnd: filter.fromEnd,
    keyOf: ({ startedAt, sagaId }) => [startedAt, sagaId],
    compare: newestFirst,
    read: (database, rows) =>
      readLive(database, ['sagas'], async (colours) => {
        const table = sagas[colours.sagas];
        const order: ListOrder = { columns: [table.startedAt, table.sagaId], direction: 'descending' };
        const db = drizzle(database);
        return db.batch([
          db.select(liveColumns).from(views),
          db
            .select({ ...getTableColumns(table), ...staleSinceColumn })
            .from(table)
            .leftJoin(viewPositions, positionOf('sagas', colours.sagas, 'saga', table.sagaId))
            .where(and(...betweenKeys(order, filter), ...conditions(table, filter)))
            .orderBy(...lookedFor(order, filter.fromEnd))
            .limit(rows),
        ]);
      }),
  });
}

function conditions(
  table: (typeof sagas)[keyof typeof sagas],
  { status, definition, from, to }: SagaFilter,
): SQL[] {
  const all: SQL[] = [];
  if (status !== undefined) all.push(eq(table.status, status));
  if (definition !== undefined) all.push(eq(table.definition, definition));
  if (from !== undefined) all.push(gte(table.startedAt, from));
  if (to !== undefined) all.push(lt(table.startedAt, to));
  return all;
}
