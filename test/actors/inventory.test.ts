/** A product's stock as an object: reservations that run out, repeats, callers that come together, and what survives. */
import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InventoryState } from '../../actors/inventory/decider.ts';
import type { InventoryCommand } from '../../schemas/inventory.ts';
import { type Actor, aggregateActor, command } from '../support/actors.ts';
import { adjust, commit, receive, release, reserve } from '../support/inventory.ts';

type Inventory = Actor<InventoryState>;

const HOUR_MS = 3_600_000;

const inventory = (id: string): Inventory => aggregateActor('inventory', id);
const stocked = async (id: string, quantity: string): Promise<Inventory> => {
  const actor = inventory(id);
  await actor.run(command(receive(quantity)));
  return actor;
};
const send = (actor: Inventory, sent: InventoryCommand, commandId?: string) =>
  actor.run(command(sent, commandId));
const level = async (actor: Inventory) => {
  const { onHand, reserved } = ((await actor.read()) as { state: InventoryState }).state;
  return `${onHand} - ${reserved}`;
};
const types = async (actor: Inventory) => (await actor.events()).map(({ eventType }) => eventType);
/** An hour ahead: the runtime's own clock rings no alarm meanwhile. */
const later = () => new Date(Date.now() + HOUR_MS).toISOString();
/** Rings the alarm at a time of the test's own, if it is set. */
const ring = (actor: Inventory, at: string) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(at) });
  return runDurableObjectAlarm(actor.stub);
};

afterEach(() => void vi.useRealTimers());

describe('a reservation that expires', () => {
  it('does so by itself, and its units are free again', async () => {
    const actor = await stocked('by-itself', '10');
    await send(actor, reserve('r', '10', new Date(Date.now() + 200).toISOString()));
    await vi.waitFor(async () => expect(await level(actor)).toBe('10 - 0'), { timeout: 5_000 });
    const [, , expired] = await actor.events();
    expect(expired).toMatchObject({
      eventType: 'ReservationExpired',
      data: { reservationId: 'r', quantity: '10', available: '10' },
      metadata: { userId: 'timer', causationId: null },
    });
    expect(await send(actor, release('r'))).toMatchObject({ code: 'reservation_expired' });
  });

  it('does so although the object was evicted meanwhile', async () => {
    const actor = await stocked('evicted', '10');
    const at = later();
    await send(actor, reserve('r', '10', at));
    await actor.evict();
    expect(await ring(actor, at)).toBe(true);
    expect(await level(actor)).toBe('10 - 0');
  });

  it('does so although its alarm was lost: waking sets it again', async () => {
    const actor = await stocked('lost-alarm', '10');
    const at = later();
    await send(actor, reserve('r', '10', at));
    await actor.inside((_core, { storage }) => storage.deleteAlarm());
    await actor.evict();
    await actor.head();
    expect(await ring(actor, at)).toBe(true);
    expect(await level(actor)).toBe('10 - 0');
  });

  it('does so once, however often the alarm rings', async () => {
    const actor = await stocked('rings', '10');
    const at = later();
    await send(actor, reserve('r', '4', at));
    for (let time = 0; time < 3; time++) {
      await ring(actor, at);
      await actor.evict();
    }
    expect(await types(actor)).toEqual(['StockReceived', 'StockReserved', 'ReservationExpired']);
  });

  it('has one end, whichever comes first, and goods that leave after it leave once', async () => {
    const at = later();
    const left = await stocked('left-first', '10');
    await send(left, reserve('r', '4', at));
    await send(left, commit('r'));
    await ring(left, at);
    expect(await types(left)).toEqual(['StockReceived', 'StockReserved', 'ReservationCommitted']);
    vi.useRealTimers();

    const ran = await stocked('ran-out-first', '10');
    await send(ran, reserve('r', '4', at));
    await ring(ran, at);
    expect(await level(ran)).toBe('10 - 0');
    await ran.evict();
    for (const expected of [{ status: 'accepted' }, { code: 'reservation_ended' }])
      expect(await send(ran, commit('r'))).toMatchObject(expected);
    expect(await level(ran)).toBe('6 - 0');
  });

  it('expires with five hundred others at one ring', async () => {
    const actor = await stocked('many', '1000');
    const at = later();
    const many = Array.from({ length: 500 }, (_, index) => command(reserve(`r-${index}`, '2', at)));
    const verdicts = await actor.executeBrief(many);
    expect(verdicts.filter(({ status }) => status === 'accepted')).toHaveLength(500);
    expect(await level(actor)).toBe('1000 - 1000');
    await ring(actor, at);
    expect(await level(actor)).toBe('1000 - 0');
    expect(await actor.verify()).toMatchObject({ ok: true, version: 1_001 });
  });
});

