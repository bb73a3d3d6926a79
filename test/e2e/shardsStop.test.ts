/** The end of a server in shards: what was asked is answered, and no shard waits for another that is connected to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, expect, it, vi } from 'vitest';
import { FolioClient } from '../../client/index.ts';
import { startPlatform } from '../../local/platform.ts';
import { HandlersLine } from '../../local/shards/handlers.ts';
import { findShards, shardOf } from '../../local/shards/options.ts';
import { FIRST_SHARD } from '../../local/shards/ownership.ts';
import { bundledToy } from '../support/shardToyWorker.ts';

const TEST_MS = 180_000;

const POLL_MS = 5;

/** More than the watch asks for before it believes that nothing is to be answered. */
const COUNTS = 6;

/** In which a runtime hears that a client has gone away. Where it does not, the test has nothing to find. */
const NOTICE_MS = 300;

const folder = mkdtempSync(join(tmpdir(), 'folio-shards-stop-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('has answered all when its handlers are at nothing, and not before', { timeout: TEST_MS }, async () => {
  const shards = await findShards(1);
  const worker = shardOf(await bundledToy(folder), FIRST_SHARD, shards);
  const runtime = new Miniflare(
    convertV4MiniflareOptions({ workers: [worker], host: '127.0.0.1', port: 0, cf: false }),
  );
  const ask = async (route: string) => await (await runtime.dispatchFetch(`http://toy${route}`)).text();
  const line = new HandlersLine(shards, 0);
  await line.open();
  expect(line.idle(), 'nobody is there').toBeUndefined();
  await runtime.ready;
  while (line.idle() === undefined) await sleep(POLL_MS);
  try {
    const ends: string[] = [];
    const held = ask('/hold').then((text) => void ends.push(text));
    while ((await ask('/is-holding')) !== 'true') await sleep(POLL_MS);
    const idle = line.idle()?.then(() => void ends.push('at nothing'));
    expect(idle).toBeInstanceOf(Promise);
    for (let count = 0; count < COUNTS; count++) await ask('/is-holding').then(() => sleep(20));
    expect(ends).toEqual([]);
    await ask('/go-on');
    await Promise.all([held, idle]);
    expect(ends).toEqual(['held', 'at nothing']);
  } finally {
    await runtime.dispose();
  }
  while (line.idle() !== undefined) await sleep(POLL_MS);
  line.close();
});

it('is not waited for where the shard accepts it and never answers', async () => {
  const shards = await findShards(1);
  const hanging = createServer(() => undefined);
  await new Promise<void>((resolve) => hanging.listen(shards.ports[0], '127.0.0.1', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const line = new HandlersLine(shards, 0);
  try {
    const opened = line.open();
    await vi.runAllTimersAsync();
    await opened;
    expect(line.idle()).toBeUndefined();
  } finally {
    line.close();
    vi.useRealTimers();
    hanging.close();
  }
});

it('has answered all too where a client went away meanwhile', { timeout: TEST_MS }, async () => {
  const shards = await findShards(1);
  const toy = { ...(await bundledToy(folder)), unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] };
  const worker = shardOf(toy, FIRST_SHARD, shards);
  const runtime = new Miniflare(
    convertV4MiniflareOptions({ workers: [worker], host: '127.0.0.1', port: 0, cf: false }),
  );
  const ask = async (route: string) => await (await runtime.dispatchFetch(`http://toy${route}`)).text();
  try {
    await runtime.ready;
    const { port } = await runtime.unsafeGetDirectURL('toy');
    const client = connect(Number(port), '127.0.0.1');
    client.write('GET /hold HTTP/1.1\r\nHost: toy\r\n\r\n');
    while ((await ask('/is-holding')) !== 'true') await sleep(POLL_MS);
    // As the system does for a client that ends with something unread: a mere end could mean that it only listens.
    client.resetAndDestroy();
    await sleep(NOTICE_MS);
    await ask('/go-on');
    const line = new HandlersLine(shards, 0);
    await line.open();
    const idle = line.idle();
    expect(idle).toBeInstanceOf(Promise);
    await idle;
    line.close();
    expect(await ask('/is-holding')).toBe('false');
  } finally {
    await runtime.dispose();
  }
});

it('ends the other shards before the first, which would wait for their connections', {
  timeout: TEST_MS,
}, async () => {
  const platform = await startPlatform({
    port: 0,
    stateDir: join(folder, 'state'),
    crons: false,
    logLevel: 'error',
    shards: 2,
  });
  const client = new FolioClient({ url: platform.url, token: platform.token });
  const opening = { customerId: 'customer-1', accountType: 'INDIVIDUAL', currency: 'USD' } as const;
  // Accounts of both shards, whose first announcements connect each with the other.
  for (let index = 0; index < 12; index++)
    await client.call('openAccount', {
      body: { accountId: `stop-${index}`, ...opening, initialBalance: '1' },
    });
  for (let index = 0; index < 12; index++)
    await client.call('getPortfolio', { params: { id: `stop-${index}` }, query: { minVersion: 1 } });
  const first = platform.runtimePid() as number;
  const others = platform.shardPids();
  let isStopped = false;
  const stopped = platform.stop().then(() => {
    isStopped = true;
  });
  const firstAlone: number[] = [];
  while (!isStopped) {
    const isFirstGone = !isAlive(first);
    if (isFirstGone) firstAlone.push(...others.filter(isAlive));
    await sleep(POLL_MS);
  }
  await stopped;
  expect(others).toHaveLength(1);
  expect(firstAlone).toEqual([]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
