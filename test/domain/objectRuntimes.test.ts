import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LocalRuntime } from '../../local/localRuntime.ts';
import { ObjectRuntimes, type ObjectWorker } from '../../local/objectRuntimes.ts';

const WORKER: ObjectWorker = {
  name: 'toy',
  compatibilityDate: '2026-11-01',
  bindings: {},
  d1Databases: {},
  modules: [],
};

const GONE = { timeout: 30_000, interval: 5 };

/** In which an end of a connection is heard of on the same machine; until then it would be asked in vain. */
const HEARD_MS = 100;

/** What happened, in its order. */
let happened: string[] = [];
let server: Server | undefined;

afterEach(() => {
  happened = [];
  server?.closeAllConnections();
  server?.close();
});

/** A runtime that ends, when it is to stop, after something else. */
function runtime(name: string, after?: Promise<unknown>): LocalRuntime {
  const note = (what: string) => async () => {
    if (what === 'stops') await after;
    happened.push(`${name} ${what}`);
  };
  const fake = {
    start: note('starts'),
    expectEnd: () => void happened.push(`${name} may end`),
    stop: note('stops'),
    end: note('ends'),
  };
  return fake as unknown as LocalRuntime;
}

/** Starts two, of which the first says, once it is asked, that it is at so many requests, time after time; then that it is at none. */
async function started(counts: number[], after?: Promise<unknown>): Promise<ObjectRuntimes> {
  server = createServer((request, response) => {
    response.flushHeaders();
    request.once('data', () => {
      happened.push('first is asked');
      const timer = setInterval(() => {
        const count = counts.shift();
        if (counts.length === 0 && count !== undefined) happened.push('first has answered');
        response.write(`${count ?? 0}\n`);
      }, 1);
      response.on('close', () => clearInterval(timer));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const runtimes = new ObjectRuntimes([runtime('first', after), runtime('second')]);
  await runtimes.start(WORKER, { ports: [port, 1], secret: 'secret' }, [], {});
  happened = [];
  return runtimes;
}

describe('the runtimes of a server in shards', () => {
  it('take no end for a crash from when they are to stop, and end when the first has answered', async () => {
    // As long as the second is connected to it, the first does not end.
    const isGone = vi.waitUntil(() => happened.includes('second ends'), GONE);
    const runtimes = await started([2, 1, 0, 1], isGone);
    await runtimes.stop();
    expect(happened).toEqual([
      'first may end',
      'second may end',
      'first is asked',
      'first has answered',
      'second ends',
      'first stops',
    ]);
  });

  it('end after the first where nobody knows what it is at', async () => {
    const runtimes = await started([]);
    const isClosed = new Promise((closed) => server?.close(closed));
    server?.closeAllConnections();
    await isClosed;
    // It hears of that later than the server does.
    await new Promise((heard) => setTimeout(heard, HEARD_MS));
    await runtimes.stop();
    expect(happened).toEqual(['first may end', 'second may end', 'first stops', 'second ends']);
  });
});
