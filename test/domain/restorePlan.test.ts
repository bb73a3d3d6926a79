/** What is restored from an archive whose oldest segments are past their term. */
import { describe, expect, it } from 'vitest';
import { planRestore, type RestorePlan } from '../../local/archive/restorePlan.ts';
import { firstLines } from '../../local/lines.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';

/** Three accounts over two segments: the first account in both, the second in the first alone, the third in the second. */
async function archived() {
  const world = new ArchiveWorld();
  act(world, 'account-1', 0);
  act(world, 'account-2', 1);
  await world.checkpoint();
  act(world, 'account-1', 2);
  act(world, 'account-3', 4);
  await world.checkpoint();
  return new MemoryArchive(world.bucket.objects);
}

const summary = ({ logs, events, manifests, lost }: RestorePlan) => ({
  logs: [...logs.keys()],
  events,
  manifests,
  lost: [...lost],
});

describe('the plan of a restoration', () => {
  it('has everything where no segment is gone', async () => {
    expect(summary(await planRestore(await archived(), () => true))).toEqual({
      logs: ['account/account-1', 'account/account-2', 'account/account-3'],
      events: 7,
      manifests: [1, 2],
      lost: [],
    });
  });

  it('knows the names of all that there is, so that none is mistyped unnoticed', async () => {
    const { names, logs } = await planRestore(await archived(), (name) => name === 'account/account-2');
    expect([...names]).toEqual(['account/account-1', 'account/account-2', 'account/account-3']);
    expect([...logs.keys()]).toEqual(['account/account-2']);
  });

  it('names logs whose beginning is gone, and has all others whole', async () => {
    const archive = await archived();
    const first = archive.keys('segments/').find((key) => key.includes('/000000000001-')) as string;
    archive.objects.delete(first);
    const plan = await planRestore(archive, () => true);
    expect(summary(plan)).toEqual({
      logs: ['account/account-3'],
      events: 2,
      manifests: [2],
      lost: ['account/account-1', 'account/account-2'],
    });
    expect(['account/account-1', 'account/account-3'].map(plan.includes)).toEqual([false, true]);
    const other = await planRestore(archive, (name) => name === 'account/account-2');
    expect(summary(other)).toEqual({ logs: [], events: 0, manifests: [], lost: ['account/account-2'] });
  });
});

describe('a list that is printed', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

  it('ends with how many lines are left out, and says nothing of that where none is', () => {
    expect(firstLines([])).toEqual([]);
    expect(firstLines(lines(20))).toEqual(lines(20));
    expect(firstLines(lines(21))).toEqual([...lines(20), '… and 1 more']);
    expect(firstLines(lines(1_000), 12_345)).toEqual([...lines(20), '… and 12,325 more']);
  });
});
