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
  expect(core.head(), 'nor is anything recorded').toBe(0);
  world.onRegister = () => void registered++;
  expect(await core.execute([add('a')], context)).toMatchObject([{ status: 'accepted', version: 1 }]);
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

it('whoever lists what there was at a time finds it, however long the directory takes', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  const directory = Promise.withResolvers<void>();
  let headWhenEntered = -1;
  world.onRegister = async () => {
    await directory.promise;
    headWhenEntered = core.head();
  };
  world.now = 1_000;
  const first = core.execute([add('a')], context);
  // What comes meanwhile keeps its place behind it, also what would be refused without it.
  const second = core.execute([{ commandId: 'b', type: 'Add', data: { amount: 2 } }], context);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(core.head(), 'not before the directory has it').toBe(0);
  world.now = 9_000;
  directory.resolve();
  expect(await Promise.all([first, second])).toMatchObject([[{ version: 1 }], [{ version: 2 }]]);
  expect(headWhenEntered).toBe(0);
  expect(core.read({ version: 1 })?.recordedAt, 'after its entry').toBe(9_000);
});
