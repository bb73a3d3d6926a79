/** Calls between the shards of a server: their order, their failures, and who may make them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectWorker } from '../../local/objectRuntimes.ts';
import { findShards, type Shards, shardOf } from '../../local/shards/options.ts';
import { ownerOf } from '../../local/shards/ownership.ts';
import { bundledToy } from '../support/shardToyWorker.ts';

const START_MS = 60_000;

const POLL_MS = 20;

const CALLS = 120;

const folder = mkdtempSync(join(tmpdir(), 'folio-shard-calls-'));
const running = new Set<Miniflare>();
let shards: Shards;
let worker: ObjectWorker;

beforeAll(async () => {
  worker = await bundledToy(folder);
  shards = await findShards(2);
}, START_MS);

afterAll(async () => {
  await Promise.all([...running].map((runtime) => runtime.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(shard: number, ofShards = shards): Promise<Miniflare> {
  const workers = [shardOf(worker, shard, ofShards)];
  const runtime = new Miniflare(
    convertV4MiniflareOptions({ workers, host: '127.0.0.1', port: 0, cf: false }),
  );
  running.add(runtime);
  await runtime.ready;
  return runtime;
}

async function stop(runtime: Miniflare): Promise<void> {
  running.delete(runtime);
  await runtime.dispose();
}

/** A name that begins so and belongs to a shard. */
function nameIn(shard: number, prefix: string): string {
  for (let count = 0; ; count++) if (ownerOf(`${prefix}-${count}`, 2) === shard) return `${prefix}-${count}`;
}

/** Asks a shard, whichever it is, to do something by an object of it: handlers has only the first. */
async function ask(runtime: Miniflare, path: string): Promise<unknown> {
  const toys = await runtime.getDurableObjectNamespace('TOYS');
  return (await toys.get(toys.idFromName('stand-in')).fetch(`http://toy${path}`)).json();
}

const inOrder = Array.from({ length: CALLS }, (_, index) => index);

describe('calls from shard to shard', () => {
  it('keep their order from the first on, after a restart of the other as well, and whatever they carry', {
    timeout: START_MS,
  }, async () => {
    const first = await start(0);
    for (const round of [1, 2]) {
      const second = await start(1);
      // The connection is made with the first of them.
      for (const prefix of [`cold${round}`, `warm${round}`, `slow${round}`]) {
        const noted = await ask(first, `/noted?count=${CALLS}&name=${nameIn(1, prefix)}`);
        expect([prefix, noted]).toEqual([prefix, inOrder]);
      }
      expect(await ask(second, `/noted?count=${CALLS}&name=${nameIn(0, `back${round}`)}`)).toEqual(inOrder);
      await stop(second);
    }
    await stop(first);
  });

  it('fail as those within a shard do, and go on after that', { timeout: START_MS }, async () => {
    const [first, second] = await Promise.all([start(0), start(1)]);
    const failures = [0, 1].map((shard) => ask(first, `/failure?name=${nameIn(shard, 'failing')}`));
    const failed = { kind: 'TypeError', message: 'as it must', remote: true, retryable: true };
    expect(await Promise.all(failures)).toEqual([failed, failed]);
    for (const shard of [0, 1]) {
      const name = nameIn(shard, 'failing');
      expect(await ask(first, `/noted?count=1&name=${name}`)).toEqual([0]);
      const body = 'something';
      const answer = await first.dispatchFetch(`http://toy/?name=${name}`, { method: 'POST', body });
      expect(await answer.text()).toBe(`${name} was asked something`);
    }
    await Promise.all([stop(first), stop(second)]);
  });

  it('bring messages to queues, or say that they do not: none is taken and dropped', {
    timeout: START_MS,
  }, async () => {
    const second = await start(1);
    expect(await ask(second, '/send?name=lost')).toMatchObject({ message: expect.any(String) });
    const first = await start(0);
    expect(await ask(second, '/send?name=from-second')).toEqual({});
    expect(await ask(first, '/send?name=from-first')).toEqual({});
    for (const name of ['from-first', 'from-second']) {
      // The consumer leaves it with an object of that name.
      while (JSON.stringify(await ask(first, `/noted?count=0&name=${name}`)) === '[]') await sleep(POLL_MS);
    }
    expect(await ask(first, '/noted?count=0&name=lost')).toEqual([]);
    await Promise.all([stop(first), stop(second)]);
  });

  it('tell which others do not answer', { timeout: START_MS }, async () => {
    const three = await findShards(3);
    const first = await start(0, three);
    expect(await ask(first, '/silent')).toEqual(['shard 1', 'shard 2']);
    const [second, third] = await Promise.all([start(1, three), start(2, three)]);
    expect(await ask(first, '/silent')).toEqual([]);
    expect(await ask(third, '/silent')).toEqual([]);
    await stop(second);
    expect(await ask(first, '/silent')).toEqual(['shard 1']);
    expect(await ask(third, '/silent')).toEqual(['shard 1']);
    await Promise.all([stop(first), stop(third)]);
  });

  it('are all that the others do: by their own front door they answer nothing', {
    timeout: START_MS,
  }, async () => {
    const [first, second] = await Promise.all([start(0), start(1)]);
    const statusOf = async (runtime: Miniflare) =>
      (await runtime.dispatchFetch('http://toy/is-holding')).status;
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 404]);
    await Promise.all([stop(first), stop(second)]);
  });

  it('are answered to nobody who does not know the secret', { timeout: START_MS }, async () => {
    await start(1);
    const url = `http://127.0.0.1:${shards.ports[1]}/`;
    const guess = (text: string) => ({ 'Folio-Shard': encodeURIComponent(text) });
    const name = nameIn(1, 'asked');
    for (const headers of [
      {},
      { 'Folio-Shard': '%' },
      guess('null'),
      guess('"text"'),
      guess(JSON.stringify({ binding: 'TOYS', name })),
      guess(JSON.stringify({ secret: 'x'.repeat(43), binding: 'TOYS', name })),
      guess(JSON.stringify({ secret: [shards.secret], binding: 'TOYS', name })),
    ]) {
      const answer = await fetch(url, { headers });
      expect([answer.status, await answer.text()]).toEqual([404, '']);
    }
    const { ports } = await findShards(2);
    const stranger = await start(0, {
      ports: [ports[0] as number, shards.ports[1] as number],
      secret: 'x'.repeat(43),
    });
    expect(await ask(stranger, `/failure?name=${name}`)).toMatchObject({
      message: 'not a shard of this server',
    });
    const answer = await stranger.dispatchFetch(`http://toy/?name=${name}`);
    expect(answer.status).toBe(404);
    expect(await ask(stranger, '/silent')).toEqual(['shard 1']);
    const imposter = await start(1, { ports: [shards.ports[1] as number, ports[1] as number], secret: 'x' });
    expect(await ask(imposter, '/send?name=asked')).toMatchObject({ message: 'not a shard of this server' });
  });
});
