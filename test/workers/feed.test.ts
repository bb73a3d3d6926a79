/** The feed where pages are large: what it reads at a time is bounded, and nothing is left out for that. */
import { describe, expect, it } from 'vitest';
import { project } from '../../queues/kernel/runner.ts';
import { ROW_UNITS_MAX } from '../../queues/projectors/journal.ts';
import { type EventsMessage, parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { viewDatabases } from '../../workers/env.ts';
import {
  FEED_BYTES_MAX,
  FEED_SPAN_EVENTS,
  FEED_STATEMENTS_MAX,
  type FeedCursor,
  type FeedFilter,
  readFeed,
} from '../../workers/reads/feed.ts';
import { rowsOf, runnerDeps, TestLog, testEnv, upTo } from '../support/projection.ts';

const PARTS = 2;
const EVENT_BYTES = 100_000;

/** Ids of aggregates that a database holds. */
function idsOf(part: number, name: string, count: number): string[] {
  return upTo(1_000)
    .map((number) => `${name}-${number}`)
    .filter((id) => partOf(id, PARTS) === part)
    .slice(0, count);
}

/** Deposits with a long reference, each of which fills a message of its own. */
function longDeposits(log: TestLog, count: number): TestLog {
  for (let deposit = 0; deposit < count; deposit++) {
    log.add('FundsDeposited', { reference: 'é'.repeat(EVENT_BYTES / 2), amount: '1', cash: '1' });
  }
  return log;
}

/** The view databases, the bytes of each answer that they gave, and the rows that they read for it. */
function watched(): { databases: D1Database[]; bytes: number[][]; rowsRead: number[] } {
  const bytes: number[][] = [];
  const rowsRead: number[] = [];
  const databases = viewDatabases(testEnv).map((database, part) => {
    const own: number[] = [];
    bytes[part] = own;
    return {
      prepare: (sql: string) => database.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await database.batch<{ events?: string }>(statements);
        const rows = results.flatMap((result) => result.results);
        own.push(rows.reduce((sum, { events = '' }) => sum + Buffer.byteLength(events), 0));
        rowsRead.push(results.reduce((sum, { meta }) => sum + meta.rows_read, 0));
        return results;
      },
    } as unknown as D1Database;
  });
  return { databases, bytes, rowsRead };
}

/** Every page from the beginning on, as the ids and versions of its events. */
async function pages(databases: D1Database[], filter: FeedFilter): Promise<string[][]> {
  const read: string[][] = [];
  for (let after: FeedCursor = []; ; ) {
    const { events, next, more } = await readFeed(databases, after, filter);
    if (events.length > 0 || more)
      read.push(events.map(({ aggregateId, event }) => `${aggregateId}@${event.version}`));
    if (!more) return read;
    after = next;
  }
}

describe('a page of the feed', () => {
  it('is made from a bounded number of bytes, and following it gives every event once', async () => {
    const logs = [0, 1].flatMap((part) => idsOf(part, 'large', 3).map((id) => new TestLog(id).open()));
    for (const log of logs) {
      longDeposits(log, 30);
      await project(runnerDeps(partOf(log.aggregateId, PARTS), [log]), log.messages());
    }
    const expected = logs.flatMap(({ aggregateId }) =>
      upTo(30).map((number) => `${aggregateId}@${number + 1}`),
    );
    const { databases, bytes } = watched();
    const read = await pages(databases, { type: 'FundsDeposited', limit: 1_000 });
    expect(read.flat().sort()).toEqual(expected.sort());
    expect(Math.max(...bytes.flat())).toBeLessThanOrEqual(FEED_BYTES_MAX / PARTS + 2 * EVENT_BYTES);
    expect(read.length).toBeGreaterThan(2);
  });

  it('of one aggregate asks the database that has it and no other', async () => {
    const [id] = idsOf(1, 'alone', 1) as [string];
    const log = new TestLog(id).open().trade(2);
    await project(runnerDeps(1, [log]), log.messages());
    const { databases, bytes } = watched();
    expect(await pages(databases, { aggregateId: id, limit: 10 })).toEqual([
      [1, 2, 3].map((v) => `${id}@${v}`),
    ]);
    expect(bytes[0]).toEqual([]);
  });
});

