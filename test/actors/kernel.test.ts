/** The kernel on a toy aggregate: what throws, snapshots, migrations, the outbox and timers over the one alarm. */
import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActorCore } from '../../actors/kernel/actorCore.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import { LOG_MIGRATIONS } from '../../actors/kernel/eventLog.ts';
import { Unanswered } from '../../actors/kernel/inTime.ts';
import { migrate } from '../../actors/kernel/migrations.ts';
import { SNAPSHOT_EVERY_EVENTS } from '../../actors/kernel/snapshots.ts';
import type { CommandEnvelope } from '../../schemas/envelope.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { isPassing } from '../../workers/inTime.ts';
import { CONTEXT, command, type Toy, toyActor } from '../support/actors.ts';
import { BROKEN, STUCK, type ToyCommand, type ToyState, toyDecider } from '../support/toyDecider.ts';

const toy = (message: ToyCommand, commandId?: string) => command(message, commandId);
const add = (amount: number, commandId?: string) => toy({ type: 'Add', data: { amount } }, commandId);
const addMany = (amounts: readonly number[], commandId?: string) =>
  toy({ type: 'AddMany', data: { amounts } }, commandId);
const start = (timer: string, dueAt: number) => toy({ type: 'Start', data: { timer, dueAt } });
const bad = (type: ToyCommand['type']) => toy({ type, data: {} } as ToyCommand);

/** The versions that were announced, message by message. */
const announced = ({ world }: Toy) =>
  world.sent.map(parseEventsMessage).map(({ fromVersion, toVersion }) => [fromVersion, toVersion]);
const alarmOf = (actor: Toy) => actor.inside((_core, { storage }) => storage.getAlarm());
/** Waits until the outbox has sent everything. */
const drained = (actor: Toy) =>
  vi.waitFor(async () => expect(announced(actor).at(-1)?.[1]).toBe(await actor.head()), { timeout: 5_000 });
/** Sends from inside the object, where a throw can be caught: one that crosses RPC is reported as uncaught as well. */
const settle = (actor: Toy, ...callers: (readonly CommandEnvelope[])[]) =>
  actor.inside((core) =>
    Promise.all(
      callers.map((commands) => core.execute(commands, CONTEXT).catch((error: Error) => error.message)),
    ),
  );
/** What memory says must be what storage says. */
const expectMemoryIsStorage = (actor: Toy) =>
  actor.inside(({ aggregate }) => {
    const { version } = aggregate.log.head();
    expect(aggregate.current()).toEqual(aggregate.stateFromEvents(version));
    expect(aggregate.log.read(1, version)).toMatchObject(aggregate.log.readStored(1, version));
  });

// An hour ahead, so that no alarm goes off by itself while a test looks: the runtime's own clock is the real one.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 }));
afterEach(() => void vi.useRealTimers());

describe('a command that throws', () => {
  const POISONS = ['Throw', 'WritePoison', 'WriteUnknown', 'WriteNothing', 'WriteFraction'] as const;

  it.each(POISONS)(
    '(%s) fails alone among callers that came together, and leaves nothing',
    async (poison) => {
      const actor = toyActor(`alone-${poison}`);
      await actor.run(add(1));
      const [first, thrown, last] = await settle(
        actor,
        [add(10)],
        [add(100), bad(poison), add(1_000)],
        [addMany([10_000, 20_000])],
      );
      expect(first).toMatchObject([{ status: 'accepted', version: 2 }]);
      expect(thrown).toEqual(expect.any(String));
      expect(last).toMatchObject([{ status: 'accepted', version: 4 }]);
      expect((await actor.read())?.state).toMatchObject({ total: 30_011, events: 4 });
      await expectMemoryIsStorage(actor);
      await actor.evict();
      expect((await actor.read())?.state).toMatchObject({ total: 30_011, events: 4 });
      expect(await actor.verify()).toMatchObject({ ok: true, version: 4 });
    },
  );

  it.each(POISONS)('(%s) as the first one ever creates no table', async (poison) => {
    const actor = toyActor(`first-${poison}`);
    expect(await settle(actor, [add(1), bad(poison)])).toEqual([expect.any(String)]);
    const tables = () => actor.sql("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'");
    expect(await tables()).toEqual([]);
    expect([await actor.head(), await actor.read()]).toEqual([0, null]);
    expect(await actor.run(add(5))).toMatchObject({ status: 'accepted', version: 1 });
    expect((await actor.read())?.state.total).toBe(5);
    await expectMemoryIsStorage(actor);
  });

  it('is not remembered: its id may be used again', async () => {
    const actor = toyActor('again');
    expect(await settle(actor, [toy({ type: 'Throw', data: {} }, 'key')])).toEqual(['thrown by a decider']);
    expect(await actor.run(add(1, 'key'))).toMatchObject({ status: 'accepted' });
  });
});

