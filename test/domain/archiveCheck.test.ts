/** `npm run archive -- check` over an archive in memory: what it must find missing. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { check } from '../../local/archive/check.ts';
import { ArchiveClient, type ArchiveObject } from '../../local/archive/client.ts';
import { ArchiveWorld, act } from '../support/archive.ts';

/** A platform whose archive and logs are those of a world, and whose directory may have forgotten some. */
class WorldClient extends ArchiveClient {
  readonly #world: ArchiveWorld;
  readonly #forgotten: readonly string[];

  constructor(world: ArchiveWorld, forgotten: readonly string[]) {
    super('http://world', undefined);
    this.#world = world;
    this.#forgotten = forgotten;
  }

  /** The one page of `GET /v1/archive/completeness`. */
  override async json<Reply>(): Promise<Reply> {
    const known = [...this.#world.accounts].filter(([id]) => !this.#forgotten.includes(id));
    const logs = known.map(async ([, { aggregate, source }]) => {
      const [position] = await this.#world.archivist.positions([source]);
      const { version: head } = aggregate.log.head();
      const state = head === position?.version ? 'COMPLETE' : 'BEHIND';
      return { ...source, state, head, archived: position?.version, archivedHash: position?.hash };
    });
    return { logs: await Promise.all(logs), next: null } as Reply;
  }

  override async bytes(key: string): Promise<Uint8Array> {
    return this.#world.bucket.objects.get(key) as Uint8Array;
  }

  override async *objects(from = ''): AsyncGenerator<ArchiveObject> {
    for (const [key, bytes] of [...this.#world.bucket.objects].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (key > from) yield { key, bytes: bytes.length };
  }
}

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => void vi.restoreAllMocks());

async function archivedWorld(): Promise<ArchiveWorld> {
  const world = new ArchiveWorld();
  for (let number = 0; number < 6; number++) act(world, `account-${number % 2}`, number);
  await world.checkpoint();
  return world;
}

describe('the check of an archive', () => {
  it('finds nothing where it has every event once', async () => {
    expect(await check(new WorldClient(await archivedWorld(), []))).toBe(0);
    expect(lines.at(-1)).toBe('2 logs: the archive has every event once');
  });

  it('names what is archived of an aggregate that the platform does not know any more', async () => {
    expect(await check(new WorldClient(await archivedWorld(), ['account-1']))).toBe(1);
    expect(lines).toContainEqual(
      expect.stringMatching(/^account\/account-1: the archive has 4 events of it, and the platform does not/),
    );
  });

  it('names a log that goes further', async () => {
    const world = await archivedWorld();
    act(world, 'account-0', 7);
    expect(await check(new WorldClient(world, []))).toBe(1);
    expect(lines).toContain('account/account-0: the log has 5 events, the archive 4');
  });

  it('names a manifest that is missing in the middle', async () => {
    const world = await archivedWorld();
    act(world, 'account-0', 7);
    await world.checkpoint();
    world.bucket.objects.delete('manifests/000000000001.json');
    expect(await check(new WorldClient(world, []))).toBe(1);
    expect(lines.join('\n')).toContain('manifests/000000000001.json: it is missing');
  });
});
