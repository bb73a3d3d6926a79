import { describe, expect, it } from 'vitest';
import { Announcing } from '../../actors/kernel/announcing.ts';

/** When it begins, in milliseconds since 1970: long after anything was announced. */
const START = 1_000_000;

/** Times at which an aggregate announces, in milliseconds, while a command comes every 10 ms. */
function announcements(aggregateId: string, { isUrgent = false, isBehind = true } = {}): number[] {
  const times: number[] = [];
  const tasks: { at: number; run: () => void }[] = [];
  let now = START;
  const deps = {
    source: { aggregateType: 'account', aggregateId },
    now: () => now,
    after: (run: () => void, milliseconds: number) => void tasks.push({ at: now + milliseconds, run }),
  };
  const outbox = { isUrgent: () => isUrgent, isDue: () => isBehind };
  const announcing = new Announcing(outbox, deps, (at) => void times.push(at));
  for (; now < START + 60_000; now++) {
    if (now % 10 === 0) announcing.schedule(now);
    for (const due of tasks.filter(({ at }) => at <= now)) {
      tasks.splice(tasks.indexOf(due), 1);
      due.run();
    }
  }
  return times;
}

describe('a busy aggregate announces', () => {
  it('soon after its first commit, and from then on at most once in three quarters of a second', () => {
    const times = announcements('acc-1');
    expect(times[0]).toBe(START + 10);
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThan(750);
    expect(Math.max(...gaps)).toBeLessThan(1_000 + 10);
  });

  it('soon after each commit where somebody waits for it', () => {
    expect(announcements('order-1', { isUrgent: true }).length).toBeGreaterThan(2_000);
  });

  it('nothing where nothing is due', () => {
    expect(announcements('acc-1', { isBehind: false })).toEqual([]);
  });

  it('not for ever together with those that began when it did', () => {
    const accounts = Array.from({ length: 100 }, (_, index) => announcements(`acc-${index}`));
    const inTenth = (from: number) =>
      accounts.filter((times) => times.some((time) => time >= START + from && time < START + from + 100))
        .length;
    expect(inTenth(0)).toBe(100);
    const later = Array.from({ length: 10 }, (_, index) => inTenth(50_000 + index * 100));
    expect(Math.max(...later)).toBeLessThan(30);
  });
});
