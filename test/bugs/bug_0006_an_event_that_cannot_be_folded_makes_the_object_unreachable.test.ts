/**
 * An aggregate with timers folds its state to wake. An event of newer code, after a deploy was taken back, made the
 * constructor throw: not even the log could be read, so that views waited too, and the alarm threw until it was dropped.
 */
import { expect, it } from 'vitest';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };
const add = (commandId: string) => ({ commandId, type: 'Add', data: { amount: 1 } });

it('commands are refused loudly, the log is read, announced and audited, and newer code goes on', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  await core.execute([add('a')], context);
  const [first] = core.aggregate.log.readStored(1, 1);
  const event = { ...first, version: 2, eventType: 'OfNewerCode', schemaVersion: 1, recordedAt: 0 };
  const texts = { data: '{"amount":5}', metadata: first?.metadata ?? '' };
  const source = { aggregateType: 'toy', aggregateId: 'local' };
  const hash = eventHash(first?.hash ?? '', { ...source, ...event, ...texts });
  world.storage.sql.exec(
    "INSERT INTO events VALUES (2, 'OfNewerCode', 1, 0, 'b', 0, ?, ?, ?)",
    texts.data,
    texts.metadata,
    hash,
  );

  const { core: woken } = localCore<ToyState>(toyDecider, world);
  expect(woken.head()).toBe(2);
  expect(JSON.parse(woken.events(1, 10))).toHaveLength(2);
  expect(woken.verify()).toMatchObject({ ok: true, version: 2 });
  await expect(woken.execute([add('c')], context)).rejects.toThrow(/cannot fold OfNewerCode/);
  world.now = 50_000;
  await woken.alarm();
  expect(world.sent).toHaveLength(1);
  expect(world.alarmAt).toBe(60_000);
  expect(world.lines.join()).toMatch(/cannot fold OfNewerCode/);

  const newer = {
    ...toyDecider,
    evolve: (state: ToyState, stored: { type: string; data: { amount: number } }) =>
      toyDecider.evolve(state, { ...stored, type: 'Added' }),
  };
  const { core: later } = localCore<ToyState>(newer as typeof toyDecider, world);
  expect(await later.execute([add('c')], context)).toMatchObject([{ status: 'accepted', version: 3 }]);
  expect(later.read()?.state.total).toBe(7);
});

it('a command whose state has no timers to tell is stored and answered all the same', async () => {
  const timeless = {
    ...toyDecider,
    timers(): never {
      throw new Error('no timers');
    },
  };
  const { core, world } = localCore<ToyState>(timeless);
  expect(await core.execute([add('a')], context)).toMatchObject([{ status: 'accepted', version: 1 }]);
  expect(world.lines.join()).toMatch(/no timers/);
});
