/** A product that many want: what a command costs must not grow with the reservations that are open. */
import { describe, expect, it } from 'vitest';
import { type InventoryState, inventoryDecider } from '../../actors/inventory/decider.ts';
import type { InventoryCommand } from '../../schemas/inventory.ts';
import { timeText } from '../../schemas/time.ts';
import { commit, receive, release, reserve } from '../support/inventory.ts';
import { localCore, localWorld } from '../support/localCore.ts';

const CONTEXT = { userId: 'u', correlationId: 'r', causationId: null };
const FIRST_MS = 3_600_000;
/** So many that no snapshot falls due, which takes all there is. */
const MANY = 900;

interface Looks {
  reservations: number;
  timers: number;
}

/** A record that counts how often anything of it is looked at. */
function counted<Value>(record: Record<string, Value>, looks: Looks): Record<string, Value> {
  const look = <Result>(result: Result): Result => {
    looks.reservations++;
    return result;
  };
  return new Proxy(record, {
    get: (target, key) => look(Reflect.get(target, key)),
    has: (target, key) => look(Reflect.has(target, key)),
    getOwnPropertyDescriptor: (target, key) => look(Reflect.getOwnPropertyDescriptor(target, key)),
  });
}

/** When the reservation of a number expires: each at a time of its own, in no order. */
const until = (index: number) => timeText(FIRST_MS + ((index * 7_919) % 1_000_003));

/** A product of which so many are reserved, in an object whose looks at them are counted. */
async function wanted(count: number, world = localWorld()) {
  const looks: Looks = { reservations: 0, timers: 0 };
  const { core } = localCore<InventoryState>(
    {
      ...inventoryDecider,
      *timers(state) {
        for (const timer of inventoryDecider.timers?.(state) ?? []) {
          looks.timers++;
          yield timer;
        }
      },
    },
    world,
  );
  let sent = 0;
  const send = (commands: readonly InventoryCommand[]) =>
    core.execute(
      commands.map((command) => ({ ...command, commandId: `command-${sent++}` })),
      CONTEXT,
    );
  if (count > 0) {
    await send([receive('1000000')]);
    await send(Array.from({ length: count }, (_, index) => reserve(`r-${index}`, '2', until(index))));
  }
  const { state } = core.aggregate.current();
  state.live = counted(state.live, looks);
  return { core, world, send, looks };
}

describe('a product of which many are reserved', () => {
  it('is looked at as often for a command as one of which few are', async () => {
    const seen: unknown[] = [];
    for (const count of [10, MANY]) {
      const { send, looks } = await wanted(count);
      await send([receive('1')]);
      const costs: unknown[] = [];
      for (const command of [
        reserve('x', '3', until(5)),
        reserve('y', '1'),
        commit('x', '1'),
        commit('x'),
        release('y'),
        release('r-3'),
        receive('5'),
        commit('r-7'),
        commit('unknown'),
      ]) {
        Object.assign(looks, { reservations: 0, timers: 0 });
        const [outcome] = await send([command]);
        costs.push([command.type, outcome?.status, { ...looks }]);
      }
      seen.push(costs);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toContainEqual(['ReserveStock', 'accepted', { reservations: 2, timers: 2 }]);
  });

  it('lets them expire one by one in their order, each ring looking no further than the next', async () => {
    const { core, world, looks } = await wanted(MANY);
    const moments = Array.from({ length: MANY }, (_, index) => Date.parse(until(index))).sort(
      (a, b) => a - b,
    );
    world.now = moments[0] as number;
    await core.alarm();
    for (const [index, moment] of moments.slice(1, 40).entries()) {
      Object.assign(looks, { reservations: 0, timers: 0 });
      world.now = moment;
      await core.alarm();
      expect(core.read()?.state.liveCount).toBe(MANY - index - 2);
      expect(looks.timers).toBeLessThan(12);
      expect(looks.reservations).toBeLessThan(12);
    }
    // Whoever wakes later knows as much from the log, and sets the alarm for the same one.
    world.alarmAt = undefined;
    await wanted(0, world);
    expect(world.alarmAt).toBe(moments[40]);
    world.now = moments.at(-1) as number;
    await core.alarm();
    expect(core.read()?.state).toMatchObject({ liveCount: 0, live: {}, reserved: '0' });
    const { version, state } = core.aggregate.current();
    expect(core.aggregate.stateFromEvents(version).state).toEqual(state);
  });
});
