/** How the objects of a local server are spread over several runtimes. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../demo/random.ts';
import type { ObjectWorker } from '../../local/objectRuntimes.ts';
import { SHARDS_MAX, settleShards } from '../../local/shards/count.ts';
import {
  type ObjectNamespace,
  type ObjectStub,
  type Peer,
  remoteQueue,
  ShardedNamespace,
} from '../../local/shards/namespace.ts';
import { findShards, shardedEntry, shardOf } from '../../local/shards/options.ts';
import { ownerOf } from '../../local/shards/ownership.ts';

const COUNTS = Array.from({ length: SHARDS_MAX - 1 }, (_, index) => index + 2);

describe('the owner of a name', () => {
  // State folders are read back by it: what fails here would look for objects where they are not.
  it.each([
    ['acc-1', 0, 1, 0, 4],
    ['acc-2', 1, 1, 1, 5],
    ['order-1', 1, 1, 1, 5],
    ['directory-0', 1, 2, 1, 5],
    ['ledger', 0, 2, 0, 4],
    ['', 1, 1, 1, 5],
    ['ключ', 1, 2, 1, 1],
    ['😀', 0, 2, 0, 0],
    ['x'.repeat(64), 1, 2, 1, 5],
  ])('of "%s" is the same for good', (name, ofTwo, ofThree, ofFour, ofEight) => {
    expect([2, 3, 4, 8].map((shards) => ownerOf(name, shards))).toEqual([ofTwo, ofThree, ofFour, ofEight]);
    expect(ownerOf(name, 1)).toBe(0);
  });

  it.each(COUNTS)('is each of %i as often as the others', (shards) => {
    const random = seededRandom(29);
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-_';
    const word = () => Array.from({ length: 12 }, () => letters[random.integer(letters.length)]).join('');
    const sets = [
      Array.from({ length: 4_000 }, word),
      // As programs name what they make: nothing but the last digits differs.
      Array.from({ length: 4_000 }, (_, index) => `account-${index}`),
    ];
    for (const names of sets) {
      const counts = Array.from({ length: shards }, () => 0);
      for (const name of names) counts[ownerOf(name, shards)] = (counts[ownerOf(name, shards)] ?? 0) + 1;
      const share = names.length / shards;
      for (const count of counts) expect(Math.abs(count - share)).toBeLessThan(share * 0.15);
    }
  });
});

/** A namespace whose stubs say what was asked of them. */
function hereNamespace(asked: unknown[]): ObjectNamespace {
  const getByName = (name: string, options?: object): ObjectStub => {
    asked.push(['here', name, options]);
    return { fetch: async () => new Response(`here ${name}`) } as ObjectStub;
  };
  return {
    getByName,
    idFromName: (name) => ({ name }),
    get: (id, options) => getByName(String(id.name), options),
  };
}

function spread(shards = 2) {
  const asked: unknown[] = [];
  const peer = (shard: number): Peer => ({
    open: (object) => {
      asked.push(['opened', shard, object]);
      return {
        call: async (method, args) => {
          asked.push([method, args]);
          if (method === 'fail') throw new Error('failed');
          return 'answered';
        },
        close: () => asked.push(['closed']),
      };
    },
    fetch: async (object, request) =>
      new Response([shard, object.binding, object.name, request.method, request.url].join(' ')),
    enqueue: async (...given) => asked.push([shard, ...given]),
    ready: async () => undefined,
  });
  const namespace = new ShardedNamespace('ACCOUNTS', hereNamespace(asked), { shard: 0, shards, peer });
  const queue = remoteQueue('VIEWS_QUEUE', peer(0));
  return { asked, namespace, queue };
}

describe('a queue of the first shard', () => {
  it('takes messages of another, whether they come alone or together', async () => {
    const { asked, queue } = spread();
    await queue.send('one', { contentType: 'text' });
    await queue.sendBatch([{ body: 'two' }, { body: 'three' }], { delaySeconds: 1 });
    expect(asked).toEqual([
      [0, 'VIEWS_QUEUE', [{ body: 'one', contentType: 'text' }]],
      [0, 'VIEWS_QUEUE', [{ body: 'two' }, { body: 'three' }], { delaySeconds: 1 }],
    ]);
  });
});

