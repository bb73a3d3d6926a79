/** The folder of a local server: what it keeps, and what is said where it cannot be one. */
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LocalServerError } from '../../local/errors.ts';
import { openStateFolder } from '../../local/stateFolder.ts';

const base = mkdtempSync(join(tmpdir(), 'folio-state-folder-'));
const file = join(base, 'file');
writeFileSync(file, '');

afterAll(() => rmSync(base, { recursive: true }));

describe('a state folder', () => {
  it('is made, whatever is missing of its path, and keeps its token for the next server', async () => {
    const path = join(base, 'not', 'yet', 'there');
    const first = await openStateFolder(path);
    first.close();
    const second = await openStateFolder(path);
    second.close();
    expect([second.path, second.token]).toEqual([path, first.token]);
  });

  it('lets nobody else look at its data', async () => {
    const path = join(base, 'private');
    for (const mode of [0o755, 0o700]) {
      const { dataFolder, close } = await openStateFolder(path);
      close();
      expect(statSync(dataFolder).mode & 0o077).toBe(0);
      chmodSync(dataFolder, mode);
    }
  });

  it.each([
    ['a file', file],
    ['in a file', join(file, 'state')],
  ])('that is %s is refused in words', async (_, path) => {
    const refused = openStateFolder(path);
    await expect(refused).rejects.toThrow(LocalServerError);
    await expect(refused).rejects.toThrow(`the state folder ${path} cannot be used: E`);
  });
});
