/** The pacing of a rebuild: others get their turn before reads and transactions, and the rebuild gets on whatever they do. */
import { describe, expect, it } from 'vitest';
import type { RunnerDeps } from '../../queues/kernel/deps.ts';
import { BUSY_MS, PAUSES_MAX, paced, QUIET_SLICE_MS, SLICE_MS } from '../../queues/rebuild/pacing.ts';

/** A paced rebuild on a clock that calls and pauses move on; what was done, in order. */
function world(callMs: number, isAwaited: (pauses: number) => boolean) {
  let now = 0;
  let pauses = 0;
  const done: string[] = [];
  const called = (name: string, result: unknown) => async () => {
    done.push(name);
    now += callMs;
    return result;
  };
  const deps = {
    database: { all: called('all', [1]), batch: called('batch', [[2]]) },
    readLog: called('read', []),
  } as unknown as RunnerDeps;
  const pace = paced(deps, {
    now: () => now,
    pause: async () => {
      done.push('pause');
      pauses++;
      now += 1;
    },
    isAwaited: () => isAwaited(pauses),
  });
  return { pace, done };
}

const STATEMENT = { sql: '', parameters: [] };

describe('a paced rebuild', () => {
  it('lets others go first after every slice, before whichever call comes then, and answers as before', async () => {
    const { pace, done } = world(QUIET_SLICE_MS / 2, () => false);
    for (let round = 0; round < 2; round++) {
      expect(await pace.database.all(STATEMENT)).toEqual([1]);
      expect(await pace.database.batch([STATEMENT])).toEqual([[2]]);
      expect(await pace.readLog({ aggregateType: 'account', aggregateId: 'a' }, 1, 1)).toEqual([]);
    }
    expect(done).toEqual(['all', 'batch', 'pause', 'read', 'all', 'pause', 'batch', 'read']);
  });

  it('goes on pausing until nobody waits for an answer', async () => {
    const { pace, done } = world(QUIET_SLICE_MS, (pauses) => pauses < 3);
    await pace.database.all(STATEMENT);
    await pace.database.all(STATEMENT);
    expect(done).toEqual(['all', 'pause', 'pause', 'pause', 'all']);
  });

  it('takes short slices for a while once somebody was seen to wait, and long ones again after it', async () => {
    const { pace, done } = world(SLICE_MS, (pauses) => pauses === 1);
    const slices = QUIET_SLICE_MS / SLICE_MS;
    for (let call = 0; call <= slices; call++) await pace.database.all(STATEMENT);
    expect(done).toEqual([...Array(slices).fill('all'), 'pause', 'pause', 'all']);
    done.length = 0;
    for (let call = 0; call < 3; call++) await pace.database.all(STATEMENT);
    expect(done).toEqual(['pause', 'all', 'pause', 'all', 'pause', 'all']);
    for (let call = 0; call < BUSY_MS / SLICE_MS; call++) await pace.database.all(STATEMENT);
    done.length = 0;
    for (let call = 0; call < 2 * slices; call++) await pace.database.all(STATEMENT);
    expect(done.filter((what) => what === 'pause')).toHaveLength(2);
  });

  it('gets on where somebody always waits', async () => {
    const { pace, done } = world(QUIET_SLICE_MS, () => true);
    for (let call = 0; call < 5; call++) await pace.database.all(STATEMENT);
    expect(done.filter((what) => what === 'all')).toHaveLength(5);
    expect(done.filter((what) => what === 'pause')).toHaveLength(4 * PAUSES_MAX);
  });
});
