/** The outbox as a plain module: how events are packed, when the cursor moves, and what happens when a send fails. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlarmClock } from '../../actors/kernel/alarmClock.ts';
import { MESSAGE_BYTES_MAX, packMessages } from '../../actors/kernel/messages.ts';
import {
  BATCH_BYTES_MAX,
  CARRIED_EVENTS_MAX,
  type ConsumerGroup,
  DRAIN_RETRY_FIRST_MS,
  DRAIN_RETRY_MAX_MS,
  Outbox,
  type OutboxDeps,
} from '../../actors/kernel/outbox.ts';
import type { StoredEvent } from '../../actors/kernel/storedEvents.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { type EventsMessage, parseEventsMessage, takeEventsMessages } from '../../schemas/message.ts';
import { holds } from '../support/property.ts';

/** The platform's own limits (Queues, "Limits"): a message with about 100 bytes of metadata, and a batch. */
const PLATFORM_MESSAGE_BYTES = 128_000;
const PLATFORM_BATCH_BYTES = 256_000;
const PLATFORM_BATCH_MESSAGES = 100;
const PLATFORM_METADATA_BYTES = 100;

const SOURCE = { aggregateType: 'toy', aggregateId: 'x'.repeat(64) };
const bytesOf = (text: string) => Buffer.byteLength(text);

/** An event whose text takes about this many bytes. */
function eventOf(version: number, bytes = 300, fill = 'x'): StoredEvent {
  const data = { text: fill.repeat(Math.max(0, Math.ceil((bytes - 300) / Buffer.byteLength(fill)))) };
  return {
    version,
    eventType: 'Noted',
    schemaVersion: 1,
    recordedAt: 1_700_000_000_000 + version,
    data: JSON.stringify(data),
    metadata: JSON.stringify({
      causationId: null,
      commandId: `c-${version}`,
      correlationId: 'c',
      userId: 'u',
    }),
    hash: version.toString(16).padStart(64, '0'),
    fingerprint: null,
  };
}

const eventsOf = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, index) => eventOf(index + 1, bytes));

/** An outbox over a log in memory. */
function outboxOver(
  log: StoredEvent[],
  { send, ...more }: Partial<OutboxDeps> & Partial<Pick<ConsumerGroup, 'send'>> = {},
  published = 0,
) {
  const batches: EventsMessage[][] = [];
  const texts: string[][] = [];
  const calls: string[] = [];
  const take = async (sent: readonly string[]) => {
    calls.push('send');
    texts.push([...sent]);
    batches.push(sent.map(parseEventsMessage));
  };
  const deps: OutboxDeps = {
    source: SOURCE,
    head: () => log.length,
    read: (from, limit) => log.slice(from - 1, from - 1 + limit),
    release: (version) => void calls.push(`release ${version}`),
    groups: [{ name: 'views', send: send ?? take }],
    register: async () => void calls.push('register'),
    now: () => 0,
    ...more,
  };
  return { outbox: new Outbox(deps, published), batches, texts, calls };
}

const rangesOf = (batches: readonly EventsMessage[][]) =>
  batches.flat().map(({ fromVersion, toVersion }) => [fromVersion, toVersion]);