describe('a namespace in shards', () => {
  it('asks for its own objects as ever', () => {
    const { asked, namespace } = spread();
    const place = { locationHint: 'weur' };
    namespace.getByName('acc-1', place);
    namespace.get(namespace.idFromName('acc-1'), place);
    expect(asked).toEqual([
      ['here', 'acc-1', place],
      ['here', 'acc-1', place],
    ]);
  });

  it('calls an object of another shard there, with all that it was given and in that order', async () => {
    const { asked, namespace } = spread();
    const stub = namespace.getByName('acc-2') as unknown as Record<string, (...args: unknown[]) => unknown>;
    const calls = [stub.executeBrief?.('a', { b: 1 }, undefined), stub.head?.(), stub.read?.(3)];
    expect(await Promise.all(calls)).toEqual(['answered', 'answered', 'answered']);
    expect(asked).toEqual([
      ['opened', 1, { binding: 'ACCOUNTS', name: 'acc-2' }],
      ['executeBrief', ['a', { b: 1 }, undefined]],
      ['head', []],
      ['read', [3]],
      ['closed'],
    ]);
  });

  it('keeps no way to an object open that nobody waits for, and finds another after a failure', async () => {
    const { asked, namespace } = spread();
    const stub = namespace.getByName('acc-2') as unknown as Record<string, () => Promise<unknown>>;
    await expect(stub.fail?.()).rejects.toThrow('failed');
    await stub.head?.();
    expect(asked.map((call) => (call as unknown[])[0])).toEqual([
      'opened',
      'fail',
      'closed',
      'opened',
      'head',
      'closed',
    ]);
  });

  it('asks the shard that a name belongs to, of several', async () => {
    const { asked, namespace } = spread(4);
    const names = ['acc-3', 'acc-4', 'directory-1', 'acc-2'];
    for (const name of names) await (namespace.getByName(name) as never as { head(): unknown }).head();
    const opened = asked.filter((call) => (call as unknown[])[0] === 'opened');
    expect(opened.map((call) => (call as unknown[])[1])).toEqual([2, 3, 2, 1]);
  });

  it('gives stubs that are no promises, and can be waited for', async () => {
    const { asked, namespace } = spread();
    const stub = namespace.getByName('acc-2');
    expect(stub.then).toBeUndefined();
    expect(await stub).toBe(stub);
    expect((stub as unknown as Record<symbol, unknown>)[Symbol.toPrimitive]).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('sends requests to objects of another shard, whatever they are given as', async () => {
    const { namespace } = spread();
    const fetch = namespace.get(namespace.idFromName('acc-2')).fetch as unknown as typeof globalThis.fetch;
    const texts = await Promise.all(
      [
        fetch('https://object/a', { method: 'POST', body: 'x' }),
        fetch(new URL('https://object/b')),
        fetch(new Request('https://object/c')),
      ].map(async (answer) => (await answer).text()),
    );
    expect(texts).toEqual([
      '1 ACCOUNTS acc-2 POST https://object/a',
      '1 ACCOUNTS acc-2 GET https://object/b',
      '1 ACCOUNTS acc-2 GET https://object/c',
    ]);
  });

  it('has no objects without names', () => {
    expect(() => spread().namespace.get({})).toThrow('ACCOUNTS: only objects with names are in shards');
  });
});

describe('the number of shards of a state folder', () => {
  const base = mkdtempSync(join(tmpdir(), 'folio-shards-'));
  afterAll(() => rmSync(base, { recursive: true }));

  const OBJECT = `${'0a'.repeat(32)}.sqlite`;

  /** A folder with that file, the folders of these shards, and an object in some of them. */
  function folderWith({ shards, started = [], filled = started }: Given) {
    const path = mkdtempSync(join(base, 'state-'));
    const folder = { path, dataFolder: join(path, 'data'), shardsFile: join(path, 'data', 'shards') };
    mkdirSync(folder.dataFolder);
    for (const shard of started) addShard(folder, shard, filled.includes(shard));
    if (shards !== undefined) writeFileSync(folder.shardsFile, shards);
    return folder;
  }

  interface Given {
    readonly shards?: string;
    readonly started?: readonly number[];
    readonly filled?: readonly number[];
  }

  function addShard({ dataFolder }: { dataFolder: string }, shard: number, isFilled = true): void {
    const own = join(dataFolder, 'do', `folio${shard === 0 ? '' : `-${shard}`}-AccountActor`);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'metadata.sqlite'), '');
    if (isFilled) writeFileSync(join(own, OBJECT), '');
  }

  const settle = (folder: ReturnType<typeof folderWith>, asked?: number) =>
    settleShards(folder, 'folio', asked, true);

  function kept({ shardsFile }: { shardsFile: string }): string | undefined {
    return existsSync(shardsFile) ? readFileSync(shardsFile, 'utf8') : undefined;
  }

  it('is what a new folder was asked to have, and stays that once it has objects', () => {
    const folder = folderWith({});
    // A start that was refused, before there was anything.
    expect(settle(folder, 2)).toBe(2);
    expect(settle(folder, 3)).toBe(3);
    expect(kept(folder)).toBe('3\n');
    for (const shard of [0, 1, 2]) addShard(folder, shard);
    expect(settle(folder)).toBe(3);
    expect(settle(folder, 3)).toBe(3);
  });

  it('is one where nothing was asked for, and in a folder from before there were shards', () => {
    expect(settle(folderWith({}))).toBe(1);
    const earlier = folderWith({ started: [0] });
    expect(settle(earlier)).toBe(1);
    expect(settle(earlier, 1)).toBe(1);
    expect(kept(earlier)).toBeUndefined();
  });

  it('is chosen anew while there are no objects, whatever an attempt before has left', () => {
    expect(settle(folderWith({ shards: '2\n' }), 4)).toBe(4);
    expect(settle(folderWith({ shards: 'half' }), 2)).toBe(2);
    const interrupted = folderWith({ shards: '3\n', started: [1, 2], filled: [] });
    expect(settle(interrupted)).toBe(3);
    expect(settle(interrupted, 2)).toBe(2);
    addShard(interrupted, 0);
    addShard(interrupted, 1);
    expect(settle(interrupted), 'what the attempt left is no shard').toBe(2);
  });

  it.each<[Given, number, string]>([
    [{ shards: '2\n', started: [0, 1] }, 3, 'are in 2 shards, not 3: choose another --state'],
    [{ shards: '1\n', started: [0] }, 2, 'are in one shard, not 2'],
    [{ started: [0] }, 2, 'are in one shard, not 2'],
  ])('is no other once there are objects (%j, asked %i)', (given, asked, message) => {
    const folder = folderWith(given);
    expect(() => settle(folder, asked)).toThrow(message);
    expect(kept(folder)).toBe(given.shards);
  });

  it.each(['', 'two', '0', '9', '1.5', '-2', '2 3'])('is not guessed from a damaged file: "%s"', (shards) => {
    const folder = folderWith({ shards, started: [0] });
    expect(() => settle(folder)).toThrow(`${folder.shardsFile} has to be a number from 1 to 8`);
    expect(() => settle(folder, 2)).toThrow('has to be a number');
  });

  it('has to be said where its file was lost, and is kept again then', () => {
    const folder = folderWith({ started: [0, 1, 2], filled: [0, 1] });
    expect(() => settle(folder)).toThrow(
      `${folder.shardsFile} is missing, and there are folders of shards 0, 1, 2`,
    );
    expect(() => settle(folder, 1)).toThrow('are in 2 shards, not 1');
    expect(() => settle(folder, 4)).toThrow('are in 3 shards, not 4');
    expect(kept(folder)).toBeUndefined();
    expect(settle(folder, 3)).toBe(3);
    expect(settle(folder)).toBe(3);
    const ofOne = folderWith({ started: [0, 1], filled: [0] });
    expect(settle(ofOne, 1)).toBe(1);
    expect(settle(ofOne)).toBe(1);
  });

  it.each([
    [{ shards: '3\n', started: [0, 2] }, 'the objects of shard 1 are missing in'],
    [{ shards: '2\n', started: [1] }, 'the objects of shard 0 are missing in'],
    [{ shards: '4\n', started: [0, 1] }, 'the objects of shards 2, 3 are missing in'],
    [{ shards: '1\n', started: [0, 1] }, 'says 1, but there are objects of shard 1 as well'],
    [{ shards: '2\n', started: [0, 1, 2, 3] }, 'says 2, but there are objects of shards 2, 3 as well'],
  ])('is refused where it and the objects contradict each other: %j', (given, message) => {
    const folder = folderWith(given);
    expect(() => settle(folder)).toThrow(message);
    expect(() => settle(folder, Number(given.shards))).toThrow(message);
    expect(kept(folder)).toBe(given.shards);
  });

  it('is not kept where there cannot be several: the next start does not ask for them', () => {
    const folder = folderWith({});
    expect(() => settleShards(folder, 'folio', 2, false)).toThrow('2 shards need a process of its own');
    expect(kept(folder)).toBeUndefined();
    expect(settleShards(folder, 'folio', undefined, false)).toBe(1);
    const filled = folderWith({ shards: '2\n', started: [0, 1] });
    expect(() => settleShards(filled, 'folio', undefined, false)).toThrow('2 shards need a process');
  });

  it('is not read from folders of another Worker', () => {
    const folder = folderWith({ started: [0] });
    mkdirSync(join(folder.dataFolder, 'do', 'folio-2nd-1-Toy'));
    writeFileSync(join(folder.dataFolder, 'do', 'folio-2nd-1-Toy', OBJECT), '');
    expect(settle(folder)).toBe(1);
  });
});

