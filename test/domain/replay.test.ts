/** Replaying history: every event once, whatever cuts it off, and none that does not hold. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../demo/random.ts';
import { LocalServerError } from '../../local/errors.ts';
import { AlteredHistory, type ReplayedEvent } from '../../local/replay/checkedEvents.ts';
import { type ReplaySink, replay } from '../../local/replay/replay.ts';
import type { Selection } from '../../local/replay/selection.ts';
import { FileSink, StreamSink } from '../../local/replay/sinks.ts';
import { canonical, sha256 } from '../../verifier/canonical.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'folio-replay-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A log of deposits, every third of which is a withdrawal. */
function logOf(aggregateId: string, count: number): ReplayedEvent[] {
  const events: ReplayedEvent[] = [];
  for (let version = 1; version <= count; version++) {
    const hashed = {
      aggregateType: 'account',
      aggregateId,
      version,
      eventType: version % 3 === 0 ? 'FundsWithdrawn' : 'FundsDeposited',
      schemaVersion: 1,
      recordedAt: new Date(version * 1_000).toISOString(),
      data: { amount: `${version}.5` },
      metadata: { userId: 'tester', commandId: `c-${version}`, correlationId: 'c', causationId: null },
      previousHash: events.at(-1)?.hash ?? '0'.repeat(64),
    };
    events.push({ eventId: `id-${version}`, ...hashed, hash: sha256(canonical(hashed)) });
  }
  return events;
}

/** Logs in the order of a feed: each in its own, mixed with the others. */
function feedOf(...logs: ReplayedEvent[][]): ReplayedEvent[] {
  const random = seededRandom(1);
  const left = logs.map((log) => [...log]);
  const feed: ReplayedEvent[] = [];
  while (left.some((log) => log.length > 0)) {
    const event = random.pick(left.filter((log) => log.length > 0)).shift();
    feed.push(event as ReplayedEvent);
  }
  return feed;
}

/** Reads a feed three events at a time. */
function reading(feed: readonly ReplayedEvent[], asked: string[] = []) {
  return async (pathAndQuery: string) => {
    asked.push(pathAndQuery);
    const query = new URL(pathAndQuery, 'http://folio.test').searchParams;
    const after = Number(query.get('after') ?? 0);
    const events = feed.slice(after, after + Math.min(3, Number(query.get('limit'))));
    return { events, next: String(after + events.length), more: events.length > 0 };
  };
}

const clock = { now: () => 0, sleep: async () => undefined };

class MemorySink implements ReplaySink {
  readonly cursor = undefined;
  readonly events: ReplayedEvent[] = [];

  async take(events: readonly ReplayedEvent[]): Promise<void> {
    this.events.push(...events);
  }
}

async function replayed(feed: readonly ReplayedEvent[], selection: Selection = {}) {
  const sink = new MemorySink();
  const result = await replay({ ...clock, sink, read: reading(feed) }, selection).catch(
    (error: Error) => error,
  );
  return { result, events: sink.events };
}

describe('a replay', () => {
  it('hands over everything once and in order, and asks for what was selected', async () => {
    const feed = feedOf(logOf('a', 7), logOf('b', 5));
    const sink = new MemorySink();
    const asked: string[] = [];
    const selection = { aggregateType: 'account', type: 'FundsDeposited', from: '2026-01-01T00:00:00Z' };
    expect(await replay({ ...clock, sink, read: reading(feed, asked) }, selection)).toBe(12);
    expect(sink.events).toEqual(feed);
    expect(asked.slice(0, 2)).toEqual([
      '/v1/events?limit=1000&aggregateType=account&type=FundsDeposited&from=2026-01-01T00%3A00%3A00Z',
      '/v1/events?limit=1000&aggregateType=account&type=FundsDeposited&from=2026-01-01T00%3A00%3A00Z&after=3',
    ]);
  });

  it('goes on after pages that have nothing of what is rare', async () => {
    const feed = logOf('a', 4);
    const read = reading(feed);
    let asked = 0;
    const sparse = async (pathAndQuery: string) => {
      const page = await read(pathAndQuery);
      const after = new URL(pathAndQuery, 'http://folio.test').searchParams.get('after') ?? '0';
      return asked++ % 2 === 0 ? { events: [], next: after, more: true } : page;
    };
    const sink = new MemorySink();
    expect(await replay({ ...clock, sink, read: sparse }, {})).toBe(4);
    expect(sink.events).toEqual(feed);
  });

  it('takes its time where it is told to', async () => {
    let now = 0;
    const sink = new MemorySink();
    const sleep = async (milliseconds: number) => {
      now += milliseconds;
    };
    await replay({ now: () => now, sleep, sink, read: reading(logOf('a', 10)) }, {}, 2);
    expect([sink.events.length, now]).toEqual([10, 5_000]);
  });

  it('writes to a stream no faster than that is read', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const feed = logOf('a', 10);
    const run = replay({ ...clock, sink: new StreamSink(stream), read: reading(feed) }, {});
    const [lines] = await Promise.all([text(stream), run.then(() => stream.end())]);
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(feed);
  });
});