describe('what is rare', () => {
  /** Rows of one event each, as single commands make them, after everything in a journal; every so many are of another type. */
  async function fill(part: number, rows: number, rareEvery: number): Promise<number> {
    const database = viewDatabases(testEnv)[part] as D1Database;
    const type = `iif(n % ${rareEvery} = 0, 'SubjectErased', 'TradeExecuted')`;
    await database
      .prepare(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows})
         INSERT INTO journal_blue SELECT first.position + n, 'account', 'sparse', n, n, '', n, n, json_object(${type}, 1),
           json_array(json_object('version', n, 'eventType', ${type}, 'recordedAt', n, 'hash', ''))
         FROM numbers, (SELECT coalesce(max(position), 0) AS position FROM journal_blue) AS first`,
      )
      .run();
    return Math.floor(rows / rareEvery);
  }

  it('is looked for in a bounded number of rows a page, and found once by following pages that have nothing', async () => {
    const rows = 1.4 * FEED_SPAN_EVENTS * FEED_STATEMENTS_MAX;
    const rare = await fill(0, rows, Math.floor(rows / 3));
    const { databases, rowsRead } = watched();
    const filter = { type: 'SubjectErased', aggregateType: 'account', limit: 100 } as const;
    const read = await pages(databases, filter);
    expect(read.flat()).toHaveLength(rare);
    expect(new Set(read.flat()).size).toBe(rare);
    expect(read.length).toBeGreaterThan(1);
    expect(Math.max(...rowsRead)).toBeLessThan(FEED_SPAN_EVENTS + 100);
    const before = rowsRead.length;
    const first = await readFeed(databases, [], filter);
    expect(first.more).toBe(true);
    expect(rowsRead.length - before).toBeLessThanOrEqual(FEED_STATEMENTS_MAX * PARTS);
    // Nothing of it at all, neither by its type nor by its time: the end is told, and stays usable.
    expect((await pages(databases, { type: 'KeyDestroyed', limit: 100 })).flat()).toEqual([]);
    const late = await pages(databases, {
      from: rows - 1,
      to: rows + 1,
      aggregateType: 'account',
      limit: 100,
    });
    expect(late.flat()).toEqual([`sparse@${rows - 1}`, `sparse@${rows}`]);
    // Of what is common a page reads no more than it gives.
    rowsRead.length = 0;
    const common = await readFeed(databases, [], { type: 'TradeExecuted', limit: 100 });
    expect(common.events).toHaveLength(100);
    expect(Math.max(...rowsRead)).toBeLessThan(1_000);
  });
});

describe('a row of the journal', () => {
  it('is no larger than a queue message, however much of a log is read at once', async () => {
    const [id] = idsOf(0, 'repaired', 1) as [string];
    const log = longDeposits(new TestLog(id).open().trade(3), 5).trade(2);
    const whole = asRead(log);
    await project(runnerDeps(0, [log], { readLog: async () => [whole] }), [log.announcement()]);
    const rows = await rowsOf<{
      from_version: number;
      to_version: number;
      previous_hash: string;
      events: string;
    }>(
      0,
      'SELECT from_version, to_version, previous_hash, events FROM journal_blue WHERE aggregate_id = ? ORDER BY position',
      id,
    );
    expect(Math.max(...rows.map(({ events }) => events.length))).toBeLessThanOrEqual(ROW_UNITS_MAX);
    expect(rows.length).toBeGreaterThan(1);
    expect(`[${rows.map(({ events }) => events.slice(1, -1)).join(',')}]`).toBe(whole.eventsText);
    for (const row of rows.slice(1)) {
      expect(row.previous_hash).toBe(whole.events[row.from_version - 2]?.hash);
      expect(JSON.parse(row.events)).toEqual(whole.events.slice(row.from_version - 1, row.to_version));
    }
  });
});

/** The whole log as its owner gives it when it is read: one message, of any size. */
function asRead(log: TestLog): EventsMessage {
  const texts = log.messages().map(({ eventsText = '' }) => eventsText.slice(1, -1));
  const { aggregateType, aggregateId, head } = log;
  const previousHash = '0'.repeat(64);
  return parseEventsMessage(
    `{"aggregateType":"${aggregateType}","aggregateId":"${aggregateId}","fromVersion":1,"toVersion":${head}` +
      `,"previousHash":"${previousHash}","events":[${texts.join(',')}]}`,
  );
}