describe('messages', () => {
  it('carry contiguous events with their stored texts and the hash before them', () => {
    const events = eventsOf(3);
    const [packed, ...rest] = packMessages(SOURCE, 'a'.repeat(64), events);
    expect(rest).toEqual([]);
    expect(parseEventsMessage(packed?.text ?? '')).toMatchObject({
      ...SOURCE,
      fromVersion: 1,
      toVersion: 3,
      previousHash: 'a'.repeat(64),
      events: events.map(({ fingerprint: _, ...event }) => ({
        ...event,
        data: JSON.parse(event.data),
        metadata: JSON.parse(event.metadata),
      })),
    });
  });

  it('carry what the log remembers of commands only to whoever keeps a whole copy', () => {
    const [first, second] = eventsOf(2) as [StoredEvent, StoredEvent];
    const events = [{ ...first, fingerprint: 2 ** 53 - 1 }, second];
    const fingerprints = (isWhole: boolean) =>
      packMessages(SOURCE, GENESIS_HASH_TEXT, events, { isWhole })
        .flatMap(({ text }) => parseEventsMessage(text).events)
        .map(({ fingerprint }) => fingerprint);
    expect(fingerprints(true)).toEqual([2 ** 53 - 1, undefined]);
    expect(fingerprints(false)).toEqual([undefined, undefined]);
  });

  it('hold as many events as their size allows, and stay within the platform', () => {
    const events = eventsOf(1_000, 600);
    const packed = packMessages(SOURCE, GENESIS_HASH_TEXT, events);
    expect(packed.length).toBe(Math.ceil((1_000 * 600) / MESSAGE_BYTES_MAX));
    for (const { text, bytes } of packed) {
      expect(bytesOf(text) + PLATFORM_METADATA_BYTES).toBeLessThanOrEqual(PLATFORM_MESSAGE_BYTES);
      expect(bytes).toBeGreaterThanOrEqual(bytesOf(text));
    }
  });

  it('announce an event that fits into none without its data, wherever it stands', () => {
    const large = MESSAGE_BYTES_MAX + 1;
    const sizes = [large, 300, 300, large, large, 300, large];
    const events = sizes.map((bytes, index) => eventOf(index + 1, bytes));
    const packed = packMessages(SOURCE, GENESIS_HASH_TEXT, events).map(({ text }) =>
      parseEventsMessage(text),
    );
    expect(
      packed.map(({ fromVersion, toVersion, events: carried }) => [fromVersion, toVersion, carried.length]),
    ).toEqual([
      [1, 1, 0],
      [2, 3, 2],
      [4, 4, 0],
      [5, 5, 0],
      [6, 6, 1],
      [7, 7, 0],
    ]);
    expect(packed.map(({ previousHash }) => previousHash)).toEqual([
      GENESIS_HASH_TEXT,
      ...[1, 3, 4, 5, 6].map((version) => events[version - 1]?.hash),
    ]);
  });

  it('are taken out of the answer that brought them, which the runtime keeps for long', () => {
    const texts = packMessages(SOURCE, GENESIS_HASH_TEXT, eventsOf(1_000, 600)).map(({ text }) => text);
    const known = texts.map(parseEventsMessage);
    expect(takeEventsMessages(texts)).toEqual(known);
    expect(texts).toEqual([]);
  });

  it('count bytes, not characters', () => {
    const events = [1, 2].map((version) => eventOf(version, 70_000, '€'));
    expect(events[0]?.data.length).toBeLessThan(MESSAGE_BYTES_MAX / 4);
    expect(packMessages(SOURCE, GENESIS_HASH_TEXT, events)).toHaveLength(2);
  });

  it('leave nothing out and overlap nowhere, whatever the sizes', () => {
    const size = fc.oneof(
      fc.integer({ min: 300, max: 1_000 }),
      fc.integer({ min: 30_000, max: 70_000 }),
      fc.integer({ min: MESSAGE_BYTES_MAX - 1_000, max: MESSAGE_BYTES_MAX + 1_000 }),
    );
    holds(
      fc.property(fc.array(size, { maxLength: 40 }), (sizes) => {
        const events = sizes.map((bytes, index) => eventOf(index + 1, bytes));
        const packed = packMessages(SOURCE, GENESIS_HASH_TEXT, events);
        let next = 1;
        for (const { text, fromVersion, toVersion } of packed) {
          const message = parseEventsMessage(text);
          expect(fromVersion).toBe(next);
          expect(message.previousHash).toBe(events[next - 2]?.hash ?? GENESIS_HASH_TEXT);
          const versions = message.events.map(({ version }) => version);
          const range = Array.from(
            { length: toVersion - fromVersion + 1 },
            (_, index) => fromVersion + index,
          );
          // All of the range, or of a single large event nothing.
          if (versions.length > 0) expect(versions).toEqual(range);
          else expect(range).toHaveLength(1);
          expect(bytesOf(text) + PLATFORM_METADATA_BYTES).toBeLessThanOrEqual(PLATFORM_MESSAGE_BYTES);
          next = toVersion + 1;
        }
        expect(next).toBe(events.length + 1);
      }),
      { seed: 20260107, runs: 200 },
    );
  });
});

