/** The pacing of a rebuild: others get their turn before reads and transactions, and the rebuild gets on whatever they do. */
import { describe, expect, it } from 'vitest';
import {
  askInGroups,
  BUSY_MS,
  GROUP_CALLS,
  LATE_PAUSES_MAX,
  PAUSE_MS_MAX,
  PAUSES_MAX,
  Pacing,
  QUIET_SLICE_MS,
  SLICE_MS,
} from '../../queues/kernel/pacing.ts';
import { BUSY_PARTS, paced, type Unpaced } from '../../queues/rebuild/pacing.ts';
import { DATABASE_CALLS_MAX, WORKING_CALLS_MAX, workingCall } from '../../workers/workingCall.ts';

/** What a rebuild's world is like. */
interface World {
  /** Milliseconds that a call takes. */
  readonly callMs: number;
  /** Whether somebody waits after so many pauses. */
  readonly isAwaited: (pauses: number) => boolean;
  /** Milliseconds that this pause takes. */
  readonly pauseMs?: (pauses: number) => number;
  /** Requests that have come after so many pauses. */
  readonly taken?: (pauses: number) => number;
}

/** A paced rebuild of two databases that has just begun, on a clock that calls and pauses move on; what was done, in order. */
function begun(first: World) {
  let world = first;
  let now = 0;
  let pauses = 0;
  const done: string[] = [];
  const called = (name: string, result: unknown) => async () => {
    done.push(name);
    now += world.callMs;
    return result;
  };
  const deps = {
    database: { all: called('all', [1]), batch: called('batch', [[2]]) },
    readLog: called('read', []),
    directory: called('directory', [KEY]),
    head: called('head', 3),
    owner: called('owner', undefined),
  } as unknown as Unpaced;
  const pacing = new Pacing({
    now: () => now,
    pause: async () => {
      done.push('pause');
      pauses++;
      now += world.pauseMs?.(pauses) ?? 1;
    },
    isAwaited: () => world.isAwaited(pauses),
    taken: () => world.taken?.(pauses) ?? 0,
  });
  const pace = paced(deps, pacing);
  const goOn = (next: World) => {
    world = next;
    pauses = 0;
    done.length = 0;
  };
  return { pace, pacing, other: paced(deps, pacing), done, goOn };
}

/** The same once nobody has waited for a while, right after a pause. */
async function alone(world: World) {
  const { pace, other, done, goOn } = begun({ callMs: BUSY_MS, isAwaited: () => false });
  await pace.database.all(STATEMENT);
  goOn({ callMs: 0, isAwaited: () => false });
  await pace.database.all(STATEMENT);
  goOn(world);
  return { pace, other, done };
}

const STATEMENT = { sql: '', parameters: [] };
const KEY = { aggregateType: 'account', aggregateId: 'a' };

