/** The local server's two processes: what either's end means for the other, and for what was acknowledged. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../demo/client.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../local/platform.ts';

/** Starts, restarts and sweeps, on a slow machine with other tests beside it. */
const TEST_MS = 120_000;

const POLL_MS = 50;

const folder = mkdtempSync(join(tmpdir(), 'folio-two-'));
const running: { platform: Platform; client: Client }[] = [];

afterEach(async () => {
  for (const { platform, client } of running.splice(0)) {
    client.close();
    await platform.stop();
  }
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<PlatformOptions> = {}) {
  const platform = await startPlatform({ port: 0, stateDir: folder, crons: false, ...options });
  const client = new Client(platform.url, platform.token);
  running.push({ platform, client });
  return { platform, client };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function open(client: Client, accountId: string) {
  const opening = {
    customerId: 'customer-1',
    accountType: 'INDIVIDUAL',
    currency: 'USD',
    initialBalance: '1',
  };
  const body = JSON.stringify({ accountId, ...opening });
  return client.send({ method: 'POST', path: '/v1/accounts', body });
}

/** Those that could have the databases, the oldest first. */
function entries(): string[] {
  const birthOf = (name: string) =>
    statSync(join(folder, 'registry', name), { throwIfNoEntry: false })?.birthtimeMs ?? Number.NaN;
  const births = readdirSync(join(folder, 'registry'))
    .filter((name) => name.includes('storage_candidate'))
    .map((name) => ({ name, birth: birthOf(name) }));
  return births.sort((a, b) => a.birth - b.birth).map(({ name }) => name);
}

/** Waits until the view of accounts has these. */
async function untilViewed(client: Client, ids: readonly string[]): Promise<void> {
  for (;;) {
    const { status, text } = await client.send({ method: 'GET', path: '/v1/accounts?limit=100' });
    // Never a fault of ours, also not where the databases are just gone.
    expect([200, 503]).toContain(status);
    if (status === 200 && ids.every((id) => text.includes(`"${id}"`))) return;
    await sleep(POLL_MS);
  }
}

describe('the local server', () => {
  it('goes on taking commands while what has the databases starts again, and loses none', {
    timeout: TEST_MS,
  }, async ({ skip }) => {
    const { platform, client } = await start();
    if (platform.storagePid() === undefined) skip();
    expect((await open(client, 'acc-before')).status).toBe(201);
    await untilViewed(client, ['acc-before']);
    const pid = platform.storagePid() as number;
    expect(pid).not.toBe(platform.runtimePid());
    process.kill(pid, 'SIGKILL');
    const ids = Array.from({ length: 20 }, (_, index) => `acc-${index}`);
    for (const id of ids) expect((await open(client, id)).status).toBe(201);
    await untilViewed(client, ['acc-before', ...ids]);
    expect(platform.storagePid()).not.toBe(pid);
    const pids = [platform.runtimePid(), platform.storagePid()] as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    await platform.stop();
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('starts on a folder that has lost its databases, and fills them from the logs', {
    timeout: TEST_MS,
  }, async () => {
    const { platform, client } = await start();
    expect((await open(client, 'acc-kept')).status).toBe(201);
    await untilViewed(client, ['acc-kept']);
    await platform.stop();
    rmSync(join(folder, 'data/d1'), { recursive: true });
    const again = await start();
    await again.platform.sweep();
    await untilViewed(again.client, ['acc-kept']);
  });

  it('has its databases back in their own process when the registry forgot who was first, as after the machine slept', {
    timeout: TEST_MS,
  }, async ({ skip }) => {
    const { platform, client } = await start();
    if (platform.storagePid() === undefined) skip();
    const [storage] = entries();
    rmSync(join(folder, 'registry', storage as string));
    while (entries().length < 2 || entries()[0] !== storage) await sleep(POLL_MS);
    expect((await open(client, 'acc-after')).status).toBe(201);
    await untilViewed(client, ['acc-after']);
  });

  it('says of no process that it crashed where all of them are told to end', {
    timeout: TEST_MS,
  }, async () => {
    const { platform, client } = await start();
    expect((await open(client, 'acc-last')).status).toBe(201);
    // As a supervisor does: the runtimes hear it from there and from the server.
    for (const pid of [platform.storagePid(), platform.runtimePid()]) {
      if (pid !== undefined) process.kill(pid, 'SIGTERM');
    }
    await platform.stop();
    expect(readFileSync(platform.logFile, 'utf8')).not.toContain('crashed');
  });

  it('is one process where that is asked for, over what two have written', { timeout: TEST_MS }, async () => {
    const two = await start();
    expect((await open(two.client, 'acc-two')).status).toBe(201);
    await untilViewed(two.client, ['acc-two']);
    await two.platform.stop();
    const one = await start({ oneProcess: true });
    expect([one.platform.storagePid(), one.platform.runtimePid()]).toEqual([undefined, expect.any(Number)]);
    expect((await open(one.client, 'acc-one')).status).toBe(201);
    await untilViewed(one.client, ['acc-two', 'acc-one']);
    await one.platform.stop();
    const again = await start();
    await untilViewed(again.client, ['acc-two', 'acc-one']);
  });
});
