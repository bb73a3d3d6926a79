/**
 * An aggregate was entered in the directory when its first event was announced, a moment after it was acknowledged. A crash
 * in between, and an alarm that used up its tries, left an account that no sweep could find: its views never showed it.
 */
import { expect, it } from 'vitest';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };
const add = (commandId: string) => ({ commandId, type: 'Add', data: { amount: 1 } });

it('nobody is told of an aggregate before the directory knows it', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  let registered = 0;
  world.onRegister = () => {
    throw new Error('no directory');
  };
  await expect(core.execute([add('a')], context)).rejects.toThrow('no directory');
  world.onRegister = () => void registered++;
  expect(await core.execute([add('a')], context)).toMatchObject([{ status: 'replayed', version: 1 }]);
  expect(registered).toBe(1);
  await core.execute([add('b')], context);
  await core.alarm();
  expect(registered, 'once is enough').toBe(1);
});

it('a refused command enters nothing', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  let registered = 0;
  world.onRegister = () => void registered++;
  expect(await core.execute([{ commandId: 'r', type: 'Refuse', data: {} }], context)).toMatchObject([
    { status: 'refused' },
  ]);
  expect(registered).toBe(0);
});