describe('a repeat', () => {
  it('of a reservation is recognised by its command and by its own id, also after eviction', async () => {
    const actor = await stocked('repeat', '10');
    const first = await send(actor, reserve('r', '4'), 'c-1');
    await actor.evict();
    expect(await send(actor, reserve('r', '4'), 'c-1')).toEqual({ ...first, status: 'replayed' });
    expect(await send(actor, reserve('r', '4'), 'c-2')).toMatchObject({ status: 'replayed', version: 2 });
    expect(await send(actor, reserve('r', '5'), 'c-3')).toMatchObject({ code: 'command_id_reused' });
    expect(await level(actor)).toBe('10 - 4');
  });

  it('of a reservation that has ended does not make it again', async () => {
    const actor = await stocked('ended', '10');
    await send(actor, reserve('r', '4'));
    await send(actor, release('r'));
    await actor.evict();
    expect(await send(actor, reserve('r', '4'))).toMatchObject({ status: 'replayed', version: 2 });
    expect(await level(actor)).toBe('10 - 0');
  });

  it('of goods leaving takes them once', async () => {
    const actor = await stocked('leaving', '10');
    await send(actor, reserve('r', '4'));
    await send(actor, commit('r', '1'), 'c-1');
    await actor.evict();
    expect(await send(actor, commit('r', '1'), 'c-1')).toMatchObject({ status: 'replayed' });
    expect(await level(actor)).toBe('9 - 3');
  });
});

describe('callers that come together', () => {
  it('get what there is, and no unit twice', async () => {
    const actor = await stocked('rush', '30');
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => send(actor, reserve(`r-${index}`, '1', later()))),
    );
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(30);
    const refused = outcomes.filter(({ status }) => status === 'refused');
    expect(refused).toHaveLength(20);
    for (const outcome of refused) expect(outcome).toMatchObject({ code: 'insufficient_stock' });
    expect(await level(actor)).toBe('30 - 30');
  });

  it('do not undercut what is promised when the count is corrected meanwhile', async () => {
    const actor = await stocked('count', '30');
    const outcomes = await Promise.all([
      send(actor, reserve('r-1', '20')),
      send(actor, adjust('-15')),
      send(actor, reserve('r-2', '15')),
    ]);
    expect(outcomes.map((outcome) => ('code' in outcome ? outcome.code : outcome.status))).toEqual([
      'accepted',
      'insufficient_stock',
      'insufficient_stock',
    ]);
  });
});

describe('a stock with thousands of events', () => {
  it('wakes from a snapshot as it was, ended reservations included', async () => {
    const actor = await stocked('long', '1000000');
    for (let page = 0; page < 3; page++) {
      const commands = Array.from({ length: 400 }, (_, index) => {
        const id = `r-${page}-${index}`;
        return [command(reserve(id, '3', later())), command(index % 2 === 0 ? commit(id, '2') : release(id))];
      });
      await actor.executeBrief(commands.flat());
    }
    await actor.inside(({ aggregate }) => {
      const { version } = aggregate.log.head();
      expect(version).toBe(2_401);
      expect(aggregate.stateAt(version).state).toEqual(aggregate.stateFromEvents(version).state);
    });
    await actor.evict();
    expect(await level(actor)).toBe(`${1_000_000 - 600 * 2} - 600`);
    expect(await send(actor, commit('r-2-399'))).toMatchObject({ code: 'reservation_ended' });
    expect(await send(actor, commit('r-0-0'))).toMatchObject({ status: 'accepted' });
  });
});
