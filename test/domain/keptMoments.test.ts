/** Which moments' holdings are kept: never too many, none for ever, and none that somebody is just reading. */
import { describe, expect, it } from 'vitest';
import { KeptMoments } from '../../actors/holders/keptMoments.ts';
import { KEPT_AT_LEAST_MS, KEPT_MS, MOMENTS_MAX, MOMENTS_OF_ONE_MAX } from '../../schemas/holding.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

/** A register, what objects keep, and a clock; an object in `silent` does not answer. */
function world() {
  const storage = sqliteStorage();
  const kept = new Set<string>();
  const silent = new Set<string>();
  const clock = { now: 1_000 };
  const forget = async (moment: string) => {
    await Promise.resolve();
    if (silent.has(moment)) throw new Error('no answer');
    kept.delete(moment);
  };
  const register = () => new KeptMoments({ storage, now: () => clock.now, forget });
  const begin = async (moment: string, caller: string | null = null) => {
    const wait = await register().admit(moment, caller);
    if (wait === 0) kept.add(moment);
    return wait;
  };
  const fill = async () => {
    for (let moment = 0; moment < MOMENTS_MAX; moment++) await begin(String(moment));
  };
  return { kept, silent, clock, register, begin, fill };
}

describe('moments', () => {
  it('are kept up to their number; then the next one waits until the oldest has had its time, and takes its place', async () => {
    const { kept, clock, begin, fill } = world();
    await begin('oldest');
    clock.now += 10;
    await fill();
    expect([...kept].length, 'the last one did not fit').toBe(MOMENTS_MAX);
    expect(await begin('next')).toBe(KEPT_AT_LEAST_MS - 10);
    clock.now += KEPT_AT_LEAST_MS - 11;
    expect(await begin('next')).toBe(1);
    expect(kept.has('oldest')).toBe(true);
    clock.now += 1;
    expect(await begin('next')).toBe(0);
    expect([kept.has('oldest'), kept.has('next'), kept.size]).toEqual([false, true, MOMENTS_MAX]);
  });

  it('that one caller names leave room for others, until the first of them has had its time', async () => {
    const { kept, clock, begin } = world();
    await begin('own 0', 'greedy');
    clock.now += 10;
    const more = Array.from({ length: 2 * MOMENTS_MAX }, (_, number) => begin(`own ${number + 1}`, 'greedy'));
    expect((await Promise.all(more)).filter((wait) => wait === 0)).toHaveLength(MOMENTS_OF_ONE_MAX - 1);
    expect(kept.size).toBe(MOMENTS_OF_ONE_MAX);
    // Also a moment that it has kept already, another caller's, and one that is shared by all who ask.
    expect([await begin('own 0', 'greedy'), await begin('a', 'other'), await begin('b')]).toEqual([0, 0, 0]);
    clock.now += KEPT_AT_LEAST_MS - 1;
    expect(await begin('next', 'greedy')).toBe(1);
    clock.now += 1;
    // Those that anybody may take the place of count no more.
    expect(await begin('next', 'greedy')).toBe(0);
    expect(kept.has('own 1')).toBe(true);
  });

  it('take no second place when they are begun again', async () => {
    const { kept, begin, fill } = world();
    await fill();
    expect(await begin('7')).toBe(0);
    expect(kept.size).toBe(MOMENTS_MAX);
  });

  it('are not too many either when several begin at once', async () => {
    const { kept, clock, begin, fill } = world();
    await fill();
    clock.now += KEPT_AT_LEAST_MS;
    const begun = Array.from({ length: MOMENTS_MAX + 20 }, (_, number) => begin(`new ${number}`));
    const waits = await Promise.all(begun);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(MOMENTS_MAX);
    expect([...kept].every((moment) => moment.startsWith('new'))).toBe(true);
    expect(kept.size).toBe(MOMENTS_MAX);
  });

  it('are forgotten after a day though their own alarms have failed, at the next asking and by the sweep', async () => {
    for (const clean of ['asked', 'swept'] as const) {
      const { kept, clock, begin, register } = world();
      await begin('a');
      clock.now += KEPT_MS - 1;
      await begin('b');
      expect([...kept]).toEqual(['a', 'b']);
      clock.now += 1;
      if (clean === 'asked') await begin('c');
      else expect(await register().sweep()).toBe(0);
      expect([...kept]).toEqual(clean === 'asked' ? ['b', 'c'] : ['b']);
    }
  });

  it('that do not answer hold up no other, and are asked again until they do', async () => {
    const { kept, silent, clock, begin, register } = world();
    for (const moment of ['a', 'b']) await begin(moment);
    silent.add('a');
    clock.now += KEPT_MS;
    expect(await begin('c')).toBe(0);
    expect([...kept]).toEqual(['a', 'c']);
    expect(await register().sweep()).toBe(1);
    silent.clear();
    expect(await register().sweep()).toBe(0);
    expect([...kept]).toEqual(['c']);
  });

  it('that do not answer are passed over where the next oldest is to make room', async () => {
    const { kept, silent, clock, begin, fill } = world();
    for (const moment of ['a', 'b']) {
      await begin(moment);
      clock.now += 10;
    }
    await fill();
    for (const moment of ['a', 'b']) silent.add(moment);
    clock.now += KEPT_AT_LEAST_MS - 1;
    expect(await begin('next'), 'those that answer are too young').toBe(1);
    clock.now += 1;
    expect(await begin('next')).toBe(0);
    expect([...['a', 'b', '0', 'next'].map((moment) => kept.has(moment)), kept.size]).toEqual([
      ...[true, true, false, true],
      MOMENTS_MAX,
    ]);
    for (const moment of kept) silent.add(moment);
    clock.now += KEPT_MS;
    await expect(begin('last')).rejects.toThrow('none of the kept moments answers');
    silent.delete('7');
    expect(await begin('last')).toBe(0);
  });

  it('that were forgotten by themselves make room', async () => {
    const { begin, fill, register } = world();
    await fill();
    register().left('7');
    expect(await begin('next')).toBe(0);
    expect(await begin('another')).toBe(KEPT_AT_LEAST_MS);
  });
});
