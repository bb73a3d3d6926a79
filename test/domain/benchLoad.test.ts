/** The parts of the benchmarks that could make a figure lie: the client's reading of answers, the ids, the trades. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from '../../bench/load/connection.ts';
import { closedLoop, openLoop } from '../../bench/load/loops.ts';
import { inTurn, type RequestSource, RequestTemplate, STAMP } from '../../bench/load/requests.ts';
import { number, table } from '../../bench/report.ts';
import { median, quantile } from '../../bench/statistics.ts';
import { batchTemplates, mixedTemplates, singleTemplates } from '../../bench/workload/commands.ts';
import { tradeCycle } from '../../bench/workload/trades.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A server that sends these pieces, each in a packet of its own, for every request. */
async function answering(pieces: readonly string[]): Promise<number> {
  server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function source(start = 'ok'): RequestSource {
  const template = new RequestTemplate({
    path: '/',
    contentType: 'text/plain',
    body: STAMP,
    commands: 1,
    target: 'a',
    expects: { status: 200, start },
  });
  return inTurn([template]);
}

describe('connection', () => {
  it('reads an answer whole, wherever it is cut', async () => {
    const pieces = ['HTTP/1.1 20', '1 Created\r\nContent-Le', 'ngth: 5\r\n', '\r\nhe', 'llo'];
    const connection = await Connection.open(await answering(pieces));
    for (let request = 0; request < 3; request++) {
      expect(await connection.send(Buffer.from('x'))).toEqual({ status: 201, start: 'hello' });
    }
    connection.close();
  });

  it('keeps the start of a long body and waits for its end', async () => {
    const port = await answering([
      `HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n${'a'.repeat(1_000)}`,
      'b'.repeat(1_000),
    ]);
    const connection = await Connection.open(port);
    expect((await connection.send(Buffer.from('x'))).start).toBe('a'.repeat(512));
    connection.close();
  });

  it.each(['', 'Content-Length: 2000\r\n'])(
    'does not wait for a body of what is not modified',
    async (length) => {
      const connection = await Connection.open(
        await answering([`HTTP/1.1 304 Not Modified\r\n${length}ETag: "2"\r\n\r\n`]),
      );
      for (let request = 0; request < 2; request++) {
        expect(await connection.send(Buffer.from('x'))).toEqual({ status: 304, start: '' });
      }
      connection.close();
    },
  );

  it('refuses an answer whose end it cannot know', async () => {
    const connection = await Connection.open(await answering(['HTTP/1.1 200 OK\r\n\r\n']));
    await expect(connection.send(Buffer.from('x'))).rejects.toThrow('Content-Length');
  });
});

describe('loops', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const load = { connections: 2, seconds: 0.2 };

  it('counts answers', async () => {
    const result = await closedLoop(await answering([ok]), source(), load);
    expect(result.requests).toBeGreaterThan(0);
    expect(result.commands).toBe(result.requests);
    expect(result.latencies).toHaveLength(result.requests);
  });

  it('ends with the first wrong answer', async () => {
    const failing = 'HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok';
    await expect(closedLoop(await answering([failing]), source(), load)).rejects.toThrow('answered 500');
    server?.close();
    await expect(closedLoop(await answering([ok]), source('accepted'), load)).rejects.toThrow('accepted');
    server?.close();
    const paced = { ...load, requestsPerSecond: 100 };
    await expect(openLoop(await answering([failing]), source(), paced)).rejects.toThrow('answered 500');
  });

  it('offers a rate, and tells what it could not send', async () => {
    const result = await openLoop(await answering([ok]), source(), { ...load, requestsPerSecond: 50 });
    expect(result.requests + result.unsent).toBe(10);
  });
});

describe('requests', () => {
  it('never repeat an id and never change their length', () => {
    for (const templates of [
      batchTemplates('product', 10, 2, 'trade id'),
      mixedTemplates('product', 20, 2, 'own id'),
      singleTemplates('product', 2, 'trade id'),
    ]) {
      const made = Array.from({ length: templates.length * 2 }, (_, index) =>
        templates[index % templates.length]?.make().bytes.toString(),
      );
      const ids = made.map((text) => /"tradeId":"([^"]+)"/.exec(text ?? '')?.[1]);
      expect(new Set(ids).size).toBe(made.length);
      expect(made.join('')).not.toContain(STAMP);
      for (const text of made) {
        const [head = '', body = ''] = (text ?? '').split('\r\n\r\n');
        expect(Number(/Content-Length: (\d+)/.exec(head)?.[1])).toBe(Buffer.byteLength(body));
      }
    }
  });

  it('give product and baseline the same bytes', () => {
    const body = (side: 'product' | 'baseline') =>
      batchTemplates(side, 100, 3, 'trade id').map((template) => {
        const text = template.make().bytes.toString().split('\r\n\r\n')[1] ?? '';
        return text.replaceAll(/t-[0-9a-z]{8}/g, 't-');
      });
    expect(body('product')).toEqual(body('baseline'));
  });

  it('take the command id from the trade, or not', () => {
    const line = (ids: 'trade id' | 'own id') => {
      const text = batchTemplates('product', 1, 1, ids)[0]?.make().bytes.toString() ?? '';
      return JSON.parse(text.split('\r\n\r\n')[1] ?? '') as { commandId: string; data: { tradeId: string } };
    };
    const same = line('trade id');
    expect(same.commandId).toBe(same.data.tradeId);
    const own = line('own id');
    expect(own.commandId).not.toBe(own.data.tradeId);
  });
});

describe('trades', () => {
  it('end flat, so that a cycle can be repeated for ever', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const held = new Map<string, number>();
      for (const { symbol, side, quantity } of tradeCycle(seed, 200)) {
        const change = Math.round(Number(quantity) * 100) * (side === 'BUY' ? 1 : -1);
        held.set(symbol, (held.get(symbol) ?? 0) + change);
      }
      expect([...held.values()].every((quantity) => quantity === 0)).toBe(true);
    }
  });

  it('mix sides, symbols and decimals', () => {
    const trades = tradeCycle(1, 200);
    const sells = trades.filter(({ side }) => side === 'SELL').length;
    expect(sells).toBe(100);
    expect(new Set(trades.map(({ symbol }) => symbol)).size).toBe(10);
    expect(new Set(trades.map(({ price }) => price.split('.')[1]?.length))).toEqual(new Set([2, 3, 4]));
    expect(trades.every(({ price }) => Number(price) > 0)).toBe(true);
  });
});

describe('statistics and report', () => {
  it('median and quantiles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('says beside each figure whether its target was reached', () => {
    const text = table('t', [
      { name: 'a', unit: 'x', value: 5, rounds: [5], ratio: 0.5, targets: [{ of: 'ratio', atLeast: 0.35 }] },
      { name: 'b', unit: 'ms', value: 12, rounds: [12], targets: [{ of: 'value', atMost: 10 }] },
      { name: 'c', unit: 'ms', value: Number.NaN, rounds: [], targets: [{ of: 'value', atMost: 10 }] },
    ]);
    expect(text).toMatch(/a .*≥ 0.35 × reached/);
    expect(text).toMatch(/b .*≤ 10 missed/);
    expect(text).toMatch(/c .*n\/a.*missed/);
    expect(number(1234567.8)).toBe('1,234,568');
  });
});
