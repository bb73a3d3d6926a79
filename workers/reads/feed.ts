/**
 * The feed across aggregates: each view database's journal in its own order, merged. A cursor is one position a database,
 * so that following it gives every event once and goes on where more come later.
 */
import { and, eq, gt, gte, lt, max, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { alias } from 'drizzle-orm/sqlite-core';
import { journal } from '../../schemas/tables/views.ts';
import { liveColours } from './liveColour.ts';

export interface FeedFilter {
  readonly type?: string | undefined;
  readonly aggregateType?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** Bounds of the recorded time, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/** Where a reader stands: the last position taken, by database. */
export type FeedCursor = readonly number[];

/** One event of the feed as its database has it. */
export type FeedRow = Awaited<ReturnType<typeof readPart>>['rows'][number];

/** The next events after a cursor, and the cursor after them. */
export async function readFeed(
  databases: readonly D1Database[],
  after: FeedCursor,
  filter: FeedFilter,
): Promise<{ rows: FeedRow[]; next: FeedCursor }> {
  const parts = await Promise.all(
    databases.map((database, part) => readPart(database, after[part] ?? 0, filter)),
  );
  const next = databases.map((_, part) => after[part] ?? 0);
  const taken = parts.map(() => 0);
  const rows: FeedRow[] = [];
  while (rows.length < filter.limit) {
    const part = earliestPart(parts, taken);
    if (part < 0) break;
    const row = parts[part]?.rows[taken[part] ?? 0] as FeedRow;
    taken[part] = (taken[part] ?? 0) + 1;
    next[part] = row.position;
    rows.push(row);
  }
  parts.forEach((part, index) => {
    // Everything that matches was taken: what the filter left out need not be looked at again.
    if (part.rows.length < filter.limit && taken[index] === part.rows.length) {
      next[index] = Math.max(next[index] ?? 0, part.end);
    }
  });
  return { rows, next };
}

function earliestPart(parts: readonly { rows: readonly FeedRow[] }[], taken: readonly number[]): number {
  let earliest = -1;
  let earliestTime = Number.POSITIVE_INFINITY;
  parts.forEach((part, index) => {
    const row = part.rows[taken[index] ?? 0];
    if (row !== undefined && row.recordedAt < earliestTime) {
      earliest = index;
      earliestTime = row.recordedAt;
    }
  });
  return earliest;
}

async function readPart(database: D1Database, after: number, filter: FeedFilter) {
  const colours = await liveColours(database, ['journal']);
  const table = journal[colours.journal];
  const before = alias(table, 'before');
  const conditions: SQL[] = [gt(table.position, after)];
  if (filter.type !== undefined) conditions.push(eq(table.eventType, filter.type));
  if (filter.aggregateType !== undefined) conditions.push(eq(table.aggregateType, filter.aggregateType));
  if (filter.aggregateId !== undefined) conditions.push(eq(table.aggregateId, filter.aggregateId));
  if (filter.from !== undefined) conditions.push(gte(table.recordedAt, filter.from));
  if (filter.to !== undefined) conditions.push(lt(table.recordedAt, filter.to));
  const db = drizzle(database);
  const [rows, ends] = await db.batch([
    db
      .select({
        position: table.position,
        aggregateType: table.aggregateType,
        aggregateId: table.aggregateId,
        version: table.version,
        eventType: table.eventType,
        schemaVersion: table.schemaVersion,
        recordedAt: table.recordedAt,
        data: table.data,
        metadata: table.metadata,
        hash: table.hash,
        // Named anew: a row with two columns called `hash` would keep one.
        previousHash: sql<string | null>`${before.hash}`.as('previous_hash'),
      })
      .from(table)
      .leftJoin(
        before,
        and(
          eq(before.aggregateType, table.aggregateType),
          eq(before.aggregateId, table.aggregateId),
          eq(before.version, sql`${table.version} - 1`),
        ),
      )
      .where(and(...conditions))
      .orderBy(table.position)
      .limit(filter.limit),
    db.select({ end: max(table.position) }).from(table),
  ]);
  return { rows, end: ends[0]?.end ?? 0 };
}