describe('a drain', () => {
  it('publishes everything in order, in batches that the platform takes', async () => {
    const { outbox, texts, batches } = outboxOver(eventsOf(CARRIED_EVENTS_MAX, 20_000));
    expect(await outbox.drain()).toBeUndefined();
    expect(outbox.published).toBe(CARRIED_EVENTS_MAX);
    expect(outbox.isBehind).toBe(false);
    let next = 1;
    for (const [from, to] of rangesOf(batches)) {
      expect(from).toBe(next);
      next = (to as number) + 1;
    }
    for (const batch of texts) {
      const bytes = batch.reduce((sum, text) => sum + bytesOf(text) + PLATFORM_METADATA_BYTES, 0);
      expect(bytes).toBeLessThanOrEqual(PLATFORM_BATCH_BYTES);
      expect(batch.length).toBeLessThanOrEqual(PLATFORM_BATCH_MESSAGES);
    }
    expect(BATCH_BYTES_MAX).toBeLessThanOrEqual(PLATFORM_BATCH_BYTES);
    // There are no more messages than events.
    expect(CARRIED_EVENTS_MAX).toBeLessThanOrEqual(PLATFORM_BATCH_MESSAGES);
  });

  it('only names a range that is longer than what it carries, all of it in one message', async () => {
    const log = eventsOf(CARRIED_EVENTS_MAX);
    const { outbox, batches } = outboxOver(log);
    await outbox.drain();
    expect(batches[0]?.[0]?.events).toHaveLength(CARRIED_EVENTS_MAX);
    const before = log.at(-1);
    for (let more = 0; more <= CARRIED_EVENTS_MAX; more++) log.push(eventOf(log.length + 1));
    await outbox.drain();
    const named = { fromVersion: CARRIED_EVENTS_MAX + 1, toVersion: 2 * CARRIED_EVENTS_MAX + 1 };
    expect(batches.slice(1)).toEqual([[expect.objectContaining({ ...named, events: [] })]]);
    expect(batches[1]?.[0]?.previousHash).toBe(before?.hash);
    expect(outbox.isBehind).toBe(false);
  });

  it('does nothing where nothing is new', async () => {
    const { outbox, calls } = outboxOver(eventsOf(3), {}, 3);
    expect(outbox.isBehind).toBe(false);
    expect(await outbox.drain()).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it('goes on after what was published, from the hash of the last published event', async () => {
    const log = eventsOf(5);
    const { outbox, batches, calls } = outboxOver(log, {}, 2);
    await outbox.drain();
    expect(batches).toMatchObject([[{ fromVersion: 3, toVersion: 5, previousHash: log[1]?.hash }]]);
    expect(calls).not.toContain('register');
  });

  it('registers the aggregate before its first event is announced, and not again', async () => {
    const log = eventsOf(1);
    const { outbox, calls } = outboxOver(log);
    await outbox.drain();
    log.push(eventOf(2));
    await outbox.drain();
    expect(calls.filter((call) => !call.startsWith('release'))).toEqual(['register', 'send', 'send']);
  });

  it('announces nothing that could not be registered', async () => {
    let failures = 1;
    const { outbox, calls } = outboxOver(eventsOf(1), {
      register: async () => {
        if (failures-- > 0) throw new Error('no directory');
      },
    });
    expect(await outbox.drain()).toMatchObject({ message: 'no directory' });
    expect([outbox.published, calls]).toEqual([0, []]);
    expect(await outbox.drain()).toBeUndefined();
    expect(outbox.published).toBe(1);
  });

  it('moves the cursor only after a send, batch by batch', async () => {
    const sent: number[] = [];
    let fails = true;
    const log = eventsOf(30, 60_000);
    const seen: number[] = [];
    const { outbox } = outboxOver(log, {
      send: async (texts) => {
        seen.push(outbox.published);
        const last = parseEventsMessage(texts.at(-1) ?? '').toVersion;
        if (fails && last > 20) throw new Error('full');
        sent.push(last);
      },
    });
    expect(await outbox.drain()).toMatchObject({ message: 'full' });
    expect(outbox.published).toBe(sent.at(-1));
    expect(seen).toEqual([0, ...sent]);
    expect(outbox.isBehind).toBe(true);
    fails = false;
    const before = outbox.published;
    expect(await outbox.drain()).toBeUndefined();
    expect(sent[sent.indexOf(before) + 1]).toBeGreaterThan(before);
    expect(outbox.published).toBe(30);
  });

  it('ends with what was there as it began, so that it ends at all while commits go on', async () => {
    const log = eventsOf(2);
    const { outbox, batches } = outboxOver(log, {
      send: async (texts) => {
        batches.push(texts.map(parseEventsMessage));
        if (log.length < 4) log.push(eventOf(log.length + 1));
      },
    });
    await outbox.drain();
    expect(rangesOf(batches)).toEqual([[1, 2]]);
    expect(outbox.isBehind).toBe(true);
    await outbox.drain();
    expect(rangesOf(batches)).toEqual([
      [1, 2],
      [3, 3],
    ]);
  });

  it('is shared by callers that come while it runs: nothing is sent twice, and a failure counts once', async () => {
    let release: (() => void) | undefined;
    const { outbox, calls } = outboxOver(eventsOf(3), {
      send: () =>
        new Promise((_resolve, reject) => {
          calls.push('send');
          release = () => reject(new Error('full'));
        }),
    });
    const callers = [outbox.drain(), outbox.drain(), outbox.drain()];
    await new Promise((resolve) => setImmediate(resolve));
    release?.();
    expect(await Promise.all(callers)).toMatchObject(Array(3).fill({ message: 'full' }));
    expect(calls).toEqual(['register', 'send']);
    expect(outbox.retryAt).toBe(DRAIN_RETRY_FIRST_MS);
  });

  it('waits longer after each failure in a row, up to a limit, and starts over after a success', async () => {
    let fails = true;
    const log = eventsOf(1);
    const { outbox } = outboxOver(log, {
      send: async () => {
        if (fails) throw new Error('full');
      },
    });
    const delays: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      await outbox.drain();
      delays.push(outbox.retryAt);
    }
    expect(delays.slice(0, 3)).toEqual([
      DRAIN_RETRY_FIRST_MS,
      2 * DRAIN_RETRY_FIRST_MS,
      4 * DRAIN_RETRY_FIRST_MS,
    ]);
    expect(delays.at(-1)).toBe(DRAIN_RETRY_MAX_MS);
    expect(Math.max(...delays.map(Number))).toBe(DRAIN_RETRY_MAX_MS);
    fails = false;
    await outbox.drain();
    fails = true;
    log.push(eventOf(2));
    await outbox.drain();
    expect(outbox.retryAt).toBe(DRAIN_RETRY_FIRST_MS);
  });

  it('fails loudly where the log has lost what was published', async () => {
    const { outbox } = outboxOver(eventsOf(5), { read: () => [] }, 3);
    expect(await outbox.drain()).toMatchObject({ message: expect.stringMatching(/no version 3/) });
  });
});

describe('the alarm clock', () => {
  it('sets the alarm only when an earlier moment is asked for', () => {
    const set: number[] = [];
    const clock = new AlarmClock((at) => void set.push(at));
    for (const at of [500, 700, 500, 300, 400, 200]) clock.setBefore(at, 0);
    expect(set).toEqual([500, 300, 200]);
    expect(clock.rowsWritten).toBe(3);
    clock.fired();
    clock.setBefore(900, 0);
    expect(set.at(-1)).toBe(900);
  });
});
