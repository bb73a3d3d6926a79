/** Several consumer groups behind one outbox: each is told everything at least once, and one that fails holds up no other. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CARRIED_EVENTS_MAX,
  type ConsumerGroup,
  DRAIN_RETRY_FIRST_MS,
  Outbox,
} from '../../actors/kernel/outbox.ts';
import { groupsFor } from '../../schemas/consumerGroups.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { holdsEventually } from '../support/property.ts';
import { notedEvent } from '../support/storedEvent.ts';

const NAMES = ['views', 'archive', 'sagas'] as const;

const versions = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** A group whose queue fails as it is told. */
class Group implements ConsumerGroup {
  readonly name: string;
  readonly isPatient: boolean;
  fails = false;
  sends = 0;
  readonly heard: number[] = [];
  /** Waits before it takes anything. */
  before: Promise<void> = Promise.resolve();

  constructor(name: string, isPatient = false) {
    this.name = name;
    this.isPatient = isPatient;
  }

  async send(texts: readonly string[]): Promise<void> {
    this.sends++;
    await this.before;
    if (this.fails) throw new Error(`${this.name} is down`);
    for (const { events, fromVersion, toVersion } of texts.map(parseEventsMessage)) {
      const isCarried = !this.isPatient && toVersion - fromVersion < CARRIED_EVENTS_MAX;
      expect(events.map(({ version }) => version)).toEqual(isCarried ? versions(fromVersion, toVersion) : []);
      this.heard.push(...versions(fromVersion, toVersion));
    }
  }
}

function world(published = 0, log = [notedEvent(1)], archiveIsPatient = false) {
  const time = { now: 0 };
  const released: number[] = [];
  const groups = {
    views: new Group('views'),
    archive: new Group('archive', archiveIsPatient),
    sagas: new Group('sagas'),
  };
  const outbox = new Outbox(
    {
      source: { aggregateType: 'order', aggregateId: 'o' },
      groups: Object.values(groups),
      head: () => log.length,
      read: (from, limit) => log.slice(from - 1, from - 1 + limit),
      release: (version) => void released.push(version),
      register: async () => undefined,
      now: () => time.now,
    },
    published,
  );
  const append = () => void log.push(notedEvent(log.length + 1));
  return { ...groups, outbox, append, log, time, released };
}

