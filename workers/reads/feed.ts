/**
 * The feed across aggregates: each view database's journal in its own order, merged. A cursor is one position a database,
 * so that following it gives every event once and goes on where more come later.
 */
import type { PublishedEvent } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { type LiveRow, readLive } from './live.ts';

/**
 * Bytes of journal rows that a page is made from: ten times what a page of a thousand trades takes, and little beside the 128 MB of
 * an isolate. A page that comes to them ends early.
 */
export const FEED_BYTES_MAX = 8_000_000;

/**
 * Places of the journal that one statement looks at: events, of which a row has at least one, so that what is sought and rare
 * costs at most as many rows read, some milliseconds of a database that does one thing at a time.
 */
export const FEED_SPAN_EVENTS = 10_000;

/** Statements of one page and database. A page that comes to them ends, with what it has: also with nothing. */
export const FEED_STATEMENTS_MAX = 5;

/** Which events are wanted. */
export interface FeedFilter {
  readonly type?: string | undefined;
  readonly aggregateType?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** Bounds of the recorded time, milliseconds since 1970: from is included, to is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Events of these accounts alone. */
  readonly accounts?: ReadonlySet<string> | undefined;
  /** Types of aggregates of which none. */
  readonly withheld?: readonly string[] | undefined;
  readonly limit: number;
}

/** Where a reader stands: the last position taken, by database. */
export type FeedCursor = readonly number[];

/** An event with its owner and its place in the feed. */
export interface FeedEvent {
  readonly position: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly previousHash: string;
  readonly event: PublishedEvent;
}

/** A row of the journal: a range of one aggregate's events. */
interface JournalRow {
  readonly position: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly toVersion: number;
  readonly previousHash: string;
  readonly events: string;
  /** Events that may match, and bytes, in this row and those before it on the page. */
  readonly eventsUpTo: number;
  readonly bytesUpTo: number;
}

/** Rows of one database after a position. */
interface Page {
  readonly rows: readonly JournalRow[];
  /** Up to where everything was looked at. */
  readonly lookedTo: number;
  /** Where the journal ends. */
  readonly end: number;
}

/** One database's share of a page. */
interface Part {
  readonly events: readonly FeedEvent[];
  /** Up to where everything was looked at, if that is further than the last event. */
  readonly lookedTo: number | undefined;
  /** Whether that is all there is. */
  readonly isEnd: boolean;
}

/** The share of a database that cannot have anything. */
const NOTHING: Part = { events: [], lookedTo: undefined, isEnd: true };

/**
 * The next events after a cursor, and the cursor after them. There may be fewer than the limit, also none, although more follow:
 * `more` says whether any may. Without a filter none come only at the end.
 */
export async function readFeed(
  databases: readonly D1Database[],
  after: FeedCursor,
  filter: FeedFilter,
): Promise<{ events: FeedEvent[]; next: FeedCursor; more: boolean }> {
  const bytesMax = Math.ceil(FEED_BYTES_MAX / databases.length);
  const holder = filter.aggregateId === undefined ? undefined : partOf(filter.aggregateId, databases.length);
  const parts = await Promise.all(
    databases.map((database, part) =>
      holder === undefined || holder === part
        ? readPart(database, after[part] ?? 0, filter, bytesMax)
        : NOTHING,
    ),
  );
  const next = databases.map((_, part) => after[part] ?? 0);
  const taken = parts.map(() => 0);
  const events: FeedEvent[] = [];
  while (events.length < filter.limit) {
    const part = earliestPart(parts, taken);
    if (part < 0) break;
    const event = parts[part]?.events[taken[part] ?? 0] as FeedEvent;
    taken[part] = (taken[part] ?? 0) + 1;
    next[part] = event.position;
    events.push(event);
  }
  parts.forEach((part, index) => {
    // Everything that matches was taken: what the filter left out need not be looked at again.
    if (part.lookedTo !== undefined && taken[index] === part.events.length) {
      next[index] = Math.max(next[index] ?? 0, part.lookedTo);
    }
  });
  const more = parts.some((part, index) => !part.isEnd || (taken[index] ?? 0) < part.events.length);
  return { events, next, more };
}

function earliestPart(parts: readonly Part[], taken: readonly number[]): number {
  let earliest = -1;
  let earliestTime = Number.POSITIVE_INFINITY;
  parts.forEach((part, index) => {
    const recordedAt = part.events[taken[index] ?? 0]?.event.recordedAt;
    if (recordedAt !== undefined && recordedAt < earliestTime) {
      earliest = index;
      earliestTime = recordedAt;
    }
  });
  return earliest;
}