describe('an append that storage refuses', () => {
  it('halfway leaves nothing, and memory is not ahead of storage', async () => {
    const actor = toyActor('full-disk');
    await actor.run(add(1));
    // As a full disk or a bug would: the third row of the log cannot be written.
    await actor.sql(
      "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.version = 3 BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    expect(await settle(actor, [addMany([10, 100, 1_000])])).toEqual([expect.stringMatching(/full/)]);
    expect(await actor.sql('SELECT count(*) AS count FROM events')).toEqual([{ count: 1 }]);
    expect((await actor.read())?.state).toMatchObject({ total: 1, events: 1 });
    await expectMemoryIsStorage(actor);
    expect(await actor.run(add(5))).toMatchObject({ version: 2 });
    await actor.sql('DROP TRIGGER full');
    expect(await actor.run(addMany([10, 100]))).toMatchObject({ version: 4 });
    expect((await actor.read())?.state).toMatchObject({ total: 116, events: 4 });
    expect(await actor.verify()).toMatchObject({ ok: true, version: 4 });
  });
});

describe('a command of several events', () => {
  it('is answered and replayed with all of them, also as the last one and after eviction', async () => {
    const actor = toyActor('several');
    const many = addMany([1, 2, 3], 'many');
    const [first, , last] = await actor.execute(many, add(1), addMany([4, 5], 'last'));
    const versionsOf = (outcome: unknown) =>
      (outcome as { events: { version: number }[] }).events.map(({ version }) => version);
    expect(versionsOf(first)).toEqual([1, 2, 3]);
    expect(versionsOf(last)).toEqual([5, 6]);
    for (const evicted of [false, true]) {
      if (evicted) await actor.evict();
      expect(await actor.run(many)).toEqual({ ...first, status: 'replayed' });
      expect(await actor.run(addMany([4, 5], 'last'))).toEqual({ ...last, status: 'replayed' });
    }
    expect(await actor.head()).toBe(6);
  });
});

describe('snapshots', () => {
  const inBatches = async (actor: Toy, sizes: readonly number[]) => {
    for (const size of sizes) await actor.executeBrief([addMany(Array.from({ length: size }, (_, i) => i))]);
  };
  const stored = (actor: Toy) =>
    actor.sql<{ version: number; state_version: number }>(
      'SELECT version, state_version FROM snapshots ORDER BY version',
    );

  it('are taken when an append crosses the interval, at the version it ends with', async () => {
    const actor = toyActor('intervals');
    await inBatches(actor, [SNAPSHOT_EVERY_EVENTS - 1]);
    expect(await stored(actor)).toEqual([]);
    await inBatches(actor, [1]);
    expect(await stored(actor)).toEqual([{ version: SNAPSHOT_EVERY_EVENTS, state_version: 1 }]);
    await inBatches(actor, [999, 7, 2_000]);
    expect((await stored(actor)).map(({ version }) => version)).toEqual([1_000, 2_006, 4_006]);
  });

  it('are what a state is made from, and never of another shape of the state', async () => {
    const actor = toyActor('shapes');
    await inBatches(actor, [SNAPSHOT_EVERY_EVENTS, 5]);
    const full = await actor.inside(({ aggregate }) => aggregate.stateFromEvents(1_005).state);
    await actor.sql("UPDATE snapshots SET state = json_set(state, '$.total', -1)");
    await actor.evict();
    // The planted total shows that the snapshot is used, from its version on and not before.
    expect((await actor.read())?.state.total).toBe(-1 + 10);
    expect((await actor.read({ version: 999 }))?.state.total).toBe(full.total - 10 - 999);
    const newShape = { ...toyDecider, stateVersion: 2 };
    const refolded = await actor.inside((_core, { storage }) => {
      const aggregate = new Aggregate<ToyState>(storage, newShape, 'shapes');
      const state = structuredClone(aggregate.current().state);
      const entry = { command: addMany(Array(SNAPSHOT_EVERY_EVENTS).fill(0)), context: CONTEXT };
      aggregate.execute([entry], Date.now());
      return { state, later: structuredClone(aggregate.stateAt(2_005)) };
    });
    expect(refolded.state).toEqual(full);
    expect(refolded.later.state).toMatchObject({ total: full.total, events: 2_005 });
    expect(await stored(actor)).toEqual([
      { version: 1_000, state_version: 1 },
      { version: 2_005, state_version: 2 },
    ]);
  });
});

describe('migrations', () => {
  const STEPS = ['CREATE TABLE a (x INTEGER)', 'CREATE TABLE b (y INTEGER); INSERT INTO b SELECT x FROM a'];
  const tryOn = (id: string, run: (storage: DurableObjectStorage) => unknown) =>
    toyActor(id).inside((_core, { storage }) => {
      try {
        return run(storage);
      } catch (error) {
        return (error as Error).message;
      }
    });

  it('bring old tables up to date, once', async () => {
    const rows = await tryOn('old-tables', (storage) => {
      migrate(storage, STEPS.slice(0, 1));
      storage.sql.exec('INSERT INTO a VALUES (7)');
      for (let wake = 0; wake < 3; wake++) migrate(storage, STEPS);
      return storage.sql.exec('SELECT y FROM b').toArray();
    });
    expect(rows).toEqual([{ y: 7 }]);
  });

  it('refuse a step that was edited after it had run', async () => {
    const message = await tryOn('edited', (storage) => {
      migrate(storage, STEPS);
      migrate(storage, ['CREATE TABLE a (x TEXT)', ...STEPS.slice(1)]);
    });
    expect(message).toMatch(/migration 0 was edited/);
  });

  it('refuse tables of a newer code', async () => {
    const message = await tryOn('newer', (storage) => {
      migrate(storage, STEPS);
      migrate(storage, STEPS.slice(0, 1));
    });
    expect(message).toMatch(/migration 1 has run here and is unknown/);
  });

  it('that fail leave nothing, not even the steps before', async () => {
    const tables = await tryOn('failing', (storage) => {
      expect(() => migrate(storage, [...STEPS, 'CREATE NONSENSE'])).toThrow();
      return storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    });
    expect(tables).toEqual([]);
  });

  it('of the log only grow: what has run somewhere is never edited', async () => {
    const digests = await toyActor('golden').inside((_core, { storage }) => {
      migrate(storage, LOG_MIGRATIONS);
      return storage.sql.exec('SELECT step, digest FROM schema_migrations').toArray();
    });
    // A failure here means that objects in the field would not wake: add a step instead.
    expect(digests.slice(0, 1)).toEqual([{ step: 0, digest: 'c6713ca63f51ac07' }]);
  });

  it('of a log that knows only the first step go through on waking', async () => {
    const actor = toyActor('first-step');
    await actor.inside((_core, { storage }) => migrate(storage, LOG_MIGRATIONS.slice(0, 1)));
    await actor.evict();
    expect(await actor.run(add(1))).toMatchObject({ version: 1 });
    const steps = await actor.sql('SELECT count(*) AS steps FROM schema_migrations');
    expect(steps).toEqual([{ steps: LOG_MIGRATIONS.length }]);
  });
});

describe('an actor that is reset in the middle of a command', () => {
  it('has whoever sent it come again, and answers then', async () => {
    const actor = toyActor('reset');
    await actor.run(add(1));
    const failed = (async () => await actor.execute(add(2, 'again')))().catch((error: unknown) => error);
    await actor.inside((_core, ctx) => ctx.abort('a release')).catch(() => undefined);
    expect(isPassing(await failed), String(await failed)).toBe(true);
    // The stub of an object that was reset answers no more.
    expect(await toyActor('reset').execute(add(2, 'again'))).toMatchObject([
      { status: 'accepted', version: 2 },
    ]);
  });
});

describe('a directory that does not answer', () => {
  it.each([
    ['in time', new Unanswered('directory 3 did not answer')],
    ['since it has too much to do', Object.assign(new Error('too much'), { overloaded: true })],
  ])(
    '%s: nothing is recorded, and whoever sent the first command hears that it may come again',
    async (name, fault) => {
      const actor = toyActor(`directory-${name.replaceAll(' ', '-')}`);
      actor.world.directoryFault = fault;
      const sent = [add(1, 'a')];
      const failed = await (async () => await actor.execute(...sent))().catch((error: unknown) => error);
      expect(isPassing(failed), String(failed)).toBe(true);
      expect([await actor.head(), await alarmOf(actor)]).toEqual([0, null]);
      actor.world.directoryFault = undefined;
      expect(await actor.execute(...sent)).toMatchObject([{ status: 'accepted', version: 1 }]);
      // Whom it knows is not asked about again, not even by an instance that has told no queue yet.
      actor.world.directoryFault = fault;
      expect(await actor.run(add(2))).toMatchObject({ status: 'accepted', version: 2 });
      await actor.evict();
      expect(await actor.run(add(3))).toMatchObject({ status: 'accepted', version: 3 });
    },
  );
});

describe('the outbox', () => {
  it('announces what was committed, after the aggregate is entered into the directory', async () => {
    const actor = toyActor('announce');
    await actor.execute(add(1), add(2));
    await drained(actor);
    expect(announced(actor)).toEqual([[1, 2]]);
    expect(actor.world.registered).toEqual(['announce']);
    await actor.run(add(3));
    await drained(actor);
    expect(announced(actor)).toEqual([
      [1, 2],
      [3, 3],
    ]);
    expect(actor.world.registered).toHaveLength(1);
  });

  it('is re-armed after a failing send, by growing delays, until the queue takes it', async () => {
    const actor = toyActor('failing-queue');
    actor.world.failures = 4;
    let before = Date.now();
    await actor.run(add(1));
    await vi.waitFor(() => expect(actor.world.failures).toBe(3), 5_000);
    for (const failures of [2, 1, 0]) {
      // Sooner than the ten seconds after which the alarm would look anyway.
      expect(((await alarmOf(actor)) as number) - before).toBeLessThan(10_000);
      before = Date.now();
      expect(await runDurableObjectAlarm(actor.stub)).toBe(true);
      expect(actor.world.failures).toBe(failures);
      expect(announced(actor)).toEqual([]);
    }
    expect(await runDurableObjectAlarm(actor.stub)).toBe(true);
    expect(announced(actor)).toEqual([[1, 1]]);
    expect(await actor.sql('SELECT published FROM outbox')).toEqual([{ published: 1 }]);
    expect(await alarmOf(actor)).toBeNull();
  });

  it('goes on after eviction, with nothing left out', async () => {
    const actor = toyActor('evicted-outbox');
    actor.world.failures = 1;
    await actor.execute(add(1), add(2));
    await vi.waitFor(() => expect(actor.world.failures).toBe(0), 5_000);
    await actor.evict();
    expect(announced(actor)).toEqual([]);
    // Any call wakes it: the constructor sees that the log is ahead of what was announced.
    await actor.head();
    await drained(actor);
    expect(announced(actor)).toEqual([[1, 2]]);
  });

  it('forgets its unsaved position with the instance, and announces again rather than never', async () => {
    const actor = toyActor('at-least-once');
    await actor.run(add(1));
    await drained(actor);
    await actor.evict();
    await actor.head();
    const twice = [
      [1, 1],
      [1, 1],
    ];
    await vi.waitFor(() => expect(announced(actor)).toEqual(twice), 5_000);
    await runDurableObjectAlarm(actor.stub);
    await actor.evict();
    await actor.run(add(2));
    await drained(actor);
    expect(announced(actor).slice(2)).toEqual([[2, 2]]);
  });

  it('saves its position by the alarm, and with no command', async () => {
    const actor = toyActor('position');
    await actor.run(add(1));
    await drained(actor);
    await actor.run(add(2));
    await drained(actor);
    expect(await actor.sql('SELECT published FROM outbox')).toEqual([]);
    await runDurableObjectAlarm(actor.stub);
    expect(await actor.sql('SELECT published FROM outbox')).toEqual([{ published: 2 }]);
  });

  it('announces an event that is too large for a message without its data', async () => {
    const actor = toyActor('oversize');
    await actor.execute(add(1), toy({ type: 'Note', data: { text: 'x'.repeat(200_000) } }), add(2));
    await drained(actor);
    const messages = actor.world.sent.map(parseEventsMessage);
    expect(
      messages.map(({ fromVersion, toVersion, events }) => [fromVersion, toVersion, events.length]),
    ).toEqual([
      [1, 1, 1],
      [2, 2, 0],
      [3, 3, 1],
    ]);
    expect(actor.world.sent.every((text) => text.length < 128_000)).toBe(true);
    const [, large] = await actor.events();
    expect(String(large?.data.text)).toHaveLength(200_000);
  });

  it('costs one alarm for many commits', async () => {
    const actor = toyActor('one-alarm');
    await actor.run(add(1));
    const armed = await alarmOf(actor);
    for (let index = 0; index < 5; index++) await actor.run(add(1));
    expect(await alarmOf(actor)).toBe(armed);
    // Two rows a command, the alarm once; the position is saved as often as something was announced meanwhile.
    expect(await actor.rowsWritten()).toBeLessThanOrEqual(6 * 2 + 1 + 5);
  });
});

describe('timers', () => {
  /** Far enough for the runtime not to ring by itself: tests move the clock and ring. */
  const soon = () => Date.now() + 60_000;
  /** Sends the alarm as the runtime would, at a time of the tests' own. */
  const ring = (actor: Toy, now?: number) => {
    if (now !== undefined) vi.useFakeTimers({ toFake: ['Date'], now });
    return runDurableObjectAlarm(actor.stub);
  };
  const types = async (actor: Toy) => (await actor.events()).map(({ eventType }) => eventType);

  it('set the alarm to the earliest of them', async () => {
    const actor = toyActor('earliest');
    const [first, second, third] = [soon() + 5_000, soon(), soon() + 9_000];
    await actor.run(start('a', first));
    await drained(actor);
    await actor.execute(start('b', second), start('c', third));
    await drained(actor);
    await ring(actor);
    expect(await types(actor)).toEqual(['Started', 'Started', 'Started']);
    expect(await alarmOf(actor)).toBe(second);
  });

  it('fire once when their time has come, as commands of their own, the earliest first', async () => {
    const actor = toyActor('fires');
    const dueAt = soon();
    await actor.execute(start('b', dueAt + 5), start('a', dueAt), start('c', dueAt + 9_000));
    expect(await ring(actor, dueAt - 1)).toBe(true);
    expect((await actor.read())?.state.fired).toEqual([]);
    expect(await ring(actor, dueAt + 5)).toBe(true);
    expect((await actor.read())?.state).toMatchObject({ fired: ['a', 'b'], timers: { c: dueAt + 9_000 } });
    expect((await actor.events(4))[0]).toMatchObject({
      eventType: 'Rang',
      metadata: { commandId: `timer a ${dueAt}`, userId: 'timer', causationId: null },
    });
    await ring(actor);
    expect((await actor.read())?.state.fired).toEqual(['a', 'b']);
  });

  it('fire by themselves', async () => {
    vi.useRealTimers();
    const actor = toyActor('by-itself');
    await actor.run(start('a', Date.now() + 100));
    await vi.waitFor(async () => expect((await actor.read())?.state.fired).toEqual(['a']), {
      timeout: 5_000,
    });
  });

  it('survive eviction', async () => {
    const actor = toyActor('survives');
    const dueAt = soon();
    await actor.run(start('a', dueAt));
    await drained(actor);
    await ring(actor);
    await actor.evict();
    expect(await alarmOf(actor)).toBe(dueAt);
    vi.useFakeTimers({ toFake: ['Date'], now: dueAt + 1 });
    expect(await ring(actor)).toBe(true);
    expect((await actor.read())?.state.fired).toEqual(['a']);
  });

  it('are armed again by waking, though their alarm was lost', async () => {
    const actor = toyActor('lost-alarm');
    const dueAt = soon();
    await actor.run(start('a', dueAt));
    await drained(actor);
    await ring(actor);
    await actor.inside((_core, { storage }) => storage.deleteAlarm());
    await actor.evict();
    await actor.head();
    expect(await alarmOf(actor)).toBe(dueAt);
  });

  it('that fire a second time are recognised', async () => {
    const actor = toyActor('refired');
    const dueAt = soon();
    await actor.run(start('a', dueAt));
    await ring(actor, dueAt);
    const firing = toy({ type: 'Ring', data: { timer: 'a' } }, `timer a ${dueAt}`);
    expect(await actor.run(firing)).toMatchObject({ status: 'replayed' });
    await actor.evict();
    expect(await actor.run(firing)).toMatchObject({ status: 'replayed' });
    expect((await actor.read())?.state.fired).toEqual(['a']);
  });

  it('of one name may be started again for another time', async () => {
    const actor = toyActor('restarted');
    const dueAt = soon();
    await actor.run(start('a', dueAt));
    await ring(actor, dueAt);
    await actor.run(start('a', dueAt + 1));
    await ring(actor, dueAt + 1);
    expect((await actor.read())?.state.fired).toEqual(['a', 'a']);
  });

  it.each([STUCK, BROKEN])(
    'that are %s do not spin, and hold back neither others nor the outbox',
    async (name) => {
      const actor = toyActor(`timer-${name}`);
      const lines = vi.spyOn(console, 'log').mockReturnValue();
      const dueAt = soon();
      actor.world.failures = 1;
      await actor.execute(start(name, dueAt), start('fine', dueAt + 5), start('later', dueAt + 3_000));
      await vi.waitFor(() => expect(actor.world.failures).toBe(0), 5_000);
      await ring(actor, dueAt + 10);
      expect((await actor.read())?.state.fired).toEqual(['fine']);
      expect(announced(actor).at(-1)?.[1]).toBe(4);
      expect(lines.mock.calls.join()).toMatch(new RegExp(`timer still runs.*"timer":"${name}"`));
      // The broken one is tried again in ten seconds; another one comes at its own time.
      await ring(actor);
      expect(await alarmOf(actor)).toBe(dueAt + 3_000);
      await ring(actor, dueAt + 3_000);
      expect((await actor.read())?.state.fired).toEqual(['fine', 'later']);
      await ring(actor);
      expect(await alarmOf(actor)).toBe(dueAt + 10 + 10_000);
      const tries = lines.mock.calls.length;
      await ring(actor, dueAt + 10 + 9_999);
      expect(lines.mock.calls).toHaveLength(tries);
      await ring(actor, dueAt + 10 + 10_000);
      expect(lines.mock.calls.length).toBeGreaterThan(tries);
      expect(await types(actor)).toEqual(['Started', 'Started', 'Started', 'Rang', 'Rang']);
      lines.mockRestore();
    },
  );
});

describe('the alarm', () => {
  it('never throws, whatever happens in it', async () => {
    const actor = toyActor('broken-log');
    await actor.run(add(1));
    await actor.sql('DROP TABLE outbox');
    const lines = vi.spyOn(console, 'log').mockReturnValue();
    await actor.inside(async (core: ActorCore<ToyState>) => {
      await expect(core.alarm()).resolves.toBeUndefined();
    });
    expect(lines.mock.calls.join()).toMatch(/alarm failed/);
    lines.mockRestore();
  });
});
