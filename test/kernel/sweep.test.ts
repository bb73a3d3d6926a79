import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import { SWEEP_PAGE, type SweepDeps, sweepPage } from '../../queues/kernel/sweep.ts';
import { createLogger } from '../../telemetry/logger.ts';

/** A part of the directory, and what each tick of the sweep looks at. */
function partOfSize(
  size: number,
  pageOfLarge: number | undefined,
  asking: Partial<Pick<SweepDeps, 'head' | 'headsAtOnce'>> = {},
) {
  const entries = Array.from({ length: size }, (_, index): AggregateKey => {
    return { aggregateType: 'account', aggregateId: `${index}`.padStart(6, '0') };
  });
  let cursor: AggregateKey | null = null;
  const directory = {
    sweepCursor: async () => cursor,
    list: async (after: AggregateKey | null, limit: number) =>
      entries.filter(({ aggregateId }) => aggregateId > (after?.aggregateId ?? '')).slice(0, limit),
    saveSweepCursor: async (next: AggregateKey | null) => {
      cursor = next;
    },
  };
  return async () => {
    const seen: string[] = [];
    await sweepPage({
      directory,
      parts: 0,
      logger: createLogger('test', 'error'),
      pageOfLarge,
      head: async () => 1,
      ...asking,
      runnerDeps: () => {
        throw new Error('there is no view database');
      },
      followers: [async (heads) => void seen.push(...heads.map(({ aggregateId }) => aggregateId))],
    });
    return seen;
  };
}

/** The ticks of a whole round, from the first entry until it comes again. */
async function roundOf(size: number, pageOfLarge?: number): Promise<string[][]> {
  const tick = partOfSize(size, pageOfLarge);
  const ticks = [await tick()];
  for (;;) {
    const seen = await tick();
    if (seen[0] === '000000') return ticks;
    ticks.push(seen);
  }
}

describe('a page of the sweep', () => {
  it.each([
    [undefined, 100],
    [20, 20],
  ])('asks the owners all at once, or where it is told so %s at a time', async (headsAtOnce, most) => {
    let [asked, atOnce] = [0, 0];
    const head = async () => {
      atOnce = Math.max(atOnce, ++asked);
      await setImmediate();
      asked--;
      return 1;
    };
    expect(await partOfSize(100, undefined, { head, headsAtOnce })()).toHaveLength(100);
    expect(atOnce).toBe(most);
  });
});

describe('a round of the sweep', () => {
  it.each([
    [SWEEP_PAGE - 1, 25, [SWEEP_PAGE - 1]],
    [SWEEP_PAGE, 100, [100, 100, 50]],
    [SWEEP_PAGE + 10, 100, [100, 100, 60]],
    [3 * SWEEP_PAGE - 1, undefined, [SWEEP_PAGE, SWEEP_PAGE, SWEEP_PAGE - 1]],
  ])(
    'looks at each of %i aggregates once, in ticks of at most %s where they are many',
    async (size, page, ticks) => {
      const round = await roundOf(size, page);
      expect(round.map(({ length }) => length).filter((length) => length > 0)).toEqual(ticks);
      expect(new Set(round.flat()).size).toBe(size);
      expect(round.flat()).toHaveLength(size);
    },
  );
});
