/** Whether the local server may have its storage in a process of its own. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { openSharedStorage, putFirst } from '../../local/sharedStorage.ts';

const base = mkdtempSync(join(tmpdir(), 'folio-shared-'));
afterAll(() => rmSync(base, { recursive: true }));

const kept = async (): Promise<boolean> => true;

describe('storage in a process of its own', () => {
  it('begins with an empty registry, so that nobody killed is asked', async () => {
    const registryFolder = join(base, 'registry');
    mkdirSync(registryFolder);
    writeFileSync(join(registryFolder, 'of-a-killed-server'), '{}');
    expect(await openSharedStorage(registryFolder, false, 2, kept)).toEqual({ registryFolder });
    expect(readdirSync(registryFolder)).toEqual([]);
  });

  it('is found out about by a file that is changed after it was made, and leaves none behind', async () => {
    const registryFolder = join(base, 'probed');
    const shared = await openSharedStorage(registryFolder, false, 2);
    expect([{ registryFolder }, 'no birth times']).toContainEqual(shared);
    expect(readdirSync(registryFolder)).toEqual([]);
  });

  it.each([
    ['it was asked for', true, 2, kept],
    ['one core', false, 1, kept],
    ['no birth times', false, 2, async (): Promise<boolean> => false],
  ] as const)('is not for a server where: %s', async (reason, isOneProcess, cores, keepsBirth) => {
    const registryFolder = join(base, reason);
    expect(await openSharedStorage(registryFolder, isOneProcess, cores, keepsBirth)).toBe(reason);
    expect(existsSync(join(registryFolder, 'probe'))).toBe(false);
  });

  it.each([
    ['takes out who has come before its owner', ['objects', 'storage'], ['storage']],
    ['lets everybody be where its owner was first', ['storage', 'objects'], ['objects', 'storage']],
    ['waits where its owner is not there', ['objects'], ['objects']],
  ])('%s', async (_name, order, left) => {
    const registryFolder = mkdtempSync(join(base, 'order-'));
    const prefix = '__miniflare_storage_candidate__-';
    writeFileSync(join(registryFolder, 'a-worker'), '{}');
    for (const name of order) {
      writeFileSync(join(registryFolder, `${prefix}${name}`), '{}');
      // Longer than the ticks in which a kernel counts the changes of files.
      await sleep(20);
    }
    putFirst(registryFolder, `${prefix}storage`);
    expect(readdirSync(registryFolder).sort()).toEqual([...left.map((name) => prefix + name), 'a-worker']);
  });

  it('uses no registry that others have', async () => {
    const before = process.env.CLOUDFLARE_DEV_REGISTRY_PATH;
    process.env.CLOUDFLARE_DEV_REGISTRY_PATH = base;
    try {
      await openSharedStorage(join(base, 'own'), false, 2, kept);
      expect(process.env.CLOUDFLARE_DEV_REGISTRY_PATH).toBeUndefined();
    } finally {
      if (before !== undefined) process.env.CLOUDFLARE_DEV_REGISTRY_PATH = before;
    }
  });
});
