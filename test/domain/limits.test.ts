/** Limits without a runtime: what isolates give out together, what is taken on at a time, who is not listened to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TakeLease } from '../../actors/ambient/rateLimiters.ts';
import { QuotaWindow } from '../../actors/ambient/window.ts';
import { ACCESS } from '../../workers/access/table.ts';
import type { Env } from '../../workers/env.ts';
import { Admission, IN_FLIGHT_MAX, STAY_MS_MAX, type Stay } from '../../workers/limits/admission.ts';
import { Allowances, KEYS_MAX } from '../../workers/limits/allowances.ts';
import { REFUSALS_MAX, REFUSALS_WINDOW_MS, RefusedAddresses } from '../../workers/limits/failures.ts';
import { networkOf } from '../../workers/limits/networks.ts';
import {
  ACCOUNT_COMMANDS_MAX,
  CLIENT_REQUESTS_MAX,
  type Quota,
  quotas,
  STOPPING_COMMANDS,
  WINDOW_SECONDS,
} from '../../workers/limits/quotas.ts';
import { holds, holdsEventually } from '../support/property.ts';

const WINDOW_MS = WINDOW_SECONDS * 1_000;
const QUOTA: Quota = { policy: 'client', units: 1_000 };

/** Units of the largest demand in random tests. */
const LARGEST = 40;

/** Limiters in memory, as the actors have them. */
function limiters(): TakeLease & { asked: number } {
  const windows = new Map<string, QuotaWindow>();
  const take: TakeLease & { asked: number } = async (key, ...args) => {
    take.asked++;
    const window = windows.get(key) ?? new QuotaWindow();
    windows.set(key, window);
    return window.lease(...args);
  };
  take.asked = 0;
  return take;
}

function isolate(takeLease: TakeLease, clock: { now: number }, failures: unknown[] = []): Allowances {
  return new Allowances({ now: () => clock.now, takeLease, onFailure: (error) => failures.push(error) });
}

