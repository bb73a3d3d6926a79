/** How an aggregate tells the hubs that watch it, when they hear and when they do not. */
import { describe, expect, it } from 'vitest';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import {
  NOTICE_EVENTS_MAX,
  NOTICE_RETRY_FIRST_MS,
  NOTICE_TRIES_MAX,
  type Notice,
  Watchers,
} from '../../actors/kernel/watchers.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

interface Sent {
  readonly hub: string;
  readonly notice: Notice;
  readonly answer: (watching: boolean) => Promise<void>;
  readonly fail: () => Promise<void>;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Watchers of a log whose head a test moves; every notice waits for the test's answer. */
function watched(storage: ActorStorage = sqliteStorage(), head = 0) {
  const world = {
    head,
    sent: [] as Sent[],
    pauses: [] as number[],
    tasks: [] as (() => void)[],
    lines: [] as string[],
  };
  const watchers = new Watchers({
    source: { aggregateType: 'toy', aggregateId: 't-1' },
    storage,
    logger: createLogger('actor', 'info', (line) => void world.lines.push(line)),
    head: () => world.head,
    events: (fromVersion, limit) =>
      JSON.stringify(Array.from({ length: limit }, (_, index) => fromVersion + index)),
    notify: (hub, notice) =>
      new Promise((resolve, reject) => {
        const answer = async (watching: boolean) => {
          resolve(watching);
          await settled();
        };
        const fail = async () => {
          reject(new Error('the hub is gone'));
          await settled();
        };
        world.sent.push({ hub, notice, answer, fail });
      }),
    after: (task, milliseconds) => {
      world.pauses.push(milliseconds);
      world.tasks.push(task);
    },
  });
  const commit = (count: number) => {
    world.head += count;
    watchers.tell();
  };
  const range = () => {
    const { fromVersion, toVersion, events } = (world.sent.at(-1) as Sent).notice;
    return { fromVersion, toVersion, events: events === null ? null : JSON.parse(events) };
  };
  return { watchers, world, commit, range, last: () => world.sent.at(-1) as Sent };
}

const tables = (storage: ActorStorage) =>
  storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();

describe('an aggregate that nobody watches', () => {
  it('tells nobody and stores nothing', () => {
    const storage = sqliteStorage();
    const { commit, world } = watched(storage, 1);
    commit(3);
    expect(world.sent).toEqual([]);
    expect(tables(storage)).toEqual([]);
  });

  it('that does not exist cannot be watched', () => {
    const storage = sqliteStorage();
    expect(watched(storage).watchers.watch('hub-1')).toBe(0);
    expect(tables(storage)).toEqual([]);
  });

  it('that is to come can, and its first commit is told', () => {
    const { watchers, commit, range } = watched();
    expect(watchers.watch('hub-1', true)).toBe(0);
    commit(2);
    expect(range()).toEqual({ fromVersion: 1, toVersion: 2, events: [1, 2] });
  });
});

describe('a hub that watches', () => {
  it('is told of what is committed after the version that it was answered', () => {
    const { watchers, commit, range } = watched(undefined, 4);
    expect(watchers.watch('hub-1')).toBe(4);
    commit(2);
    expect(range()).toEqual({ fromVersion: 5, toVersion: 6, events: [5, 6] });
  });

  it('has one notice at a time, and what was committed meanwhile in the next one', async () => {
    const { watchers, world, commit, range, last } = watched(undefined, 1);
    watchers.watch('hub-1');
    commit(1);
    commit(1);
    commit(3);
    expect(world.sent).toHaveLength(1);
    await last().answer(true);
    expect(range()).toEqual({ fromVersion: 3, toVersion: 6, events: [3, 4, 5, 6] });
    await last().answer(true);
    expect(world.sent).toHaveLength(2);
  });

  it('does not wait for another', async () => {
    const { watchers, world, commit } = watched(undefined, 1);
    watchers.watch('slow');
    watchers.watch('fast');
    commit(1);
    await world.sent[1]?.answer(true);
    commit(1);
    expect(world.sent.map(({ hub }) => hub)).toEqual(['slow', 'fast', 'fast']);
  });

  it('is told only how far the log goes where more was committed than a notice carries', async () => {
    const { watchers, commit, range, last } = watched(undefined, 1);
    watchers.watch('hub-1');
    commit(1);
    commit(NOTICE_EVENTS_MAX + 1);
    await last().answer(true);
    expect(range()).toEqual({ fromVersion: 3, toVersion: NOTICE_EVENTS_MAX + 3, events: null });
    await last().answer(true);
    commit(1);
    expect(range().events).toEqual([NOTICE_EVENTS_MAX + 4]);
  });

  it('is told again, with growing pauses and one line of log, where a notice does not arrive', async () => {
    const { watchers, world, commit, last, range } = watched(undefined, 1);
    watchers.watch('hub-1');
    commit(1);
    await last().fail();
    expect(world.pauses).toEqual([NOTICE_RETRY_FIRST_MS]);
    commit(1);
    expect(range()).toEqual({ fromVersion: 2, toVersion: 3, events: [2, 3] });
    await last().fail();
    world.tasks[0]?.();
    await last().fail();
    expect(world.pauses).toEqual([NOTICE_RETRY_FIRST_MS, 2 * NOTICE_RETRY_FIRST_MS]);
    world.tasks[1]?.();
    await last().answer(true);
    expect(world.lines).toHaveLength(1);
    commit(1);
    expect(range()).toEqual({ fromVersion: 4, toVersion: 4, events: [4] });
  });

  it('that is away while much is committed is tried for no shorter a time', async () => {
    const { watchers, world, commit, last } = watched(undefined, 1);
    watchers.watch('hub-1');
    for (let commits = 0; commits < 2 * NOTICE_TRIES_MAX; commits++) {
      commit(1);
      await last().fail();
    }
    // One after the other, and not all pauses at once.
    expect(world.pauses).toEqual([NOTICE_RETRY_FIRST_MS]);
    for (const next of world.tasks) {
      next();
      await last().fail();
    }
    expect(world.pauses).toHaveLength(NOTICE_TRIES_MAX - 1);
    expect(world.pauses.reduce((sum, pause) => sum + pause)).toBeGreaterThan(30_000);
    expect(world.sent).toHaveLength(3 * NOTICE_TRIES_MAX - 1);
  });

  it('that never answers is given up until the next commit, or until somebody looks', async () => {
    const { watchers, world, commit, last } = watched(undefined, 1);
    watchers.watch('hub-1');
    commit(1);
    await last().fail();
    for (let next = world.tasks.shift(); next !== undefined; next = world.tasks.shift()) {
      next();
      await last().fail();
    }
    expect(world.sent).toHaveLength(NOTICE_TRIES_MAX);
    watchers.tell();
    expect(world.sent).toHaveLength(NOTICE_TRIES_MAX + 1);
    await last().fail();
    commit(1);
    expect(world.sent).toHaveLength(NOTICE_TRIES_MAX + 2);
    await last().answer(true);
    watchers.tell();
    expect(world.sent).toHaveLength(NOTICE_TRIES_MAX + 2);
  });

  it('that has nobody left is told nothing more', async () => {
    const storage = sqliteStorage();
    const { watchers, world, commit, last } = watched(storage, 1);
    watchers.watch('hub-1');
    commit(1);
    await last().answer(false);
    commit(1);
    expect(world.sent).toHaveLength(1);
    expect(storage.sql.exec('SELECT hub FROM watchers').toArray()).toEqual([]);
  });

  it('stays where it began to watch again before its "nobody" arrived', async () => {
    const { watchers, world, commit, last } = watched(undefined, 1);
    watchers.watch('hub-1');
    commit(1);
    expect(watchers.watch('hub-1')).toBe(2);
    await last().answer(false);
    commit(1);
    expect(world.sent).toHaveLength(2);
  });
});

describe('an instance that wakes', () => {
  it('tells the hubs that are stored how far the log goes: the last notices may be lost', () => {
    const storage = sqliteStorage();
    const before = watched(storage, 3);
    before.watchers.watch('hub-1');
    before.watchers.watch('hub-2');
    const after = watched(storage, 5);
    after.watchers.tell();
    expect(after.world.sent.map(({ hub, notice }) => [hub, notice.toVersion, notice.events])).toEqual([
      ['hub-1', 5, null],
      ['hub-2', 5, null],
    ]);
  });
});