describe('the Worker of a shard', () => {
  const worker = {
    name: 'folio',
    compatibilityDate: '2026-11-01',
    modules: [],
    bindings: { LOG_LEVEL: 'info' },
    d1Databases: { VIEWS: 'views' },
    durableObjects: {
      ACCOUNTS: { className: 'AccountActor', useSQLite: true },
      ARCHIVED: { className: 'AccountActor', useSQLite: true },
      LIMITERS: 'RateLimiter',
    },
    queueProducers: { QUEUE: { queueName: 'folio-views' } },
    queueConsumers: { 'folio-views': { maxBatchSize: 100 } },
    serviceBindings: { ASSETS: 'folio-assets' },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 8787 }],
  } as ObjectWorker;
  const shards = { ports: [7001, 7002, 7003], secret: 'the-secret' };
  const all = shards.ports.map((_, shard) => shardOf(worker, shard, shards));
  const way = (port: number) => ({ host: '127.0.0.1', port, entrypoint: 'ShardObjects' });
  const to = (port: number) => ({ external: { address: `127.0.0.1:${port}`, http: {} } });

  it('has queues, pages and the public socket in the first alone', () => {
    expect(all.map(({ queueConsumers }) => queueConsumers)).toEqual([
      worker.queueConsumers,
      undefined,
      undefined,
    ]);
    expect(all.map(({ queueProducers }) => queueProducers)).toEqual([
      worker.queueProducers,
      undefined,
      undefined,
    ]);
    expect(all.map(({ serviceBindings }) => serviceBindings)).toEqual([
      { ASSETS: 'folio-assets', SHARD_1: to(7002), SHARD_2: to(7003) },
      { SHARD_0: to(7001), SHARD_2: to(7003) },
      { SHARD_0: to(7001), SHARD_1: to(7002) },
    ]);
    expect(all.map(({ unsafeDirectSockets }) => unsafeDirectSockets)).toEqual([
      [{ host: '127.0.0.1', port: 8787 }, way(7001)],
      [way(7002)],
      [way(7003)],
    ]);
  });

  it('has everything else in all, under a name of its own: the objects of a shard are kept by it', () => {
    expect(all.map(({ name }) => name)).toEqual(['folio', 'folio-1', 'folio-2']);
    for (const [shard, one] of all.entries()) {
      expect(one).toMatchObject({
        d1Databases: worker.d1Databases,
        durableObjects: worker.durableObjects,
        bindings: {
          LOG_LEVEL: 'info',
          SHARD: {
            shard,
            shards: 3,
            namespaces: ['ACCOUNTS', 'ARCHIVED', 'LIMITERS'],
            queues: ['QUEUE'],
            secret: 'the-secret',
          },
        },
      });
    }
  });

  it('has each class once, and whatever else the Worker exports', () => {
    const entry = shardedEntry('/repository/"workers"/index.ts', worker);
    expect(entry).toContain(`import * as worker from "/repository/\\"workers\\"/index.ts";`);
    expect(entry.match(/export const \w+/g)).toEqual([
      'export const AccountActor',
      'export const RateLimiter',
    ]);
  });

  it('is found by ports and a secret of each start', async () => {
    const [first, second] = [await findShards(3), await findShards(3)];
    expect(new Set(first.ports).size).toBe(3);
    expect(first.secret).toHaveLength(43);
    expect(second.secret).not.toBe(first.secret);
  });
});
