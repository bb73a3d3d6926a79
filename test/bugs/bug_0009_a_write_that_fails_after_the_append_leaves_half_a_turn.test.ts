/**
 * The alarm is set after the events of the turn were appended. Where that write failed (a database that is full), the caller
 * was told of a failure while the events were committed, and neither an alarm nor a drain was there to announce them.
 */
import { expect, it } from 'vitest';
import { localCore } from '../support/localCore.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };
const add = (commandId: string) => ({ commandId, type: 'Add', data: { amount: 1 } });

it('a turn that throws is undone as a whole, in storage and in memory', async () => {
  let full = false;
  const alarms: number[] = [];
  alarms.push = () => {
    if (full) throw new Error('SQLITE_FULL');
    return 0;
  };
  const world = {
    now: 0,
    alarmAt: undefined,
    alarms,
    sent: [],
    onSend: () => undefined,
    lines: [],
    storage: sqliteStorage(),
  };
  const { core } = localCore<ToyState>(toyDecider, world);
  await core.execute([add('a')], context);
  await core.alarm();
  full = true;
  expect(world.sent).toHaveLength(1);

  await expect(core.execute([add('b')], context)).rejects.toThrow('SQLITE_FULL');
  expect(core.head()).toBe(1);
  expect(core.aggregate.log.readStored(1, 10)).toHaveLength(1);
  full = false;
  expect(await core.execute([add('b')], context)).toMatchObject([{ status: 'accepted', version: 2 }]);
  expect(core.read()?.state.total).toBe(2);
  expect(core.verify()).toMatchObject({ ok: true, version: 2 });
  await core.alarm();
  expect(world.sent).toHaveLength(2);
});

it('not even tables are left of a first turn that throws', async () => {
  const { core, world } = localCore<ToyState>({
    ...toyDecider,
    evolve: () => {
      throw new Error('no fold');
    },
  });
  await expect(core.execute([add('a')], context)).rejects.toThrow('no fold');
  expect(core.head()).toBe(0);
  expect(world.storage.sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([]);
});
