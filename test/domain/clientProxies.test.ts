/** The typed client where something lies between it and the platform: what redirects, cuts answers short, or passes no upgrade on. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FolioClient, FolioProblem, FolioUnreachable } from '../../client/index.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const DONE = '{"aggregateId":"a","version":2,"events":[]}';
const deposit = { params: { id: 'a' }, body: { amount: '5' } };

const answer = (status: string, headers: readonly string[], body = '') =>
  [`HTTP/1.1 ${status}`, ...headers, 'Connection: close', '', body].join('\r\n');

/** An answer whose length nobody tells: it ends where the connection does, as answers of old proxies do. */
const unmeasured = (body: string) => answer('200 OK', ['Content-Type: application/json', 'ETag: "2"'], body);

/** A client whose connections meet these answers in turn, the last one for good. */
async function clientBehind(...answers: string[]) {
  const requests: string[] = [];
  const server = createServer((socket) => {
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += String(bytes);
      const [head = '', body = ''] = heard.split('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (!heard.includes('\r\n\r\n') || body.length < length) return;
      requests.push(heard);
      socket.end(answers[requests.length - 1] ?? (answers.at(-1) as string));
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const client = new FolioClient({ url, token: 'token', sleep: async () => undefined });
  return { client, requests };
}

describe('an answer', () => {
  it('that is cut short is none: the command is sent again under its key', async () => {
    const { client, requests } = await clientBehind(unmeasured(DONE.slice(0, 20)), unmeasured(DONE));
    expect(await client.call('depositFunds', deposit)).toMatchObject({ version: 2, data: { version: 2 } });
    const keys = requests.map((text) => /^idempotency-key: (.*)$/im.exec(text)?.[1]);
    expect(keys).toEqual([expect.stringMatching(/^\w+$/), keys[0]]);
  });

  it('that is cut short again and again rejects as one that never comes', async () => {
    const { client, requests } = await clientBehind(unmeasured(DONE.slice(0, 20)));
    const failure = await client.call('depositFunds', deposit).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(requests).toHaveLength(8);
  });

  it('that comes of something on the way, as those of Cloudflare itself do, is none either', async () => {
    const { client, requests } = await clientBehind(
      answer('524 A Timeout Occurred', ['Content-Type: text/html'], '<html>'),
      unmeasured(DONE),
    );
    expect(await client.call('depositFunds', deposit)).toMatchObject({ version: 2 });
    expect(requests).toHaveLength(2);
  });
});

describe('a url that redirects', () => {
  const elsewhere = 'https://folio.test/v1';

  it('is not followed, since a command would go on as a question: what it leads to is said', async () => {
    for (const status of ['301 Moved Permanently', '302 Found', '307 Temporary Redirect']) {
      const { client, requests } = await clientBehind(
        answer(status, [`Location: ${elsewhere}`]),
        unmeasured(DONE),
      );
      const failure = await client.call('depositFunds', deposit).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(FolioProblem);
      expect(failure).toMatchObject({ code: 'redirected', status: Number(status.slice(0, 3)) });
      expect(String(failure)).toContain(`leads on to ${elsewhere}`);
      expect(requests).toHaveLength(1);
    }
  });

  it('ends a stream with the same words', async () => {
    const { client } = await clientBehind(answer('308 Permanent Redirect', [`Location: ${elsewhere}`]));
    const events = client.stream().subscribe({ topic: 'events', aggregateType: 'account', aggregateId: 'a' });
    await expect(events.next()).rejects.toMatchObject({ code: 'redirected' });
  });
});

describe('a proxy that passes no upgrade on', () => {
  it('is what a stream says in the end, where the platform answers all the same', async () => {
    const problem = '{"status":426,"code":"upgrade_required","detail":"This is a WebSocket."}';
    const { client } = await clientBehind(
      answer('426 Upgrade Required', ['Content-Type: application/problem+json'], problem),
    );
    const events = client.stream().subscribe({ topic: 'events', aggregateType: 'account', aggregateId: 'a' });
    const failure = await events.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(String(failure)).toMatch(/8 attempts: the platform answers, .* a proxy .* pass upgrades/);
  });
});
