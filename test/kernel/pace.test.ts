/** How soon an actor tells its consumer groups, and how often it sets its alarm for that. */
import { setImmediate as macrotask } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { drainSafetyAt } from '../../actors/kernel/alarmClock.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };

/** Some time after an actor that begins with 0 last told anybody. */
const NOW = 1_000_000;

/** The one of a local core. */
const AGGREGATE_ID = 'local';

interface Later {
  readonly milliseconds: number;
  run(): void;
}

/** A core whose delays are in the test's hands. */
function paced(isUrgent: boolean) {
  const { world } = localCore<ToyState>(toyDecider);
  const later: Later[] = [];
  world.now = NOW;
  world.isUrgent = isUrgent;
  world.after = (run, milliseconds) => void later.push({ run, milliseconds });
  const { core } = localCore<ToyState>(toyDecider, world);
  const versions = () => world.sent.map((text) => parseEventsMessage(text).toVersion);
  let commands = 0;
  const add = () =>
    core.execute([{ commandId: `add-${commands++}`, type: 'Add', data: { amount: 1 } }], context);
  /** Lets the next thing be done that waits; answers how long it waited. */
  const next = async () => {
    const { run, milliseconds } = later.shift() as Later;
    world.now += milliseconds;
    run();
    await macrotask();
    return milliseconds;
  };
  return { core, world, later, versions, add, next };
}

it('tells a group soon after a commit, and about once a second while commits keep coming', async () => {
  const { later, versions, add, next } = paced(false);
  await add();
  expect(await next()).toBe(10);
  await add();
  await add();
  expect([versions(), later.length]).toEqual([[1], 1]);
  const pause = await next();
  expect(pause).toBeGreaterThan(750);
  expect(pause).toBeLessThanOrEqual(1_000);
  expect([versions(), later.length]).toEqual([[1, 3], 0]);
});

it('tells an urgent group of each commit, however soon after the last one', async () => {
  const { world, versions, add, next } = paced(true);
  await add();
  expect(await next()).toBe(10);
  world.now += 1;
  await add();
  expect(await next()).toBe(10);
  expect(versions()).toEqual([1, 2]);
});

it('leaves an urgent group whose queue fails to the alarm, and does not spin', async () => {
  const { core, world, later, versions, add, next } = paced(true);
  world.onSend = () => {
    throw new Error('full');
  };
  await add();
  await next();
  expect([later.length, versions()]).toEqual([0, []]);
  await add();
  expect(later).toEqual([]);
  world.onSend = () => undefined;
  world.now = world.alarmAt as number;
  await core.alarm();
  expect(versions()).toEqual([2]);
});

it('sets the alarm once a turn, for whatever comes first', async () => {
  const { core, world } = paced(false);
  const start = { commandId: 's', type: 'Start', data: { timer: 'ring', dueAt: 86_400_000 } };
  await core.execute([start], context);
  const safetyAt = drainSafetyAt(AGGREGATE_ID, NOW);
  expect(world.alarms).toEqual([safetyAt]);
  world.now = safetyAt;
  await core.alarm();
  expect(world.alarms).toEqual([safetyAt, 86_400_000]);
});

it('looks after five seconds at the earliest and ten at the latest, and others at other times', () => {
  const delays = Array.from({ length: 1_000 }, (_, place) => drainSafetyAt(`account-${place}`, NOW) - NOW);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(5_000);
  expect(Math.max(...delays)).toBeLessThan(10_000);
  const together = Map.groupBy(delays, (delay) => Math.floor(delay / 500));
  for (const alarms of together.values()) expect(alarms.length).toBeLessThan(200);
  expect(together.size).toBe(10);
});
