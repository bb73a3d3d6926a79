/** A runtime that crashed runs again, also where it could not be started at once. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { LocalRuntime } from '../../local/localRuntime.ts';
import { LogFile } from '../../local/logFile.ts';

const TEST_MS = 120_000;

const POLL_MS = 5;

const folder = mkdtempSync(join(tmpdir(), 'folio-restart-'));
const log = new LogFile(join(folder, 'folio.log'));

afterAll(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Listens on a port as soon as nobody else does. */
async function take(port: number): Promise<Server> {
  for (;;) {
    const server = createServer((socket) => socket.destroy());
    const isTaken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (isTaken) return server;
  }
}

async function untilLogged(text: string): Promise<void> {
  while (!readFileSync(log.path, 'utf8').includes(text)) await sleep(POLL_MS);
}

it('is tried again until another program has let go of its port', { timeout: TEST_MS }, async () => {
  const dataFolder = join(folder, 'data');
  mkdirSync(dataFolder);
  const runtime = await LocalRuntime.inPlaceOfAbandoned({
    log,
    pidFile: join(folder, 'runtime.pid'),
    dataFolder,
    shared: undefined,
    ownSignals: false,
  });
  const contents = 'export default { fetch: () => new Response("here") };';
  let restarts = 0;
  const worker = {
    name: 'toy',
    compatibilityDate: '2026-11-01',
    modules: [{ type: 'ESModule' as const, path: 'toy.js', contents }],
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  const miniflare = await runtime.start([worker], {
    unsafeHandleRuntimeRestart: () => void restarts++,
  });
  const { href, port } = await miniflare.unsafeGetDirectURL('toy');
  const pid = runtime.pid() as number;
  try {
    expect(await (await fetch(href)).text()).toBe('here');
    const taking = take(Number(port));
    process.kill(pid, 'SIGKILL');
    const taker = await taking;
    await untilLogged('cannot be started again yet');
    await new Promise((closed) => taker.close(closed));
    await untilLogged('was started again');
    expect(await (await fetch(href)).text()).toBe('here');
    expect(restarts).toBe(1);
    expect(runtime.pid()).not.toBe(pid);
  } finally {
    await runtime.stop();
  }
});