describe('history that does not hold ends a replay', () => {
  const log = logOf('a', 6);
  const altered = (index: number, change: object) =>
    log.map((event, at) => (at === index ? { ...event, ...change } : event));

  it.each([
    ['data', altered(4, { data: { amount: '9' } }), 'version 5 is not what its hash says'],
    ['a hash', altered(4, { hash: 'a'.repeat(64) }), 'version 5 is not what its hash says'],
    ['a type', altered(4, { eventType: 'Other' }), 'version 5 is not what its hash says'],
    ['a missing event', log.filter(({ version }) => version !== 5), 'version 6 does not follow on version 4'],
    ['an event twice', [...log.slice(0, 5), ...log.slice(4)], 'version 5 comes after version 5'],
    ['an event of another chain', [...log.slice(0, 4), ...logOf('b', 5).slice(4)], 'account/b version 5'],
  ])('%s, and nothing of that page is handed over', async (_, feed, message) => {
    const { result, events } = await replayed(feed);
    expect(result).toBeInstanceOf(AlteredHistory);
    expect((result as Error).message).toContain(message);
    expect(events).toEqual(feed.slice(0, 3));
  });

  it('but events that were not selected may be missing', async () => {
    const some = log.filter(({ eventType }) => eventType === 'FundsDeposited');
    expect(await replayed(some, { type: 'FundsDeposited' })).toEqual({ result: 4, events: some });
    const late = log.slice(3);
    expect(await replayed(late, { from: '1970-01-01T00:00:04Z' })).toEqual({ result: 3, events: late });
    const holed = late.filter(({ version }) => version !== 5);
    expect((await replayed(holed, { from: '1970-01-01T00:00:04Z' })).result).toBeInstanceOf(AlteredHistory);
  });
});

describe('a replay into a file', () => {
  const feed = feedOf(logOf('a', 8), logOf('b', 6));
  const out = () => path.join(folder, 'events.ndjson');
  const standing = () => `${out()}.replay.json`;
  const inFile = () =>
    readFileSync(out(), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  async function run(events = feed, crash: (step: number) => void = () => undefined): Promise<number> {
    const sink = await FileSink.open(out(), {});
    let step = 0;
    const crashing: ReplaySink = {
      cursor: sink.cursor,
      async take(page, cursor) {
        crash(++step);
        await sink.take(page, cursor);
        crash(++step);
      },
    };
    try {
      return await replay({ ...clock, sink: crashing, read: reading(events) }, {});
    } finally {
      await sink.close();
    }
  }

  it('has every event once, wherever it was cut off, and goes on with what came since', async () => {
    for (let crashAt = 1; crashAt <= 10; crashAt++) {
      const crash = (step: number) => {
        if (step === crashAt) throw new Error('crash');
      };
      await expect(run(feed, crash)).rejects.toThrow('crash');
      // Written by the run that was cut off, before it could say so: a part of a page, or all of it.
      if (existsSync(out())) appendFileSync(out(), `${JSON.stringify(feed[0])}\n{"eventId":"id`);
      await run();
      expect(inFile()).toEqual(feed);
      const more = [...feed, ...logOf('c', 4)];
      expect(await run(more)).toBe(4);
      expect(inFile()).toEqual(more);
      rmSync(out());
      rmSync(standing());
    }
  });

  it('goes on where the file could not even be made', async () => {
    await (await FileSink.open(out(), {})).close();
    rmSync(out());
    expect(await run()).toBe(feed.length);
    expect(inFile()).toEqual(feed);
  });

  it('is written by one process at a time: another would begin at the same place', async () => {
    const first = await FileSink.open(out(), {});
    await expect(FileSink.open(out(), {})).rejects.toThrow(
      new LocalServerError(`${out()} is being written to by another replay`),
    );
    await first.close();
    expect(await run()).toBe(feed.length);
    expect(inFile()).toEqual(feed);
  });

  it('touches no file that is not its own, and none of another selection', async () => {
    writeFileSync(out(), 'letters');
    await expect(FileSink.open(out(), {})).rejects.toThrow('is there already, and no replay');
    expect(readFileSync(out(), 'utf8')).toBe('letters');
    rmSync(out());
    await run();
    await expect(FileSink.open(out(), { type: 'FundsDeposited' })).rejects.toThrow(
      'is a replay of everything, not of type=FundsDeposited',
    );
    truncateSync(out(), 10);
    await expect(FileSink.open(out(), {})).rejects.toThrow('is shorter than the replay');
  });
});