/** As many matching events of one database as the page can take, in its order. */
async function readPart(
  database: D1Database,
  after: number,
  filter: FeedFilter,
  bytesMax: number,
): Promise<Part> {
  const events: FeedEvent[] = [];
  let bytes = 0;
  let position = after;
  for (let statements = 0; statements < FEED_STATEMENTS_MAX && bytes < bytesMax; statements++) {
    const room = { events: filter.limit, bytes: bytesMax - bytes };
    const page = await readLive(database, ['journal'], ({ journal }) =>
      selectRows(database, journal, position, filter, room),
    );
    for (const row of page.rows) {
      for (const event of matchingEvents(row, after, filter)) {
        if (events.length === filter.limit) return { events, lookedTo: undefined, isEnd: false };
        events.push(event);
      }
    }
    position = Math.max(position, page.lookedTo);
    if (position >= page.end) return { events, lookedTo: position, isEnd: true };
    // Rows that held nothing of what is wanted are forgotten.
    bytes = events.length === 0 ? 0 : bytes + (page.rows.at(-1)?.bytesUpTo ?? 0);
  }
  return { events, lookedTo: position, isEnd: false };
}

/**
 * Rows after a position that hold, by their own counts, as many events or bytes as there is room for, among the next
 * {@link FEED_SPAN_EVENTS}; of single aggregates, which an index finds, wherever they are. The counts may be too high where
 * the filter looks inside a row, and the first row may have been read in part, so a page may need another round.
 */
async function selectRows(
  database: D1Database,
  colour: Colour,
  after: number,
  filter: FeedFilter,
  room: { readonly events: number; readonly bytes: number },
): Promise<readonly [LiveRow[], Page]> {
  const conditions = ['position > ?'];
  const parameters: (string | number)[] = [after];
  const isFound = filter.aggregateId !== undefined || filter.accounts !== undefined;
  const span = `(SELECT min(position) FROM journal_${colour} WHERE position > ?) + ${FEED_SPAN_EVENTS}`;
  const where = (condition: string, value: string | number | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    parameters.push(value);
  };
  if (!isFound) where(`position < ${span}`, after);
  where('aggregate_id = ?', filter.aggregateId);
  where('aggregate_type = ?', filter.aggregateType);
  if (filter.accounts !== undefined) {
    conditions.push("aggregate_type = 'account'");
    where('aggregate_id IN (SELECT value FROM json_each(?))', JSON.stringify([...filter.accounts]));
  }
  if (filter.withheld !== undefined && filter.withheld.length > 0)
    where('aggregate_type NOT IN (SELECT value FROM json_each(?))', JSON.stringify(filter.withheld));
  where('recorded_to >= ?', filter.from);
  where('recorded_from < ?', filter.to);
  where('types ->> ? > 0', filter.type);
  const count = filter.type === undefined ? 'to_version - from_version + 1' : 'types ->> ?';
  const counted = filter.type === undefined ? [] : [filter.type];
  const results = await database.batch([
    database.prepare('SELECT view, live FROM views'),
    database
      .prepare(
        `WITH counted AS (SELECT position, ${count} AS matching, octet_length(events) AS bytes
           FROM journal_${colour} WHERE ${conditions.join(' AND ')} ORDER BY position LIMIT ?),
         summed AS (SELECT position, matching, bytes, sum(matching) OVER before AS eventsUpTo,
           sum(bytes) OVER before AS bytesUpTo FROM counted WINDOW before AS (ORDER BY position))
         SELECT eventsUpTo, bytesUpTo, j.position, j.aggregate_type AS aggregateType,
           j.aggregate_id AS aggregateId, j.to_version AS toVersion, j.previous_hash AS previousHash, j.events
         FROM summed CROSS JOIN journal_${colour} AS j ON j.position = summed.position
         WHERE eventsUpTo - matching < ? AND bytesUpTo - bytes < ? ORDER BY j.position`,
      )
      .bind(...counted, ...parameters, room.events, room.events, room.bytes),
    database.prepare(`SELECT coalesce(max(position), 0) AS "end" FROM journal_${colour}`),
    database
      .prepare(`SELECT max(position) AS spanEnd FROM journal_${colour} WHERE position < ${span}`)
      .bind(after),
  ]);
  const [live, rows, ends, spans] = results.map((result) => result.results) as [
    LiveRow[],
    JournalRow[],
    { end: number }[],
    { spanEnd: number | null }[],
  ];
  const end = ends[0]?.end ?? 0;
  const last = rows.at(-1);
  // As many rows as fill the room by their counts: fewer mean that these are all.
  const isFull = last !== undefined && (last.eventsUpTo >= room.events || last.bytesUpTo >= room.bytes);
  if (isFull) return [live, { rows, lookedTo: last.position, end }];
  return [live, { rows, lookedTo: isFound ? end : (spans[0]?.spanEnd ?? end), end }];
}

function matchingEvents(row: JournalRow, after: number, filter: FeedFilter): FeedEvent[] {
  const { aggregateType, aggregateId } = row;
  let { previousHash } = row;
  const matching: FeedEvent[] = [];
  for (const event of JSON.parse(row.events) as PublishedEvent[]) {
    const position = row.position - (row.toVersion - event.version);
    if (position > after && matches(event, filter)) {
      matching.push({ position, aggregateType, aggregateId, previousHash, event });
    }
    previousHash = event.hash;
  }
  return matching;
}

function matches({ eventType, recordedAt }: PublishedEvent, { type, from, to }: FeedFilter): boolean {
  return (
    (type === undefined || eventType === type) &&
    (from === undefined || recordedAt >= from) &&
    (to === undefined || recordedAt < to)
  );
}
