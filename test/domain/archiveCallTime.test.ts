/** A bucket or a log that never answers, at every call that the archivist and the notary make. */
import { describe, expect, it, vi } from 'vitest';
import type { ArchiveStore } from '../../queues/archive/store.ts';
import { ArchiveWorld, act } from '../support/archive.ts';

const IDS = ['account-0', 'account-1'];

/** Logs whose events the archivist was told of; whatever waits for a timer has it go off by `lateAll`. */
function announced() {
  const world = new ArchiveWorld();
  for (const id of IDS) act(world, id, 0);
  for (const id of IDS) world.deliver(world.account(id).announce());
  const timers = new Set<() => void>();
  world.startTimer = (task) => {
    timers.add(task);
    return () => void timers.delete(task);
  };
  return { world, timers };
}

/** Holds one call of the bucket up, for ever or until it is let through, which then is as good as any. */
function hold(bucket: ArchiveStore, name: keyof ArchiveStore, prefix: string) {
  const asked = Promise.withResolvers<void>();
  const letThrough = Promise.withResolvers<void>();
  const call = bucket[name].bind(bucket) as (...given: [string, Uint8Array]) => Promise<never>;
  const spy = vi.spyOn(bucket, name).mockImplementation((async (...given: [string, Uint8Array]) => {
    if (given[0].startsWith(prefix)) {
      spy.mockRestore();
      asked.resolve();
      await letThrough.promise;
    }
    return call(...given);
  }) as never);
  return { asked: asked.promise, letThrough: letThrough.resolve };
}

function expectAllOnce(world: ArchiveWorld): void {
  const heads = IDS.map((id) => [id, world.account(id).aggregate.log.head().version] as const);
  const all = heads.map(([id, head]) => [id, Array.from({ length: head }, (_, index) => index + 1)] as const);
  expect(world.archivedVersions()).toEqual(new Map(all));
}

describe('a bucket that never answers', () => {
  it.each([
    ['create', 'segments/'],
    ['create', 'manifests/'],
    ['read', 'manifests/'],
  ] as const)('does not keep the archivist from trying again: %s %s', async (name, prefix) => {
    const { world, timers } = announced();
    const held = hold(world.bucket, name, prefix);
    const sealing = world.archivist.seal();
    await held.asked;
    for (const goOff of timers) goOff();
    await expect(sealing).rejects.toThrow(/the bucket, .* did not answer within \d+ ms/);
    await world.archivist.seal();
    expectAllOnce(world);
    held.letThrough();
    // What was given up comes to its end after all, and is what is there already.
    await new Promise((resolve) => void setImmediate(resolve));
    expectAllOnce(world);
    expect((await world.notary.sign()).checkpoint?.checkpoint.manifests).toBe(1);
    expect(timers.size, 'of those that were answered none is left').toBe(0);
  });

  it.each([
    ['read', 'manifests/'],
    ['sha256', 'segments/'],
    ['read', 'checkpoints/'],
    ['create', 'keys/'],
    ['create', 'checkpoints/'],
  ] as const)('does not keep the notary from trying again: %s %s', async (name, prefix) => {
    const { world, timers } = announced();
    await world.archivist.seal();
    const held = hold(world.bucket, name, prefix);
    const signing = world.notary.sign();
    await held.asked;
    for (const goOff of timers) goOff();
    await expect(signing).rejects.toThrow(/the bucket, .* did not answer within \d+ ms/);
    const signed = await world.notary.sign();
    held.letThrough();
    await new Promise((resolve) => void setImmediate(resolve));
    expect(signed.checkpoint?.checkpoint).toMatchObject({ sequence: 1, manifests: 1 });
    expect(await world.notary.sign()).toEqual(signed);
    expect(timers.size).toBe(0);
  });
});

describe('a log that never answers', () => {
  it('holds up its own events and no others, for as long as it does not', async () => {
    const { world, timers } = announced();
    const asked = Promise.withResolvers<void>();
    world.onReadLog = (id) => {
      if (id !== 'account-0') return;
      asked.resolve();
      return new Promise(() => undefined);
    };
    const sealing = world.archivist.seal();
    await asked.promise;
    await new Promise((resolve) => void setImmediate(resolve));
    for (const goOff of timers) goOff();
    // What it could not read waits for the next run.
    await sealing;
    expect([...world.archivedVersions().keys()]).toEqual(['account-1']);
    world.onReadLog = () => undefined;
    await world.archivist.seal();
    expectAllOnce(world);
  });
});
