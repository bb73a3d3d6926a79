/** Who wants a copy of an archive in which nothing is signed yet is told what to do. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ArchiveClient, type ArchiveObject, PlatformError } from '../../local/archive/client.ts';
import { exportArchive } from '../../local/archive/export.ts';
import { ArchiveWorld, act } from '../support/archive.ts';

class RefusingClient extends ArchiveClient {
  readonly #refusal: PlatformError;

  constructor(refusal: PlatformError) {
    super('http://folio.example', undefined);
    this.#refusal = refusal;
  }

  override json<Reply>(): Promise<Reply> {
    return Promise.reject(this.#refusal);
  }
}

/** A platform whose bucket is that of a world. */
class BucketClient extends ArchiveClient {
  readonly #world: ArchiveWorld;

  constructor(world: ArchiveWorld) {
    super('http://world', undefined);
    this.#world = world;
  }

  override async json<Reply>(): Promise<Reply> {
    return this.#world.notary.latest() as Reply;
  }

  override async bytes(key: string): Promise<Uint8Array> {
    return this.#world.bucket.objects.get(key) as Uint8Array;
  }

  override async *objects(): AsyncGenerator<ArchiveObject> {
    for (const [key, bytes] of [...this.#world.bucket.objects].sort()) yield { key, bytes: bytes.length };
  }
}

async function signedWorld(accountId: string, checkpoints: number): Promise<ArchiveWorld> {
  const world = new ArchiveWorld();
  for (let number = 1; number <= checkpoints; number++) {
    act(world, accountId, number);
    await world.checkpoint();
  }
  return world;
}

function emptyFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'folio-export-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = names.map(({ parentPath, name }) => path.join(parentPath, name));
  return new Map(files.map((file) => [path.relative(folder, file), readFileSync(file, 'base64')]));
}

describe('the export of an archive', () => {
  it('goes on with its own copy, and fetches again what was cut off', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const [folder, world] = [emptyFolder(), await signedWorld('ours', 2)];
    expect(await exportArchive(new BucketClient(world), folder)).toBe(0);
    act(world, 'ours', 3);
    await world.checkpoint();
    truncateSync(path.join(folder, 'manifests/000000000001.json'), 3);
    expect(await exportArchive(new BucketClient(world), folder)).toBe(0);
    const objects = [...world.bucket.objects].map(([key, bytes]) => [
      key,
      Buffer.from(bytes).toString('base64'),
    ]);
    expect(filesOf(folder)).toEqual(new Map(objects as [string, string][]));
  });

  it.each([
    [1, 3],
    [3, 1],
  ])(
    'never touches the copy of another environment (%i checkpoints there, %i here)',
    async (theirs, ours) => {
      vi.spyOn(console, 'log').mockImplementation(() => undefined);
      const folder = emptyFolder();
      await exportArchive(new BucketClient(await signedWorld('theirs', theirs)), folder);
      const before = filesOf(folder);
      const other = new BucketClient(await signedWorld('ours', ours));
      await expect(exportArchive(other, folder)).rejects.toThrow('has the archive of another environment');
      expect(filesOf(folder)).toEqual(before);
    },
  );

  it('says how to have the first checkpoint signed', async () => {
    const refusal = new PlatformError(404, 'checkpoint_not_found', 'There is no such checkpoint.');
    await expect(exportArchive(new RefusingClient(refusal), 'nowhere')).rejects.toThrow(
      'npm run archive -- sign',
    );
  });

  it('says of other refusals what the platform says', async () => {
    const refusal = new PlatformError(403, 'forbidden', 'Auditors only.');
    await expect(exportArchive(new RefusingClient(refusal), 'nowhere')).rejects.toBe(refusal);
  });
});
