/**
 * An instance that stayed alive believed in the alarm it had set, though the platform had given it up after six failures:
 * neither a later command nor the sweeper's question set it again, and timers waited for an eviction.
 */
import { expect, it } from 'vitest';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };
const start = { commandId: 's', type: 'Start', data: { timer: 'ring', dueAt: 60_000 } };
/** Longer than six retries of an alarm take. */
const GIVEN_UP_MS = 600_000;

it('the sweeper’s question sets an overdue alarm again', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  await core.execute([start], context);
  await core.alarm();
  expect(world.alarmAt).toBe(60_000);

  world.alarmAt = undefined;
  world.now = 61_000;
  expect(core.head()).toBe(1);
  expect(world.alarmAt, 'one that may still be retried is left alone').toBeUndefined();
  world.now = GIVEN_UP_MS;
  expect(core.head()).toBe(1);
  expect(world.alarmAt).toBe(60_000);
  await core.alarm();
  expect(core.read()?.state.fired).toEqual(['ring']);
});

it('so does a command', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  await core.execute([start], context);
  await core.alarm();
  world.alarmAt = undefined;
  world.now = GIVEN_UP_MS;
  await core.execute([{ commandId: 'a', type: 'Add', data: { amount: 1 } }], context);
  expect(world.alarmAt).toBe(60_000);
});