/** Lets every loan that is under way come back. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a window', () => {
  it('lends what is left, and begins anew with the next', () => {
    const window = new QuotaWindow();
    expect(window.lease(60, 0, 100, 7)).toEqual({ granted: 60, left: 40 });
    expect(window.lease(30, 20, 100, 7)).toEqual({ granted: 20, left: 0 });
    expect(window.lease(30, 0, 100, 7)).toEqual({ granted: 0, left: 0 });
    expect(window.lease(30, 0, 100, 8)).toEqual({ granted: 30, left: 70 });
    expect(window.lease(80, 0, 100, 7)).toEqual({ granted: 70, left: 0 });
  });

  it('that was given out beyond its quota lends nothing', () => {
    expect(new QuotaWindow().lease(1, 500, 100, 1)).toEqual({ granted: 0, left: 0 });
  });
});

describe('the allowances of isolates', () => {
  it('ask nobody for callers who ask for little', async () => {
    const take = limiters();
    const clock = { now: 0 };
    const allowances = isolate(take, clock);
    for (let place = 0; place < 100; place++) {
      expect(allowances.take('a', 1, QUOTA)).toMatchObject({
        granted: 1,
        left: 999 - place,
        resetSeconds: 10,
      });
    }
    await settle();
    expect(take.asked).toBe(0);
  });

  it('give out the quota, not one unit more, and the next one with the next window', async () => {
    const take = limiters();
    const clock = { now: 3_000 };
    const allowances = isolate(take, clock);
    for (let round = 0; round < 2; round++) {
      let granted = 0;
      for (let place = 0; place < 1_500; place++) {
        granted += allowances.take('a', 1, QUOTA).granted;
        await settle();
      }
      expect(granted).toBe(QUOTA.units);
      expect(allowances.take('a', 1, QUOTA)).toMatchObject({
        granted: 0,
        left: 0,
        resetSeconds: 7 - 3 * round,
      });
      expect(allowances.take('b', 1, QUOTA).granted).toBe(1);
      clock.now = WINDOW_MS + 6_000;
    }
    expect(take.asked).toBeLessThan(30);
  });

  it('give as many as there are of what is wanted at once', async () => {
    const allowances = isolate(limiters(), { now: 0 });
    expect(allowances.take('a', 990, QUOTA).granted).toBe(990);
    await settle();
    expect(allowances.take('a', 25, QUOTA).granted).toBe(10);
  });

  it('together exceed a quota by no more than each gives out unasked or on trust', async () => {
    const demand = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: LARGEST }));
    const demands = fc.array(demand, { minLength: 50, maxLength: 300 });
    const inside = fc.asyncProperty(demands, async (list) => {
      const take = limiters();
      const isolates = Array.from({ length: 4 }, () => isolate(take, { now: 0 }));
      let granted = 0;
      for (const [place, wanted] of list) {
        granted += isolates[place]?.take('a', wanted, QUOTA).granted ?? 0;
        await settle();
      }
      const wanted = list.reduce((sum, [, units]) => sum + units, 0);
      const slack = isolates.length * (QUOTA.units / 10 + LARGEST);
      expect(granted).toBeLessThanOrEqual(QUOTA.units + slack);
      expect(granted).toBeGreaterThanOrEqual(Math.min(wanted, QUOTA.units - slack));
    });
    await holdsEventually(inside, { seed: 51, runs: 60 });
  });

  it('go on without a limiter that fails, each up to the quota', async () => {
    const failures: unknown[] = [];
    const allowances = isolate(() => Promise.reject(new Error('gone')), { now: 0 }, failures);
    let granted = 0;
    for (let place = 0; place < 2_000; place++) {
      granted += allowances.take('a', 1, QUOTA).granted;
      await settle();
    }
    expect(granted).toBe(QUOTA.units);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(30);
  });

  it('do not wait for a limiter that hangs', async () => {
    const allowances = isolate(() => new Promise(() => undefined), { now: 0 });
    let granted = 0;
    for (let place = 0; place < 2_000; place++) granted += allowances.take('a', 1, QUOTA).granted;
    expect(granted).toBe(QUOTA.units);
  });

  it('keep policies apart, and a bounded number of keys', () => {
    const allowances = isolate(limiters(), { now: 0 });
    allowances.take('a', 1_000, QUOTA);
    expect(allowances.take('a', 1, { ...QUOTA, policy: 'account' }).granted).toBe(1);
    for (let place = 0; place < KEYS_MAX + 10; place++) allowances.take(`k${place}`, 1, QUOTA);
    expect(allowances.size).toBe(KEYS_MAX + 1);
  });

  it('are not had anew by a client that names more accounts than are accounted for', () => {
    const allowances = isolate(() => new Promise(() => undefined), { now: 0 });
    allowances.take('a', QUOTA.units, QUOTA);
    const accounts = { ...QUOTA, policy: 'account' } as const;
    for (let place = 0; place < KEYS_MAX + 10; place++) allowances.take(`k${place}`, 1, accounts);
    expect(allowances.take('a', 1, QUOTA).granted).toBe(0);
    expect(allowances.size).toBe(KEYS_MAX + 1);
  });
});

describe('quotas', () => {
  it('come from the variables, unless those are no numbers', () => {
    const given = quotas({ RATE_CLIENT_REQUESTS: '7', RATE_ACCOUNT_COMMANDS: 'many' } as unknown as Env);
    expect([given.client.units, given.account.units]).toEqual([7, ACCOUNT_COMMANDS_MAX]);
    for (const wrong of ['0', '-1', '1.5', '', 'Infinity', undefined]) {
      expect(quotas({ RATE_CLIENT_REQUESTS: wrong } as unknown as Env).client.units).toBe(
        CLIENT_REQUESTS_MAX,
      );
    }
  });
});

describe('admission', () => {
  const enterAll = (admission: Admission, client: string, count: number, bytes = 0) =>
    Array.from({ length: count }, () => admission.enter(client, bytes)).filter((stay) => stay !== undefined);
  const takenOn = (admission: Admission, client: string, bytes: number) => {
    const stay = admission.enter(client, bytes);
    if (stay === undefined) throw new Error(`no room for ${bytes} bytes of ${client}`);
    return stay;
  };
  const admissionOf = (requests: number, clock = { now: 0 }) =>
    new Admission(() => clock.now, { requests, bytes: 1_000 });

  it('takes on half of what there is room for from one client, and again when some were answered', () => {
    const admission = admissionOf(10);
    const stays = enterAll(admission, 'a', 12);
    expect(stays).toHaveLength(5);
    stays[0]?.leave();
    expect(enterAll(admission, 'a', 2)).toHaveLength(1);
  });

  it('has room for somebody new, however many are asking for all there is', () => {
    const admission = admissionOf(100);
    for (let place = 0; place < 9; place++) {
      expect(enterAll(admission, `polite-${place}`, 1), `the ${place}th`).toHaveLength(1);
      enterAll(admission, `greedy-${place}`, 1_000);
    }
    expect(admission.requests).toBeLessThanOrEqual(100);
  });

  it('is shared among those who ask for all there is, whoever was first', () => {
    const admission = admissionOf(100);
    const clients = ['a', 'b', 'c', 'd'];
    const held = new Map(clients.map((client) => [client, enterAll(admission, client, 1_000)]));
    const countOf = (client: string) => held.get(client)?.length ?? 0;
    // Whoever holds most is answered next, and everybody asks again at once, the first one first.
    for (let round = 0; round < 400; round++) {
      const most = clients.reduce((a, b) => (countOf(a) >= countOf(b) ? a : b));
      held.get(most)?.shift()?.leave();
      for (const client of clients) held.get(client)?.push(...enterAll(admission, client, 1_000));
    }
    expect(Math.min(...clients.map(countOf))).toBeGreaterThanOrEqual(15);
  });

  it('counts bytes as it counts requests, and takes one large body alone', () => {
    const admission = admissionOf(100);
    const large = takenOn(admission, 'a', 900);
    expect(admission.enter('b', 200)).toBeUndefined();
    expect(admission.enter('b', 100)).toBeDefined();
    large.leave();
    expect(admission.enter('c', 1_001)).toBeUndefined();
  });

  it('counts what comes of a body as if it had been announced, and finishes what was taken on', () => {
    const admission = admissionOf(5);
    const first = takenOn(admission, 'a', 0);
    expect(first.grow(400)).toBe(true);
    expect(takenOn(admission, 'a', 0).grow(200)).toBe(false);
    const [, , d] = ['b', 'c', 'd'].map((client) => takenOn(admission, client, 10));
    expect(admission.enter('e', 0)).toBeUndefined();
    expect(d?.grow(570)).toBe(true);
    expect(d?.grow(1)).toBe(false);
    d?.leave();
    expect(admission.enter('d', 580)).toBeDefined();
    first.leave();
    first.leave();
    expect(first.grow(1)).toBe(false);
    expect(admission.requests).toBe(4);
  });

  it('never holds more than its limits and is empty when all have left', () => {
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(400), fc.boolean());
    const inside = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const admission = admissionOf(12);
      const taken: [Stay, number][] = [];
      for (const [client, bytes, isLeaving] of steps) {
        const first = isLeaving ? taken.shift() : undefined;
        const stay = first === undefined ? admission.enter(client, bytes) : undefined;
        if (stay !== undefined) taken.push([stay, bytes]);
        first?.[0].leave();
        expect(admission.requests).toBe(taken.length);
        expect(taken.length).toBeLessThanOrEqual(12);
        expect(taken.reduce((sum, [, size]) => sum + size, 0)).toBeLessThanOrEqual(1_000);
      }
      for (const [stay] of taken) stay.leave();
      expect(admission.requests).toBe(0);
      expect(admission.enter('a', 1_000)).toBeDefined();
    });
    holds(inside, { seed: 52, runs: 100 });
  });

  it('has room for many', () => {
    expect(enterAll(new Admission(() => 0), 'a', IN_FLIGHT_MAX)).toHaveLength(IN_FLIGHT_MAX / 2);
  });

  it('forgets what ended without a word, but not an answer that somebody is still taking', () => {
    const clock = { now: 0 };
    const admission = admissionOf(100, clock);
    const lost = takenOn(admission, 'a', 400);
    const held = takenOn(admission, 'a', 100);
    held.remain();
    clock.now = STAY_MS_MAX - 1;
    expect(admission.enter('b', 900)).toBeUndefined();
    clock.now = STAY_MS_MAX + 1_000;
    expect(admission.requests).toBe(1);
    expect(lost.grow(1)).toBe(false);
    lost.leave();
    expect(admission.requests).toBe(1);
    held.leave();
    expect(admission.enter('b', 1_000)).toBeDefined();
  });
});

describe('an address whose tokens are refused', () => {
  it('is not listened to for the rest of the window, others are', () => {
    const addresses = new RefusedAddresses();
    for (let place = 0; place < REFUSALS_MAX; place++) {
      expect(addresses.waitSeconds('1.2.3.4', 4_000)).toBe(0);
      addresses.add('1.2.3.4', 4_000);
    }
    expect(addresses.waitSeconds('1.2.3.4', 4_000)).toBe(6);
    expect(addresses.waitSeconds('4.3.2.1', 4_000)).toBe(0);
    expect(addresses.waitSeconds('1.2.3.4', REFUSALS_WINDOW_MS)).toBe(0);
  });

  it('does not grow into a memory without bounds', () => {
    const addresses = new RefusedAddresses();
    for (let place = 0; place < 50_000; place++) addresses.add(`address-${place}`, 0);
    expect(addresses.waitSeconds('address-1', 0)).toBe(0);
  });
});

describe('what stops an account', () => {
  it('is sent by nobody who is stopped by it, since no quota of the account holds it back', () => {
    for (const type of STOPPING_COMMANDS)
      expect(ACCESS[type]).toEqual(expect.not.objectContaining({ trader: expect.anything() }));
  });
});

describe('the network of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:DB8:0000:0007:1:2:3:4', '2001:db8:0:7::/64'],
    ['2001:db8::7:0:0:0:1', '2001:db8:0:7::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['no address', 'no address'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