describe('a paced rebuild', () => {
  it('lets others go first after every slice, before whichever call comes then, and answers as before', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS / 2, isAwaited: () => false });
    for (let round = 0; round < 2; round++) {
      expect(await pace.database.all(STATEMENT)).toEqual([1]);
      expect(await pace.database.batch([STATEMENT])).toEqual([[2]]);
      expect(await pace.readLog(KEY, 1, 1)).toEqual([]);
    }
    expect(done).toEqual(['all', 'batch', 'pause', 'read', 'all', 'pause', 'batch', 'read']);
  });

  it('lets others go first before questions to owners and to the directory, too', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: () => false });
    expect(await pace.directory(0, null, 1)).toEqual([KEY]);
    expect(await pace.head(KEY)).toBe(3);
    expect(await pace.owner(KEY, 3)).toBeUndefined();
    await pace.head(KEY);
    expect(done).toEqual(['directory', 'pause', 'head', 'pause', 'owner', 'pause', 'head']);
  });

  it('counts what it lets through, since the platform allows a request so many calls', async () => {
    const { pace, pacing } = begun({ callMs: 0, isAwaited: () => false });
    const isOver = workingCall(pacing);
    await pace.readLog(KEY, 1, 1);
    await pace.database.all(STATEMENT);
    await pace.database.batch([STATEMENT]);
    expect(pacing.calls).toEqual({ all: 3, databases: 2 });
    for (let call = 2; call < DATABASE_CALLS_MAX; call++) {
      expect(isOver()).toBe(false);
      await pace.database.all(STATEMENT);
    }
    expect(isOver()).toBe(true);
    const other = begun({ callMs: 0, isAwaited: () => false });
    const isOtherOver = workingCall(other.pacing);
    for (let call = 0; call < WORKING_CALLS_MAX; call++) {
      expect(isOtherOver()).toBe(false);
      await other.pace.head(KEY);
    }
    expect(isOtherOver()).toBe(true);
  });

  it('asks many owners in groups, with a turn for others in between, and has the answers in order', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: () => false });
    const numbers = Array.from({ length: 2 * GROUP_CALLS + 1 }, (_, number) => number);
    const answers = await askInGroups(numbers, async (number, index) => [
      number,
      index,
      await pace.head(KEY),
    ]);
    expect(answers).toEqual(numbers.map((number) => [number, number, 3]));
    const group = Array(GROUP_CALLS).fill('head');
    expect(done).toEqual([...group, 'pause', ...group, 'pause', 'head']);
  });

  it('goes on pausing until nobody waits for an answer', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: (pauses) => pauses < 3 });
    await pace.database.all(STATEMENT);
    await pace.database.all(STATEMENT);
    expect(done).toEqual(['all', 'pause', 'pause', 'pause', 'all']);
  });

  it('takes short slices for a while once somebody was seen to wait, and long ones again after it', async () => {
    const { pace, done } = await alone({ callMs: SLICE_MS, isAwaited: (pauses) => pauses === 1 });
    const slices = Math.ceil(QUIET_SLICE_MS / SLICE_MS);
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

  it('takes short slices once a request was answered while it paused, and does not wait for another', async () => {
    const { pace, done } = await alone({
      callMs: SLICE_MS,
      isAwaited: () => false,
      taken: (pauses) => pauses,
    });
    const slices = Math.ceil(QUIET_SLICE_MS / SLICE_MS);
    for (let call = 0; call < slices; call++) await pace.database.all(STATEMENT);
    done.length = 0;
    for (let call = 0; call < 3; call++) await pace.database.all(STATEMENT);
    expect(done).toEqual(['pause', 'all', 'pause', 'all', 'pause', 'all']);
  });

  it('gets on where somebody always waits', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: () => true });
    for (let call = 0; call < 5; call++) await pace.database.all(STATEMENT);
    expect(done.filter((what) => what === 'all')).toHaveLength(5);
    expect(done.filter((what) => what === 'pause')).toHaveLength(4 * PAUSES_MAX);
  });

  it('goes on pausing until a pause ends in time: before, its own calls still kept the thread', async () => {
    const { pace, done } = await alone({
      callMs: QUIET_SLICE_MS,
      isAwaited: () => false,
      pauseMs: (pauses) => (pauses < 3 ? PAUSE_MS_MAX + 1 : PAUSE_MS_MAX),
    });
    await pace.database.all(STATEMENT);
    await pace.database.all(STATEMENT);
    expect(done).toEqual(['all', 'pause', 'pause', 'pause', 'all']);
  });

  it('makes do with a few pauses where timers are always late and nobody is seen to wait', async () => {
    const { pace, done } = await alone({
      callMs: QUIET_SLICE_MS,
      isAwaited: () => false,
      pauseMs: () => PAUSE_MS_MAX + 1,
    });
    await pace.database.all(STATEMENT);
    await pace.database.all(STATEMENT);
    expect(done).toEqual(['all', ...Array(LATE_PAUSES_MAX).fill('pause'), 'all']);
    expect(LATE_PAUSES_MAX).toBeLessThan(PAUSES_MAX);
  });

  it('goes on pausing while somebody waits where timers are always late', async () => {
    const { pace, done } = await alone({
      callMs: QUIET_SLICE_MS,
      isAwaited: (pauses) => pauses <= LATE_PAUSES_MAX + 2,
      pauseMs: () => PAUSE_MS_MAX + 1,
    });
    await pace.database.all(STATEMENT);
    await pace.database.all(STATEMENT);
    expect(done.filter((what) => what === 'pause')).toHaveLength(LATE_PAUSES_MAX + 2 + LATE_PAUSES_MAX);
  });

  it('lets no call begin while it pauses, so that what reads and what stores rest together', async () => {
    const { pace, done } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: (pauses) => pauses === 1 });
    await pace.database.all(STATEMENT);
    await Promise.all([pace.database.batch([STATEMENT]), pace.readLog(KEY, 1, 1), pace.readLog(KEY, 2, 1)]);
    expect(done).toEqual(['all', 'pause', 'pause', 'batch', 'read', 'read']);
  });

  it('pauses in all of its databases at once', async () => {
    const { pace, other, done } = await alone({
      callMs: QUIET_SLICE_MS,
      isAwaited: (pauses) => pauses === 1,
    });
    await pace.database.all(STATEMENT);
    await Promise.all([pace.database.batch([STATEMENT]), other.database.all(STATEMENT)]);
    expect(done).toEqual(['all', 'pause', 'pause', 'batch', 'all']);
    expect(other.portion(1_000)).toBeLessThan(1_000);
  });

  it('takes somebody to wait as it begins, until nobody was seen to for a while', async () => {
    const { pace, done } = begun({ callMs: SLICE_MS, isAwaited: () => false });
    for (let call = 0; call < 3; call++) await pace.database.all(STATEMENT);
    expect(done).toEqual(['all', 'pause', 'all', 'pause', 'all']);
    expect(pace.portion(1_000)).toBeLessThan(1_000);
    for (let call = 0; call < BUSY_MS / SLICE_MS; call++) await pace.database.all(STATEMENT);
    expect(pace.portion(1_000)).toBe(1_000);
  });

  it('takes small portions for a while once somebody was seen to wait', async () => {
    const { pace } = await alone({ callMs: QUIET_SLICE_MS, isAwaited: (pauses) => pauses === 1 });
    await pace.database.all(STATEMENT);
    expect(pace.portion(1_000)).toBe(1_000);
    await pace.database.all(STATEMENT);
    expect([pace.portion(1_000), pace.portion(1)]).toEqual([Math.ceil(1_000 / BUSY_PARTS), 1]);
    for (let call = 0; call < BUSY_MS / QUIET_SLICE_MS; call++) await pace.database.all(STATEMENT);
    expect(pace.portion(1_000)).toBe(1_000);
  });
});
