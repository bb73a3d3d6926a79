/** A runtime that ended, or was told to, while the server goes on runs again. */
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

/** More than passes between two looks at a runtime. */
const HEARD_MS = 3_000;

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

const CONTENTS = `
  export default {
    fetch(request) {
      if (!request.url.endsWith('/endless')) return new Response('here');
      return new Response(new ReadableStream({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode('.'));
          await scheduler.wait(50);
        },
      }));
    },
  };`;

let restarts = 0;

async function start(name: string) {
  const dataFolder = join(folder, name);
  mkdirSync(dataFolder);
  const pidFile = join(folder, `${name}.pid`);
  const options = { log, pidFile, dataFolder, shared: undefined, ownSignals: false };
  const runtime = await LocalRuntime.inPlaceOfAbandoned(options);
  const worker = {
    name: 'toy',
    compatibilityDate: '2026-11-01',
    modules: [{ type: 'ESModule' as const, path: 'toy.js', contents: CONTENTS }],
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
  restarts = 0;
  const miniflare = await runtime.start([worker], { unsafeHandleRuntimeRestart: () => void restarts++ });
  const { href, port } = await miniflare.unsafeGetDirectURL('toy');
  return { runtime, href, port: Number(port), pid: runtime.pid() as number };
}

it('is tried again until another program has let go of its port', { timeout: TEST_MS }, async () => {
  const { runtime, href, port, pid } = await start('taken');
  try {
    expect(await (await fetch(href)).text()).toBe('here');
    const taking = take(port);
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

it('is started again too where somebody else told it to end and somebody is connected for good', {
  timeout: TEST_MS,
}, async () => {
  const { runtime, href, pid } = await start('told');
  try {
    const { body } = await fetch(new URL('/endless', href));
    const reading = body?.pipeTo(new WritableStream()).catch(() => 'ended');
    // Long enough to have been heard once: a runtime that never accepted may only be starting.
    await sleep(HEARD_MS);
    process.kill(pid, 'SIGTERM');
    expect(await reading).toBe('ended');
    while (restarts === 0) await sleep(POLL_MS);
    expect(await (await fetch(href)).text()).toBe('here');
    expect(runtime.pid()).not.toBe(pid);
  } finally {
    await runtime.stop();
  }
});
