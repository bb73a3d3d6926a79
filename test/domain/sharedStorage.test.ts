/** Whether the local server may have its storage in a process of its own. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSharedStorage } from '../../local/sharedStorage.ts';

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
