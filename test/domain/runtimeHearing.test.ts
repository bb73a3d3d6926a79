import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { endWhenDeaf } from '../../local/runtimeHearing.ts';

const LOOK_MS = 5;

/** In which it is looked at often enough for anything that is wrong to show. */
const MANY_LOOKS_MS = 40 * LOOK_MS;

let letGo: (() => void) | undefined;

afterEach(() => letGo?.());

async function listening(port = 0): Promise<{ server: Server; port: number; close(): Promise<void> }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => new Promise<void>((closed) => void server.close(() => closed()));
  return { server, port: (server.address() as { port: number }).port, close };
}

/** A runtime under an id that can be given to another, and how often it was killed. */
function watched(port: number) {
  const runtime = { id: 1 as number | undefined, kills: 0 };
  letGo = endWhenDeaf(port, { pid: () => runtime.id, kill: () => void runtime.kills++ }, LOOK_MS);
  return runtime;
}

describe('a runtime', () => {
  it('is ended once where it accepted connections and refuses them now', async () => {
    const { server, port, close } = await listening();
    const isHeard = new Promise((heard) => server.once('connection', heard));
    const runtime = watched(port);
    await isHeard;
    await sleep(MANY_LOOKS_MS);
    expect(runtime.kills).toBe(0);
    await close();
    while (runtime.kills === 0) await sleep(LOOK_MS);
    await sleep(MANY_LOOKS_MS);
    expect(runtime.kills).toBe(1);
  });

  it('is left alone while it starts, also in the place of one that was heard, and where there is none', async () => {
    const { server, port, close } = await listening();
    await close();
    const starting = watched(port);
    await sleep(MANY_LOOKS_MS);
    expect(starting.kills, 'it never accepted').toBe(0);
    const again = await listening(port);
    await new Promise((heard) => again.server.once('connection', heard));
    await sleep(LOOK_MS);
    starting.id = 2;
    await again.close();
    await sleep(MANY_LOOKS_MS);
    expect(starting.kills, 'that was another').toBe(0);
    starting.id = undefined;
    await sleep(MANY_LOOKS_MS);
    expect(starting.kills).toBe(0);
    expect(server.listening).toBe(false);
  });

  it('is not looked at any more once it is let go', async () => {
    const { server, port, close } = await listening();
    const runtime = watched(port);
    await new Promise((heard) => server.once('connection', heard));
    letGo?.();
    await close();
    await sleep(MANY_LOOKS_MS);
    expect(runtime.kills).toBe(0);
  });
});