describe('a group whose queue fails', () => {
  it('holds up no other, and hears all of it later', async () => {
    const { views, sagas, outbox, append, time } = world();
    sagas.fails = true;
    expect(await outbox.drain(time.now)).toMatchObject({ message: 'sagas is down' });
    append();
    expect(await outbox.drain(time.now)).toBeUndefined();
    expect([views.heard, sagas.heard, sagas.sends]).toEqual([[1, 2], [], 1]);
    sagas.fails = false;
    time.now = DRAIN_RETRY_FIRST_MS;
    await outbox.drain(time.now);
    expect([views.heard, sagas.heard]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('keeps what it has not heard from being taken for published or given up', async () => {
    const { sagas, outbox, append, time, released } = world();
    await outbox.drain(time.now);
    append();
    sagas.fails = true;
    await outbox.drain(time.now);
    expect(outbox.published).toBe(1);
    expect(outbox.isBehind).toBe(true);
    expect(Math.max(...released)).toBe(0);
    sagas.fails = false;
    await outbox.drain();
    expect([outbox.published, outbox.isBehind, outbox.retryAt]).toEqual([2, false, undefined]);
  });

  it('is left alone until its time, while the others are told what comes', async () => {
    const { archive, views, outbox, append, time } = world();
    archive.fails = true;
    await outbox.drain(time.now);
    expect([outbox.isDue(0), outbox.retryAt]).toEqual([false, DRAIN_RETRY_FIRST_MS]);
    for (let commit = 0; commit < 5; commit++) {
      append();
      expect(outbox.isDue(0)).toBe(true);
      await outbox.drain(0);
    }
    expect([archive.sends, views.heard]).toEqual([1, [1, 2, 3, 4, 5, 6]]);
    expect(outbox.isDue(DRAIN_RETRY_FIRST_MS)).toBe(true);
  });
});

describe('a patient group', () => {
  it('is told by a drain of everything alone, of all there is in one message and without the data', async () => {
    const { archive, views, outbox, append, released } = world(0, [notedEvent(1)], true);
    for (let commit = 0; commit < 1_200; commit++) append();
    await outbox.drain(0);
    expect([views.heard.length, archive.sends, outbox.published]).toEqual([1_201, 0, 0]);
    expect([outbox.isDue(Number.MAX_SAFE_INTEGER), outbox.isBehind, outbox.retryAt]).toEqual([
      false,
      true,
      undefined,
    ]);
    // It reads the log when it comes to it: nothing is kept in memory for it.
    expect(Math.max(...released)).toBe(1_200);
    await outbox.drain();
    expect([archive.sends, archive.heard.length, outbox.published]).toEqual([1, 1_201, 1_201]);
    append();
    await outbox.drain(0);
    await outbox.drain();
    expect([views.heard.length, archive.heard.length, outbox.isBehind]).toEqual([1_202, 1_202, false]);
  });

  it('is told although a drain for the others is under way', async () => {
    const { archive, views, outbox } = world(0, [notedEvent(1)], true);
    let goOn: () => void = expect.unreachable;
    views.before = new Promise((resolve) => {
      goOn = resolve;
    });
    const others = outbox.drain(0);
    const everybody = outbox.drain();
    goOn();
    await Promise.all([others, everybody]);
    expect([views.heard, archive.heard, outbox.isBehind]).toEqual([[1], [1], false]);
  });

  it('is tried again like any other once its queue has failed', async () => {
    const { archive, outbox, time } = world(0, [notedEvent(1)], true);
    archive.fails = true;
    expect(await outbox.drain()).toMatchObject({ message: 'archive is down' });
    expect(outbox.retryAt).toBe(DRAIN_RETRY_FIRST_MS);
    archive.fails = false;
    time.now = DRAIN_RETRY_FIRST_MS;
    await outbox.drain(time.now);
    expect([archive.heard, outbox.retryAt]).toEqual([[1], undefined]);
  });
});

it('every group hears every event in order, whatever fails and whenever the instance dies', async () => {
  const step = fc.record({
    commits: fc.integer({ min: 0, max: 3 }),
    failing: fc.subarray<(typeof NAMES)[number]>([...NAMES]),
    dies: fc.boolean(),
    waits: fc.integer({ min: 0, max: 5_000 }),
  });
  await holdsEventually(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, isPatient) => {
      const log = [notedEvent(1)];
      let current = world(0, log, isPatient);
      const heard = { views: [] as number[], archive: [] as number[], sagas: [] as number[] };
      const collect = () => {
        for (const name of NAMES) heard[name].push(...current[name].heard.splice(0));
      };
      for (const { commits, failing, dies, waits } of steps) {
        for (let commit = 0; commit < commits; commit++) log.push(notedEvent(log.length + 1));
        for (const name of NAMES) current[name].fails = failing.includes(name);
        current.time.now += waits;
        await current.outbox.drain(current.time.now);
        collect();
        if (!dies) continue;
        const { now } = current.time;
        current = world(current.outbox.published, log, isPatient);
        current.time.now = now;
      }
      for (const name of NAMES) current[name].fails = false;
      await current.outbox.drain();
      collect();
      for (const versions of Object.values(heard)) {
        // Repeats begin anew somewhere, and go on from there: nothing is left out on the way.
        versions.forEach((version, index) => {
          expect(version).toBeLessThanOrEqual((versions[index - 1] ?? 0) + 1);
        });
        expect(new Set(versions).size).toBe(log.length);
        expect(versions.at(-1)).toBe(log.length);
      }
    }),
    { seed: 11, runs: 200 },
  );
});

describe('the groups', () => {
  it('views and archive hear of everything, sagas of what they are started by or wait for', () => {
    // Whoever else is told of something has no part in this.
    const among = (aggregateType: string) => groupsFor(aggregateType).filter((name) => NAMES.includes(name));
    expect(among('account')).toEqual(['views', 'archive']);
    expect(among('saga')).toEqual(['views', 'archive']);
    expect(among('order')).toEqual(NAMES);
  });
});
