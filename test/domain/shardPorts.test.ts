import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findShards } from '../../local/shards/options.ts';

/** What the next choices of a port are; then they are as ever. */
const chosen = vi.hoisted((): number[] => []);

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof import('node:crypto')>();
  return { ...crypto, randomInt: (min: number, max: number) => chosen.shift() ?? crypto.randomInt(min, max) };
});

/** The lowest port that Linux gives to outgoing connections; other systems begin higher. */
const OUTGOING_PORT_MIN = 32_768;

const open: Server[] = [];

afterEach(() => Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done)))));

describe('ports of shards', () => {
  it('are none that an outgoing connection may get, each another one', async () => {
    for (let round = 0; round < 20; round++) {
      const { ports } = await findShards(8);
      expect(new Set(ports).size).toBe(8);
      expect(Math.max(...ports)).toBeLessThan(OUTGOING_PORT_MIN);
    }
  });

  it('are none that somebody has, and none twice', async () => {
    const [taken, free] = (await findShards(2)).ports as [number, number];
    const server = createServer();
    open.push(server);
    await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
    chosen.push(taken, free, free, taken);
    const { ports } = await findShards(2);
    expect(ports).toContain(free);
    expect(ports).not.toContain(taken);
    expect(new Set(ports).size).toBe(2);
  });
});
