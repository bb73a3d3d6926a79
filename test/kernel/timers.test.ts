/** The timers of an aggregate: named in order, and read as far as is needed. */
import { expect, it } from 'vitest';
import type { Timer } from '../../actors/kernel/decider.ts';
import { TIMER_RETRY_MS } from '../../actors/kernel/timers.ts';
import { type LocalWorld, localCore, localWorld } from '../support/localCore.ts';
import { BROKEN, STUCK, type ToyCommand, type ToyState, toyDecider } from '../support/toyDecider.ts';

const CONTEXT = { userId: 'u', correlationId: 'r', causationId: null };

type NameTimers = (state: Readonly<ToyState>) => Iterable<Timer<ToyCommand>>;

/** A toy in which timers of these names and moments have been started, one command after the other. */
async function toyWith(
  started: Record<string, number>,
  world: LocalWorld = localWorld(),
  timers: NameTimers = toyDecider.timers as NameTimers,
) {
  const { core } = localCore<ToyState>({ ...toyDecider, timers }, world);
  const commands = Object.entries(started).map(([timer, dueAt]) => ({
    commandId: `start-${timer}`,
    type: 'Start',
    data: { timer, dueAt },
  }));
  await core.execute(commands, CONTEXT);
  return { core, world };
}

it('are read as far as the next one', async () => {
  let read = 0;
  const { core, world } = await toyWith({ c: 30_000, a: 1_000, b: 2_000 }, localWorld(), function* (state) {
    for (const timer of toyDecider.timers?.(state) ?? []) {
      read++;
      yield timer;
    }
  });
  expect([read, world.alarmAt]).toEqual([2, 1_000]);
  world.now = 1_000;
  read = 0;
  await core.alarm();
  expect(core.read()?.state.fired).toEqual(['a']);
  expect(read, 'two for what is due, one for what is left of it, two each for the turn and the alarm').toBe(
    7,
  );
});

it('that are tried again later do not hide the ones behind them', async () => {
  const started = { [STUCK]: 1_000, [BROKEN]: 1_000, next: 4_000, last: TIMER_RETRY_MS + 4_000 };
  const { core, world } = await toyWith(started);
  world.now = 1_000;
  await core.alarm();
  expect(world.alarms.at(-1)).toBe(4_000);
  world.now = 4_000;
  await core.alarm();
  expect(core.read()?.state.fired).toEqual(['next']);
  expect(world.alarms.at(-1)).toBe(1_000 + TIMER_RETRY_MS);
});

it('out of order are a bug that is told, looked at again, and keeps no command from being answered', async () => {
  const { core, world } = await toyWith({ a: 3_000, b: 2_000 }, localWorld(), function* (state) {
    yield* [...(toyDecider.timers?.(state) ?? [])].reverse();
  });
  expect(world.lines.join()).toContain('timers are unknown');
  world.now = 3_000;
  await core.alarm();
  expect(core.aggregate.log.head().version).toBe(2);
  expect(world.lines.join()).toContain('toy names a later timer before b');
  expect(world.alarms.at(-1)).toBe(3_000 + TIMER_RETRY_MS);
});
