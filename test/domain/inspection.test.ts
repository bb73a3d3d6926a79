/** The bucket as an inspection finds it: whatever was taken, or put in its place, is found; a segment comes back to the byte. */
import { describe, expect, it, vi } from 'vitest';
import { manifestKey } from '../../queues/archive/manifest.ts';
import { segmentCheck } from '../../queues/reconciler/segments.ts';
import { ArchiveWorld, act } from '../support/archive.ts';

/** A bucket with two segments of three accounts. */
async function archived(): Promise<{ world: ArchiveWorld; segments: string[] }> {
  const world = new ArchiveWorld();
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 30; number++) act(world, `account-${number % 3}`, round * 30 + number);
    await world.checkpoint();
  }
  const segments = [...world.bucket.objects.keys()].filter((key) => key.startsWith('segments/')).sort();
  expect(segments).toHaveLength(2);
  return { world, segments };
}

const faultsOf = async (world: ArchiveWorld) =>
  (await world.inspection().inspect([1, 2, 3])).map(({ fault }) => fault);

describe('an inspection', () => {
  it('of a bucket that nobody has been at finds nothing, and of what never was it says nothing', async () => {
    const { world } = await archived();
    expect(await faultsOf(world)).toEqual([null, null]);
  });

  it.each<[string, (world: ArchiveWorld, segment: string) => void, string]>([
    ['a segment is gone', ({ bucket }, key) => void bucket.objects.delete(key), 'the segment is gone'],
    [
      'a segment has other bytes',
      ({ bucket }, key) => void bucket.objects.set(key, new Uint8Array([1])),
      'the segment has other bytes than were put',
    ],
    [
      'a manifest is gone',
      ({ bucket }) => void bucket.objects.delete(manifestKey(2)),
      'the manifest is gone',
    ],
    [
      'a manifest is that of another',
      ({ bucket }) =>
        void bucket.objects.set(manifestKey(2), bucket.objects.get(manifestKey(1)) as Uint8Array),
      'the manifest is another than was put',
    ],
    [
      'a manifest is nonsense',
      ({ bucket }) => void bucket.objects.set(manifestKey(2), new Uint8Array([1])),
      'the manifest is no JSON',
    ],
  ])('finds where %s', async (_, change, fault) => {
    const { world, segments } = await archived();
    change(world, segments[1] as string);
    expect(await faultsOf(world)).toEqual([null, fault]);
  });

  it('puts a segment back that is gone, though the accounts have gone on', async () => {
    const { world, segments } = await archived();
    const before = new Map(world.bucket.objects);
    for (const key of segments) world.bucket.objects.delete(key);
    for (let number = 60; number < 90; number++) act(world, `account-${number % 3}`, number);
    for (const sequence of [1, 2]) await world.inspection().restore(sequence);
    expect(await faultsOf(world)).toEqual([null, null]);
    for (const key of segments) expect(world.bucket.objects.get(key)).toEqual(before.get(key));
  });

  it('makes a segment once, however many ask for it at once, and one after another', async () => {
    const { world, segments } = await archived();
    const before = new Map(world.bucket.objects);
    for (const key of segments) world.bucket.objects.delete(key);
    const steps: string[] = [];
    world.onReadLog = (id) => void steps.push(`read ${id}`);
    world.onStep = (step) => void (step.startsWith('before put') && steps.push('put'));
    const inspection = world.inspection();
    await Promise.all([1, 2, 1, 2, 1].map((sequence) => inspection.restore(sequence)));
    const once = ['read account-0', 'read account-1', 'read account-2', 'put'];
    expect(steps).toEqual([...once, ...once]);
    for (const key of segments) expect(world.bucket.objects.get(key)).toEqual(before.get(key));
    // One that fails is none that others share later.
    world.bucket.objects.delete(segments[0] as string);
    world.onReadLog = () => {
      throw new Error('no answer');
    };
    const failing = [inspection.restore(1), inspection.restore(1), inspection.restore(2)];
    expect(await Promise.allSettled(failing)).toMatchObject(failing.map(() => ({ status: 'rejected' })));
    world.onReadLog = () => undefined;
    await inspection.restore(1);
    expect(await faultsOf(world)).toEqual([null, null]);
  });

  it.each(['the bucket that is asked for a manifest', 'the bucket that is given a segment', 'a log'])(
    'waits for %s only for a while: what is to be put back after it is',
    async (silent) => {
      const { world, segments } = await archived();
      for (const key of segments) world.bucket.objects.delete(key);
      const { bucket } = world;
      const hung = Promise.withResolvers<never>();
      const timers = new Set<() => void>();
      world.startTimer = (task) => {
        timers.add(task);
        return () => void timers.delete(task);
      };
      const inspection = world.inspection();
      const hangsOnce = new Promise<void>((asked) => {
        const hang = () => {
          asked();
          return hung.promise;
        };
        if (silent.includes('manifest')) vi.spyOn(bucket, 'read').mockImplementationOnce(hang);
        else if (silent.includes('segment')) vi.spyOn(bucket, 'create').mockImplementationOnce(hang);
        else {
          world.onReadLog = () => {
            world.onReadLog = () => undefined;
            return hang();
          };
        }
      });
      const first = inspection.restore(1);
      const second = inspection.restore(2);
      await hangsOnce;
      for (const goOff of timers) goOff();
      await expect(first).rejects.toThrow(/did not answer within \d+ ms/);
      await second;
      expect(timers.size, 'of those that were answered none is left').toBe(0);
      await inspection.restore(1);
      expect(await faultsOf(world)).toEqual([null, null]);
    },
  );

  it('puts nothing back of which the manifest is gone, or in the place of something else', async () => {
    const { world, segments } = await archived();
    world.bucket.objects.set(segments[0] as string, new Uint8Array([1]));
    await expect(world.inspection().restore(1)).rejects.toThrow('has another object');
    world.bucket.objects.delete(manifestKey(2));
    await expect(world.inspection().restore(2)).rejects.toThrow('the manifest is gone');
    await expect(world.inspection().restore(9)).rejects.toThrow('there is no manifest 9');
  });

  it('puts nothing back where the logs have other events by now', async () => {
    const { world, segments } = await archived();
    world.bucket.objects.delete(segments[0] as string);
    const other = world.account('other');
    other.run('OpenAccount', { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' }, world.now);
    const own = world.account('account-0').messages.bind(world.account('account-0'));
    world.account('account-0').messages = (from, limit) =>
      from === 1 ? other.messages(1, 1) : own(from, limit);
    await expect(world.inspection().restore(1)).rejects.toThrow('comes out with other bytes');
    expect(world.bucket.objects.has(segments[0] as string)).toBe(false);
  });
});

describe('the check of segments', () => {
  it('names each by the number of its manifest, and has one put back', async () => {
    const { world, segments } = await archived();
    world.bucket.objects.delete(segments[0] as string);
    const inspection = world.inspection();
    const check = segmentCheck({
      inspect: (sequences) => inspection.inspect(sequences),
      restore: (sequence) => inspection.restore(sequence),
      text: (sequence) => String(sequence).padStart(3, '0'),
    });
    const keys = ['001', '002'].map((aggregateId) => ({ aggregateType: 'manifest', aggregateId }));
    const judged = await check.judge(keys, []);
    expect(judged.map(({ aggregateId, fault }) => [aggregateId, fault])).toEqual([
      ['001', 'the segment is gone'],
      ['002', undefined],
    ]);
    expect(await check.repair({ aggregateId: '001' } as never, () => false)).toBe(true);
    expect((await check.judge(keys, [])).map(({ fault }) => fault)).toEqual([undefined, undefined]);
    expect(check.takes({ aggregateType: 'account', aggregateId: '001' })).toBe(false);
  });
});
