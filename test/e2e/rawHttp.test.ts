/** Bytes that are nearly HTTP, sent to the real server: no request hides in another, and no header in a value. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../demo/client.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { BATCH_BYTES_MAX } from '../../workers/http/body.ts';
import { IN_FLIGHT_BYTES_MAX, STAY_MS_MAX } from '../../workers/limits/admission.ts';

const START_MS = 180_000;

/** What a server has not answered by then it waits for more of. */
const SILENCE_MS = 1_500;

/** After so long a server has dealt with the headers that it was sent. */
const LATER_MS = 100;

/** The answers on a connection, as bytes tell them. */
interface Conversation {
  readonly statuses: readonly number[];
  readonly text: string;
  /** Whether the server closed the connection. */
  readonly isClosed: boolean;
}

describe('the server', () => {
  let platform: OwnPlatform;
  let client: Client;
  let authorization: string;

  beforeAll(async () => {
    platform = await OwnPlatform.start();
    client = new Client(platform.url, platform.token);
    authorization = `Authorization: Bearer ${platform.token}`;
  }, START_MS);

  afterAll(async () => {
    client?.close();
    await platform?.stop(false);
  });

  /** Sends bytes, and `later` what comes after them in a packet of its own. */
  function send(bytes: string, later?: string): Promise<Conversation> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(platform.url).port), '127.0.0.1', () => {
        socket.write(bytes, 'latin1');
        if (later !== undefined) setTimeout(() => socket.write(later, 'latin1'), LATER_MS);
      });
      let text = '';
      const done = (isClosed: boolean) => {
        clearTimeout(timer);
        socket.destroy();
        const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
        resolve({ statuses, text, isClosed });
      };
      const timer = setTimeout(() => done(false), SILENCE_MS);
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => done(true));
    });
  }

  /** Sends bytes, and hangs up without waiting for an answer. */
  function sendAndLeave(bytes: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(platform.url).port), '127.0.0.1', () =>
        socket.write(bytes, 'latin1', () => socket.resetAndDestroy()),
      );
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  }

  const request = (line: string, headers: readonly string[], body = '') =>
    [`${line} HTTP/1.1`, 'Host: folio.test', ...headers, '', body].join('\r\n');

  /** A whole request that opens an account: what somebody would hide in another one. */
  function hidden(accountId: string): string {
    const body = JSON.stringify({ accountId, customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' });
    const headers = [authorization, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    return request('POST /v1/accounts', headers, body);
  }

  it('runs the request that others try to hide, when it is sent as one', async () => {
    expect((await send(hidden('plain'))).statuses).toEqual([201]);
    expect((await client.send({ method: 'GET', path: '/v1/accounts/plain' })).status).toBe(200);
  });

  it.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 500'], '{}'],
    ['a list of lengths', ['Content-Length: 2, 2'], '{}'],
    ['a negative length', ['Content-Length: -1'], ''],
    ['a signed length', ['Content-Length: +2'], '{}'],
    ['a length in hexadecimal', ['Content-Length: 0x2'], '{}'],
    ['a length and chunks', ['Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'],
    ['chunks after a tab', ['Transfer-Encoding:\tchunked', 'Content-Length: 3'], '0\r\n\r\n'],
    ['chunks before a space', ['Transfer-Encoding : chunked', 'Content-Length: 5'], '0\r\n\r\n'],
    ['an unknown coding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'],
    ['a chunk of no size', ['Transfer-Encoding: chunked'], 'ZZ\r\n{}\r\n0\r\n\r\n'],
    ['a chunk of too many digits', ['Transfer-Encoding: chunked'], 'FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'],
  ])('takes nothing for a second request after %s', async (name, framing, body) => {
    const accountId = `hidden-${name.replaceAll(' ', '-')}`;
    const first = request(
      'POST /v1/accounts',
      [authorization, 'Content-Type: application/json', ...framing],
      body,
    );
    const { statuses, isClosed } = await send(first + hidden(accountId));
    expect(statuses).toEqual([400]);
    expect(isClosed).toBe(true);
    expect((await client.send({ method: 'GET', path: `/v1/accounts/${accountId}` })).status).toBe(404);
  });

  it.each([
    ['a line that goes on in the next', 'X-Correlation-Id: a\r\n b'],
    ['a carriage return', 'X-Correlation-Id: a\rX-Injected: 1'],
    ['a NUL', 'X-Correlation-Id: a\0b'],
    ['no name', ': a'],
    ['no colon', 'X-Correlation-Id'],
    ['another host', 'Host: other.test'],
  ])('refuses a header with %s', async (_, header) => {
    const { statuses, text } = await send(request('GET /v1/event-types', [authorization, header]));
    expect(statuses).toEqual([400]);
    expect(text).not.toMatch(/^X-Injected/im);
  });

  it.each([
    ['a path', 'GET /v1/accounts/a%0d%0aX-Injected:%201', []],
    ['a query', 'GET /v1/events?type=a%0d%0aX-Injected:%201', []],
    ['a correlation id', 'GET /v1/event-types', ['X-Correlation-Id: a%0d%0aX-Injected:%201']],
    ['an idempotency key', 'GET /v1/accounts/a', ['Idempotency-Key: a\u0085X-Injected: 1']],
  ])('puts no header into its answer from %s', async (_, line, headers) => {
    const { statuses, text } = await send(request(line, [authorization, ...headers]));
    expect(statuses).toHaveLength(1);
    expect(text.split('\r\n\r\n')[0]).not.toMatch(/^X-Injected/im);
  });

  it.each([
    ['without a token', 'POST /v1/accounts', []],
    ['for a path that is none', 'POST /v1/nothing', ['Content-Type: application/json']],
    [
      'of another media type',
      'POST /v1/connect/folio.v1.FolioService/GetAccount',
      ['Content-Type: text/plain'],
    ],
  ])('waits for the body of a request %s that it refuses, and goes on', async (name, line, headers) => {
    const token = name === 'without a token' ? [] : [authorization];
    const next = request('GET /v1/nothing', ['Connection: close']);
    const sized = request(line, [...token, ...headers, 'Content-Length: 2']);
    expect((await send(sized, `{}${next}`)).statuses).toEqual([expect.any(Number), 401]);
    const chunked = request(line, [...token, ...headers, 'Transfer-Encoding: chunked']);
    expect((await send(chunked, `2\r\n{}\r\n0\r\n\r\n${next}`)).statuses).toEqual([expect.any(Number), 401]);
  });

  it.each([
    ['larger than any', BATCH_BYTES_MAX + 1, 'application/json', 413],
    ['much larger', 2 * BATCH_BYTES_MAX, 'application/json', 413],
    ['of another media type', BATCH_BYTES_MAX, 'text/plain', 415],
  ])('tells the sender of a batch %s why it is refused, and goes on', async (_, bytes, type, refused) => {
    const headers = [authorization, `Content-Type: ${type}`, `Content-Length: ${bytes}`];
    const next = request('GET /v1/nothing', ['Connection: close']);
    const batch = request('POST /v1/commands', headers, ' '.repeat(bytes));
    expect((await send(batch + next)).statuses).toEqual([refused, 401]);
  });

  it.each([
    ['once it has sent all of it', 1],
    ['in the middle of it', 0.5],
  ])('gives back the room of a batch whose client hangs up %s', async (_, part) => {
    const commands = [
      { commandId: 'left', aggregateType: 'account', aggregateId: 'left', type: 'CloseAccount' },
    ];
    const batch = JSON.stringify({ commands }).padEnd(BATCH_BYTES_MAX / 4, ' ');
    const headers = [authorization, 'Content-Type: application/json', `Content-Length: ${batch.length}`];
    const whole = request('POST /v1/commands', headers, batch);
    const clients = Math.ceil((2 * IN_FLIGHT_BYTES_MAX) / batch.length);
    for (let place = 0; place < clients; place++) await sendAndLeave(whole.slice(0, whole.length * part));
    await expect
      .poll(async () => (await client.send({ method: 'POST', path: '/v1/commands', body: batch })).status, {
        timeout: STAY_MS_MAX / 4,
      })
      .toBe(200);
  });

  it('tells how long a large answer is before it comes, and goes on after it', async () => {
    const batch = JSON.stringify({ commands: Array.from({ length: 1_000 }, () => ({})) });
    const headers = [authorization, 'Content-Type: application/json', `Content-Length: ${batch.length}`];
    const next = request('GET /v1/nothing', ['Connection: close']);
    const { statuses, text } = await send(request('POST /v1/commands', headers, batch) + next);
    expect(statuses).toEqual([200, 401]);
    const length = Number(/Content-Length: (\d+)/i.exec(text)?.[1]);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4).slice(0, length);
    expect(JSON.parse(body)).toMatchObject({ refused: 1_000 });
  });

  it('takes two tokens for none, and another method in a header for nothing', async () => {
    const wrong = await send(request('GET /v1/event-types', ['Authorization: Bearer wrong', authorization]));
    expect(wrong.statuses).toEqual([401]);
    const override = ['X-HTTP-Method-Override: DELETE', 'X-Method-Override: POST'];
    const read = await send(request('GET /v1/accounts/nobody', [authorization, ...override]));
    expect(read.statuses).toEqual([404]);
  });

  it('answers the methods of tunnels and mirrors with no more than that it has none', async () => {
    const { statuses, text } = await send(request('TRACE /v1/event-types', [authorization]));
    expect(statuses).toEqual([405]);
    expect(text).not.toContain(platform.token);
  });

  it('agrees to no compression of a socket: over the loopback it only costs', async () => {
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: Zm9saW8gaXMgYSBsb2cuLg==',
      'Sec-WebSocket-Protocol: folio.v1',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    ];
    const { statuses, text } = await send(request('GET /v1/stream', [authorization, ...upgrade]));
    expect(statuses).toEqual([101]);
    expect(text).toContain('"type":"welcome"');
    expect(text).not.toMatch(/^Sec-WebSocket-Extensions/im);
  });

  it('answers what is no HTTP at all, and goes on', async () => {
    for (const bytes of [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET / HTTP/9.9\r\n\r\n',
      '\r\n\r\n\0\0',
    ]) {
      const { statuses } = await send(bytes);
      expect(statuses.filter((status) => status !== 400)).toEqual([]);
    }
    expect((await client.send({ method: 'GET', path: '/healthz' })).status).toBe(200);
  });
});
