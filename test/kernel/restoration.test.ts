/** Restoring a log from a copy: the same bytes, whatever is repeated, cut off or wrong; and nothing happens a second time. */
import { beforeAll, describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import type { Perform } from '../../actors/kernel/actorDeps.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { Restoration } from '../../actors/kernel/restoration.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { ArchivedAccount } from '../support/archive.ts';
import { type ErrandState, errandDecider } from '../support/errandDecider.ts';
import { localCore, localWorld } from '../support/localCore.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const NO_EVENT = '0'.repeat(64);
const SOURCE = { aggregateType: 'account', aggregateId: 'alice-1' };
const CONTEXT = { userId: 'tester', correlationId: 'c', causationId: null };

let account: ArchivedAccount;
let events: PublishedEvent[];

beforeAll(() => {
  account = new ArchivedAccount('alice-1');
  const opening = {
    customerId: 'alice',
    accountType: 'INDIVIDUAL',
    currency: 'USD',
    initialBalance: '5000000',
  };
  account.run('OpenAccount', opening, 1_000);
  for (let number = 0; number < 1_200; number++) {
    const trade = { tradeId: `t-${number}`, symbol: 'IBM', side: 'BUY', quantity: '1', price: '1.5' };
    account.run(
      number % 3 === 0 ? 'DepositFunds' : 'ExecuteTrade',
      number % 3 === 0 ? { amount: '1' } : trade,
      2_000 + number,
    );
  }
  events = account.messages(1, -1).flatMap((text) => parseEventsMessage(text).events);
});

function restoration(storage: ActorStorage = sqliteStorage(), lines: string[] = []) {
  const logger = createLogger('actor', 'info', (line) => void lines.push(line));
  return new Restoration({ source: SOURCE, decider: accountDecider, storage, logger });
}

/** A range of the copy, by versions. */
function range(from: number, to: number) {
  return { previousHash: events[from - 2]?.hash ?? NO_EVENT, events: events.slice(from - 1, to) };
}

/** Every row of every table of the log but where it was published to, as it is stored. */
function rows(storage: ActorStorage) {
  return ['events', 'resources', 'snapshots'].map((table) =>
    storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
  );
}

const head = () => events.at(-1) as PublishedEvent;

describe('a log that is restored', () => {
  it('is the same to the byte: events, hashes, memory of commands, snapshots', () => {
    const storage = sqliteStorage();
    const subject = restoration(storage);
    for (let from = 1; from <= events.length; from += 1_000) {
      expect(subject.append(range(from, from + 999))).toMatchObject({ ok: true, restoring: true });
    }
    expect(subject.release(head().version, head().hash)).toMatchObject({ ok: true, restoring: false });
    const original = account.storage;
    expect(rows(storage)[0]).toEqual(rows(original)[0]);
    expect(rows(storage)[1]).toEqual(rows(original)[1]);
    expect(rows(storage)[2]).toEqual(rows(original)[2]);
  });

  it('takes ranges in pieces of any size, again and overlapping, with a new instance for each', () => {
    const storage = sqliteStorage();
    for (const [from, to] of [
      [1, 1],
      [1, 400],
      [300, 500],
      [501, 900],
      [2, 10],
      [900, 1_201],
      [1, 1_201],
    ] as const) {
      expect(restoration(storage).append(range(from, to))).toMatchObject({ ok: true, restoring: true });
    }
    expect(rows(storage)[0]).toEqual(rows(account.storage)[0]);
    expect(restoration(storage).release(head().version, head().hash).ok).toBe(true);
    // Once it is released, what is sent again is only compared.
    expect(restoration(storage).append(range(1, 1_201))).toMatchObject({ ok: true, restoring: false });
    expect(restoration(storage).release(head().version, head().hash).ok).toBe(true);
  });

  it('is whole or not there, wherever a crash comes', () => {
    const whole = sqliteStorage();
    let steps = 0;
    restoration(crashing(whole, () => ++steps < 0)).append(range(1, 3));
    for (let crashAt = 1; crashAt <= steps; crashAt++) {
      const storage = sqliteStorage();
      let step = 0;
      const subject = restoration(crashing(storage, () => ++step === crashAt));
      expect(() => subject.append(range(1, 3))).toThrow('crash');
      expect(restoration(storage).standing()).toMatchObject({ head: 0, restoring: false });
      expect(restoration(storage).append(range(1, 3))).toMatchObject({ ok: true, head: 3, restoring: true });
      expect(rows(storage)[0]).toEqual(rows(whole)[0]);
    }
    expect(steps).toBeGreaterThan(2);
  });
});

/** A storage whose writes fail where asked. */
function crashing({ sql, transactionSync }: ActorStorage, isCrash: () => boolean): ActorStorage {
  return {
    transactionSync,
    sql: {
      exec(query, ...bindings) {
        if (/^\s*(INSERT|CREATE)/.test(query) && isCrash()) throw new Error('crash');
        return sql.exec(query, ...bindings);
      },
    },
  };
}

describe('a restoration refuses', () => {
  it('a log that has other events, in use or not', () => {
    const storage = sqliteStorage();
    const other = localCore(accountDecider, {
      now: 1,
      alarmAt: undefined,
      alarms: [],
      sent: [],
      onSend: () => undefined,
      lines: [],
      storage,
    });
    other.core.aggregate.execute(
      [
        {
          command: {
            commandId: 'x',
            type: 'OpenAccount',
            data: { customerId: 'bob', accountType: 'CORPORATE', currency: 'EUR' },
          },
          context: CONTEXT,
        },
      ],
      5,
    );
    expect(restoration(storage).append(range(1, 10))).toMatchObject({ ok: false, code: 'log_differs' });
    expect(restoration(storage).append(range(2, 10))).toMatchObject({ ok: false, code: 'log_in_use' });
    expect(restoration(storage).standing()).toMatchObject({ head: 1, restoring: false });
  });

  it('to go on with a log that was released', () => {
    const storage = sqliteStorage();
    restoration(storage).append(range(1, 10));
    restoration(storage).release(10, (events[9] as PublishedEvent).hash);
    expect(restoration(storage).append(range(11, 20))).toMatchObject({ ok: false, code: 'log_in_use' });
  });

  it('a hole, and events of another chain', () => {
    const subject = restoration();
    expect(subject.append(range(2, 3))).toMatchObject({ ok: false, code: 'log_gap' });
    subject.append(range(1, 5));
    expect(subject.append(range(7, 9))).toMatchObject({ ok: false, code: 'log_gap' });
    expect(subject.append({ ...range(6, 9), previousHash: 'f'.repeat(64) })).toMatchObject({
      ok: false,
      code: 'log_differs',
    });
    expect(subject.standing()).toMatchObject({ head: 5, restoring: true });
  });

  it.each([
    ['data', { data: { amount: '2' } }],
    ['a time', { recordedAt: 1 }],
    ['a type', { eventType: 'FundsWithdrawn' }],
    ['a hash', { hash: 'a'.repeat(64) }],
    ['the memory of its command', { fingerprint: undefined }],
  ])('an event with another %s, and all that came with it', (_, change) => {
    const subject = restoration();
    const forged = range(1, 6);
    forged.events[4] = { ...(forged.events[4] as PublishedEvent), ...change } as PublishedEvent;
    expect(subject.append(forged)).toMatchObject({ ok: false, code: 'event_altered' });
    expect(subject.standing()).toMatchObject({ head: 0, restoring: false });
  });

  it.each([4, 6])(
    'an event that says it was recorded before the one that it follows on, version %d',
    (version) => {
      const subject = restoration();
      // The second of them is the first of its range.
      if (version === 6) subject.append(range(1, 5));
      const { previousHash, events: forged } = range(version === 6 ? 6 : 1, 9);
      let hash = previousHash;
      const chained = forged.map((event) => {
        const recordedAt = event.version < version ? event.recordedAt : event.recordedAt - 500;
        const [data, metadata] = [canonicalJson(event.data), canonicalJson(event.metadata)];
        hash = eventHash(hash, { ...SOURCE, ...event, recordedAt, data, metadata });
        return { ...event, recordedAt, hash };
      });
      expect(subject.append({ previousHash, events: chained })).toEqual({
        ok: false,
        code: 'event_altered',
        detail: `The event of version ${version} was recorded before the one that it follows on.`,
      });
      expect(subject.standing().head).toBe(version === 6 ? 5 : 0);
    },
  );

  it('events that this release cannot fold', () => {
    const lines: string[] = [];
    const logger = createLogger('actor', 'info', (line) => void lines.push(line));
    // The copy is an account's, and the toy knows none of its events.
    const decider = { ...accountDecider, evolve: () => undefined };
    const storage = sqliteStorage();
    const subject = new Restoration({ source: SOURCE, decider, storage, logger });
    expect(subject.append(range(1, 6))).toMatchObject({ ok: false, code: 'event_unknown' });
    expect(subject.standing()).toMatchObject({ head: 0, restoring: false });
    expect(lines.join('')).toContain('events not restored');
  });

  it('to release a log that is not the one that was meant', () => {
    const subject = restoration();
    subject.append(range(1, 5));
    expect(subject.release(6, (events[5] as PublishedEvent).hash)).toMatchObject({
      ok: false,
      code: 'log_gap',
    });
    expect(subject.release(4, (events[3] as PublishedEvent).hash)).toMatchObject({
      ok: false,
      code: 'log_differs',
    });
    expect(subject.release(5, (events[3] as PublishedEvent).hash)).toMatchObject({
      ok: false,
      code: 'log_differs',
    });
    expect(subject.isOpen).toBe(true);
    expect(subject.release(5, (events[4] as PublishedEvent).hash)).toMatchObject({ ok: true });
  });
});

describe('a log that has lost its end', () => {
  /** In use, with so many of the copy's events. */
  function shortened(upTo: number): ActorStorage {
    const storage = sqliteStorage();
    restoration(storage).append(range(1, upTo));
    restoration(storage).release(upTo, hashAt(upTo));
    return storage;
  }

  const hashAt = (version: number) => (events[version - 1] as PublishedEvent).hash;
  const another = { commandId: 'another', type: 'DepositFunds', data: { amount: '7' } };

  it.each([1, 999, 1_000, 1_001])('after version %d is filled up where it is, to the byte', (upTo) => {
    const storage = shortened(upTo);
    expect(restoration(storage).append(range(upTo + 1, 1_201))).toMatchObject({ code: 'log_in_use' });
    expect(restoration(storage).hold(upTo, hashAt(upTo))).toMatchObject({ ok: true, restoring: true });
    // Again, by another instance, and from wherever the copy's parts begin.
    expect(restoration(storage).hold(upTo, hashAt(upTo))).toMatchObject({ ok: true, restoring: true });
    expect(restoration(storage).append(range(1, 1_201))).toMatchObject({ ok: true, head: 1_201 });
    expect(restoration(storage).release(1_201, head().hash)).toMatchObject({ ok: true, restoring: false });
    // Snapshots lie where appends end.
    expect(rows(storage).slice(0, 2)).toEqual(rows(account.storage).slice(0, 2));
  });

  it('and went on is held by nobody, and stays as it is', async () => {
    const storage = shortened(10);
    const { core } = localCore(accountDecider, { ...localWorld(), now: 9_000, storage });
    await core.execute([another], CONTEXT);
    const before = rows(storage);
    const subject = restoration(storage);
    expect(subject.hold(10, hashAt(10))).toMatchObject({
      code: 'log_differs',
      detail: /goes on to version 11/,
    });
    expect(subject.hold(11, hashAt(11))).toMatchObject({ code: 'log_differs' });
    expect(subject.hold(12, hashAt(12))).toMatchObject({ code: 'log_gap' });
    expect(subject.append(range(11, 20))).toMatchObject({ code: 'log_differs' });
    expect(subject.append(range(12, 20))).toMatchObject({ code: 'log_in_use' });
    expect(subject.standing()).toMatchObject({ head: 11, restoring: false });
    expect(rows(storage)).toEqual(before);
    // Nor where it has as many events, or more than the copy.
    for (let version = 12; version <= 1_203; version++)
      await core.execute([{ ...another, commandId: `c ${version}` }], CONTEXT);
    expect(restoration(storage).hold(1_201, head().hash)).toMatchObject({ code: 'log_differs' });
    expect(restoration(storage).append(range(1, 1_201))).toMatchObject({ code: 'log_differs' });
  });

  it('that is not there at all has no end to be held at', () => {
    const storage = sqliteStorage();
    expect(restoration(storage).hold(1, hashAt(1))).toMatchObject({ code: 'log_gap' });
    expect(restoration(storage).isOpen).toBe(false);
  });

  it('decides nothing once it is held, whatever was under way', async () => {
    const storage = shortened(10);
    const subject = restoration(storage);
    const here = { ...localWorld(), now: 9_000, storage, requireFree: () => subject.requireFree() };
    const { core } = localCore(accountDecider, here);
    // Taken before, decided in a later turn.
    const underWay = core.execute([another], CONTEXT);
    expect(subject.hold(10, hashAt(10))).toMatchObject({ ok: true });
    await expect(underWay).rejects.toThrow('account/alice-1 is being restored');
    expect(subject.append(range(11, 1_201))).toMatchObject({ ok: true });
    await expect(core.execute([another], CONTEXT)).rejects.toThrow('is being restored');
    await core.alarm();
    expect(subject.release(1_201, head().hash)).toMatchObject({ ok: true });
    // Snapshots lie where appends end.
    expect(rows(storage).slice(0, 2)).toEqual(rows(account.storage).slice(0, 2));
  });

  it('and is held by two is held still when one of them gives it up, filled or not', () => {
    for (const upTo of [10, 20]) {
      const storage = shortened(10);
      for (const holder of [7, 8]) restoration(storage).hold(10, hashAt(10), holder);
      if (upTo > 10) restoration(storage).append(range(11, upTo));
      expect(restoration(storage).release(10, hashAt(10), 7)).toMatchObject({ ok: true, restoring: true });
      // Asked again, and by one who never held it.
      for (const holder of [7, 9])
        expect(restoration(storage).release(10, hashAt(10), holder)).toMatchObject({ restoring: true });
      const last = { 10: { ok: true, restoring: false }, 20: { code: 'log_differs' } }[upTo];
      expect(restoration(storage).release(10, hashAt(10), 8)).toMatchObject(last as object);
      expect(restoration(storage).release(upTo, hashAt(upTo))).toMatchObject({ ok: true, restoring: false });
    }
  });

  it('and is let go by whoever has filled it is held by nobody any more', () => {
    const storage = shortened(10);
    for (const holder of [7, 8]) restoration(storage).hold(10, hashAt(10), holder);
    restoration(storage).append(range(11, 1_201));
    expect(restoration(storage).release(1_201, head().hash)).toMatchObject({ ok: true, restoring: false });
    expect(restoration(storage).release(10, hashAt(10), 8)).toMatchObject({ ok: true, restoring: false });
    expect(restoration(storage).isOpen).toBe(false);
  });

  it('goes on from where it ends if it is let go without being filled up', async () => {
    const storage = shortened(10);
    restoration(storage).hold(10, hashAt(10));
    expect(restoration(storage).release(10, hashAt(10))).toMatchObject({ ok: true, restoring: false });
    const { core } = localCore(accountDecider, { ...localWorld(), now: 9_000, storage });
    expect(await core.execute([another], CONTEXT)).toMatchObject([{ status: 'accepted', version: 11 }]);
  });
});

describe('an aggregate that was restored', () => {
  const world = (storage: ActorStorage) => ({
    now: 9_000,
    alarmAt: undefined,
    alarms: [],
    sent: [] as string[],
    onSend: () => undefined,
    lines: [],
    storage,
  });

  it('recognises every command that ran before, and refuses another under its id', async () => {
    const storage = sqliteStorage();
    restoration(storage).append(range(1, 1_201));
    restoration(storage).release(head().version, head().hash);
    const { core } = localCore(accountDecider, world(storage));
    const deposit = { commandId: 'c-2', type: 'DepositFunds', data: { amount: '1' } };
    expect(await core.executeBrief([deposit], CONTEXT)).toEqual([{ status: 'replayed', version: 2 }]);
    const [refused] = await core.executeBrief([{ ...deposit, data: { amount: '7' } }], CONTEXT);
    expect(refused).toMatchObject({ status: 'refused', code: 'command_id_reused' });
    // By the id of what it made, too, which was not the command's.
    const trade = { tradeId: 't-1', symbol: 'IBM', side: 'BUY', quantity: '1', price: '1.5' };
    const again = { commandId: 'another', type: 'ExecuteTrade', data: trade };
    expect(await core.executeBrief([again], CONTEXT)).toEqual([{ status: 'replayed', version: 3 }]);
    expect(
      await core.executeBrief([{ commandId: 'new', type: 'DepositFunds', data: { amount: '1' } }], CONTEXT),
    ).toEqual([{ status: 'accepted', version: 1_202 }]);
  });

  it('tells its groups of everything, since nobody here has heard of it', async () => {
    const storage = sqliteStorage();
    restoration(storage).append(range(1, 1_201));
    restoration(storage).release(head().version, head().hash);
    const here = world(storage);
    const { core } = localCore(accountDecider, here);
    await core.alarm();
    const told = here.sent.map(parseEventsMessage);
    expect([told[0]?.fromVersion, told.at(-1)?.toVersion]).toEqual([1, 1_201]);
  });

  it('goes on with the timers that had not rung, under the ids they always had', async () => {
    const before = localCore<ToyState>(toyDecider);
    const start = (timer: string, dueAt: number) => ({
      commandId: timer,
      type: 'Start',
      data: { timer, dueAt },
    });
    await before.core.execute([start('early', 100), start('late', 200)], CONTEXT);
    before.world.now = 150;
    await before.core.alarm();
    const storage = sqliteStorage();
    const copy = restoreAll(storage, toyDecider, before.core.messages(1, -1, true));
    const here = { ...world(storage), now: 1_000 };
    const { core } = localCore<ToyState>(toyDecider, here);
    await core.alarm();
    await core.alarm();
    expect(core.read()?.state.fired).toEqual(['early', 'late']);
    const rung = JSON.parse(core.events(1, 100)).slice(copy.length);
    expect(rung.map(({ metadata }: { metadata: { commandId: string } }) => metadata.commandId)).toEqual([
      'timer late 200',
    ]);
  });

  it('has done again only what it did not hear of, under the key it always had', async () => {
    const performed: [effect: string, again: boolean][] = [];
    const settled = async () => {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const perform: Perform = async ({ effect }, _, again) => {
      performed.push([effect, again]);
      // The answer about the second one is lost with the platform.
      if (effect === 'post' && !again) return new Promise(() => undefined);
      return { type: 'RecordDone', data: { errand: effect, how: 'well' } };
    };
    const before = localCore<ErrandState>(errandDecider, { ...world(sqliteStorage()), perform });
    const want = { commandId: 'want', type: 'Want', data: { errands: ['bank', 'post'], dueAt: 0 } };
    await before.core.execute([want], CONTEXT);
    await settled();
    expect(performed.splice(0)).toEqual([
      ['bank', false],
      ['post', false],
    ]);
    const storage = sqliteStorage();
    const copy = restoreAll(storage, errandDecider, before.core.messages(1, -1, true));
    const { core } = localCore<ErrandState>(errandDecider, { ...world(storage), perform });
    await settled();
    expect(performed).toEqual([['post', true]]);
    const outcome = JSON.parse(core.events(copy.length + 1, 10));
    expect(outcome).toMatchObject([{ eventType: 'Done', metadata: { commandId: 'effect post 0' } }]);
  });
});

/** Restores a whole log from messages and releases it; answers its events. */
function restoreAll(
  storage: ActorStorage,
  decider: AnyDecider,
  messages: readonly string[],
): PublishedEvent[] {
  const copy = messages.flatMap((text) => parseEventsMessage(text).events);
  const source = { aggregateType: decider.aggregateType, aggregateId: 'local' };
  const logger = createLogger('actor', 'info', () => undefined);
  const subject = new Restoration({ source, decider, storage, logger });
  expect(subject.append({ previousHash: NO_EVENT, events: copy })).toMatchObject({ ok: true });
  const { version, hash } = copy.at(-1) as PublishedEvent;
  expect(subject.release(version, hash)).toMatchObject({ ok: true });
  return copy;
}
