/** What clients are told when they ask for too much: 429 with when to come again, 503 before anything breaks. */
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VERIFIED_MS } from '../../workers/access/verified.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { readBytes } from '../../workers/http/body.ts';
import type { HttpEnv } from '../../workers/http/context.ts';
import { gatewayOf } from '../../workers/http/gateway.ts';
import { strangers } from '../../workers/http/middleware/limits.ts';
import type { ProblemError } from '../../workers/http/problem.ts';
import { IN_FLIGHT_BYTES_MAX } from '../../workers/limits/admission.ts';
import { REFUSALS_MAX } from '../../workers/limits/failures.ts';
import {
  call,
  eventually,
  opened,
  type Reply,
  type Sent,
  TEST_TOKEN,
  testEnv,
  verdict,
} from '../support/api.ts';
import { collect, socketClient, WorkerSocket } from '../support/graphqlSocket.ts';

/** A Worker with quotas of its own, and so with callers of its own. */
function worker(
  variables: Partial<Record<'RATE_CLIENT_REQUESTS' | 'RATE_ACCOUNT_COMMANDS', string>> = {},
): Env {
  return { ...testEnv, ...variables };
}

const send = (env: Env, method: string, path: string, sent: Sent = {}) =>
  call(method, path, { ...sent, env });

/** Everything that is taken until nothing more is. */
function all<Taken>(take: () => Taken | undefined): Taken[] {
  const taken: Taken[] = [];
  for (let next = take(); next !== undefined; next = take()) taken.push(next);
  return taken;
}

const limitsOf = ({ headers }: Reply) => [headers.get('RateLimit-Policy'), headers.get('RateLimit')];

describe('the quota of a client', () => {
  it('is told with every answer, and spent at some point', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T10:00:02Z') });
    try {
      const env = worker({ RATE_CLIENT_REQUESTS: '5' });
      const replies: Reply[] = [];
      for (let place = 0; place < 7; place++) replies.push(await send(env, 'GET', '/v1/event-types'));
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
      expect(replies.map(limitsOf).slice(0, 2)).toEqual([
        ['"client";q=5;w=10', '"client";r=4;t=8'],
        ['"client";q=5;w=10', '"client";r=3;t=8'],
      ]);
      const last = replies[6] as Reply;
      expect(verdict(last)).toBe('429 rate_limited');
      expect(limitsOf(last)).toEqual(['"client";q=5;w=10', '"client";r=0;t=8']);
      expect(last.headers.get('Retry-After')).toBe('8');
      vi.setSystemTime(Date.parse('2026-11-21T10:00:10Z'));
      expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not spent on refused tokens, and stands in no answer to them', async () => {
    const env = worker({ RATE_CLIENT_REQUESTS: '1' });
    for (let place = 0; place < 3; place++) {
      const reply = await send(env, 'GET', '/v1/event-types', { headers: { Authorization: 'Bearer x' } });
      expect([reply.status, ...limitsOf(reply)]).toEqual([401, null, null]);
    }
    expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
  });
});

describe('the quota of an account', () => {
  // A quota is given anew every ten seconds: one that ended in the midst of a test would let more through.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T10:00:02Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is spent by requests to it, whoever sends them, and not by those to others', async () => {
    const env = worker({ RATE_ACCOUNT_COMMANDS: '2' });
    for (const id of ['rate-1', 'rate-2']) await opened(id);
    const statuses: number[] = [];
    for (let place = 0; place < 3; place++) {
      statuses.push(
        (await send(env, 'POST', '/v1/accounts/rate-1/deposits', { body: { amount: '1' } })).status,
      );
    }
    expect(statuses).toEqual([200, 200, 429]);
    const reply = await send(env, 'GET', '/v1/accounts/rate-1');
    expect(verdict(reply)).toBe('429 rate_limited');
    expect(reply.headers.get('RateLimit-Policy')).toBe('"account";q=2;w=10');
    expect((await send(env, 'GET', '/v1/accounts/rate-2')).status).toBe(200);
  });

  it('lets the first commands of a batch through, in their order', async () => {
    const env = worker({ RATE_ACCOUNT_COMMANDS: '3' });
    for (const id of ['rate-3', 'rate-4']) await opened(id);
    const deposit = (aggregateId: string, place: number) => ({
      commandId: `rate-${aggregateId}-${place}`,
      aggregateType: 'account',
      aggregateId,
      type: 'DepositFunds',
      data: { amount: '1' },
    });
    const commands = [0, 1, 2, 3, 4].flatMap((place) => [deposit('rate-3', place), deposit('rate-4', place)]);
    const { body } = await send(env, 'POST', '/v1/commands', { body: { commands: commands.slice(0, 9) } });
    expect(body).toMatchObject({ accepted: 6, refused: 3 });
    const results = body.results as { status: string; code?: string; version?: number }[];
    expect(results.slice(0, 6).map(({ version }) => version)).toEqual([2, 2, 3, 3, 4, 4]);
    expect(results.slice(6).map(({ code }) => code)).toEqual(Array(3).fill('rate_limited'));
  });

  it('is spent by whatever is asked of it: by transfers from it and by audits too', async () => {
    const env = worker({ RATE_ACCOUNT_COMMANDS: '2' });
    await opened('asked');
    const from = { fromAccountId: 'asked', toAccountId: 'paid', amount: '1', currency: 'USD' };
    const transfer = { transferId: 'asked-1', ...from };
    expect((await send(env, 'GET', '/v1/audit/account/asked')).status).toBe(200);
    expect((await send(env, 'POST', '/v1/transfers', { body: transfer })).status).toBe(202);
    const more = { ...transfer, transferId: 'asked-2' };
    expect(verdict(await send(env, 'POST', '/v1/transfers', { body: more }))).toBe('429 rate_limited');
    expect(verdict(await send(env, 'GET', '/v1/audit/account/asked'))).toBe('429 rate_limited');
  });

  it('keeps nobody out who stops the account, however much it is sent', async () => {
    const env = worker({ RATE_ACCOUNT_COMMANDS: '1' });
    await opened('runaway');
    await send(env, 'GET', '/v1/accounts/runaway');
    expect(verdict(await send(env, 'GET', '/v1/accounts/runaway'))).toBe('429 rate_limited');
    const limits = { body: { maxOrderNotional: '1' } };
    expect((await send(env, 'PUT', '/v1/accounts/runaway/limits', limits)).status).toBe(200);
    const command = (commandId: string, type: string, data: object) => ({
      ...{ commandId, type, data },
      ...{ aggregateType: 'account', aggregateId: 'runaway' },
    });
    const commands = [
      command('runaway-1', 'DepositFunds', { amount: '1' }),
      command('runaway-2', 'FreezeAccount', { reason: 'its program runs away' }),
      command('runaway-3', 'UnfreezeAccount', { reason: 'it ended' }),
    ];
    const { body } = await send(env, 'POST', '/v1/commands', { body: { commands } });
    expect(body.results).toMatchObject([
      { code: 'rate_limited' },
      { status: 'accepted' },
      { code: 'rate_limited' },
    ]);
    const frozen = await send(env, 'POST', '/v1/accounts/runaway/freeze', { body: { reason: 'again' } });
    expect(verdict(frozen)).toBe('422 account_frozen');
  });
});

describe('too much at a time', () => {
  it('is refused at once, and room is made by every answer, good or bad', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
    expect((await send(env, 'GET', '/v1/accounts/nobody')).status).toBe(404);
    expect((await send(env, 'POST', '/v1/accounts', { body: {} })).status).toBe(400);
    expect(admission.requests).toBe(0);
    const [first] = all(() => admission.enter('local-administrator', 0));
    const reply = await send(env, 'GET', '/v1/event-types');
    expect(verdict(reply)).toBe('503 overloaded');
    expect(reply.headers.get('Retry-After')).toBe('1');
    expect((await app.fetch(new Request('http://folio.test/healthz'), env)).status).toBe(200);
    first?.leave();
    expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
  });

  it('is a body that is announced larger than the room left', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    for (const client of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) while (admission.enter(client, 1024 * 1024));
    for (let place = 0; admission.enter(`new-${place}`, 100_000); place++);
    const headers = { 'Content-Length': '200000' };
    expect(verdict(await send(env, 'POST', '/v1/accounts', { body: {}, headers }))).toBe('503 overloaded');
    expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
  });
});

describe('an operation over a GraphQL socket', () => {
  const own = WorkerSocket.fetch;
  afterEach(() => {
    WorkerSocket.fetch = own;
  });

  it('is held against the room for bytes, by what it was sent with and may be answered with', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    WorkerSocket.fetch = (url, init) => app.fetch(new Request(url, init), env);
    const client = socketClient();
    const asks = (padding: number) =>
      collect(client, `{ __typename } #${'x'.repeat(padding)}`, {}, () => true);
    await asks(60_000);
    for (const other of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) while (admission.enter(other, 1024 * 1024));
    for (let place = 0; admission.enter(`new-${place}`, 50_000); place++);
    await expect(asks(60_000)).rejects.toThrow('overloaded');
    await asks(10);
    const accounts = (first: number) =>
      collect(client, `{ accounts(first: ${first}) { edges { cursor } } }`, {}, () => true);
    await expect(accounts(1_000)).rejects.toThrow('overloaded');
    await accounts(10);
    await client.dispose();
  });

  it('that is a subscription waits with its next answer until there is room for it', async () => {
    const id = await opened('room-followed');
    const env = worker();
    const { admission } = gatewayOf(env);
    WorkerSocket.fetch = (url, init) => app.fetch(new Request(url, init), env);
    const client = socketClient();
    const followed = (account: string) =>
      collect(
        client,
        `subscription { portfolio(id: "${id}", afterVersion: 0) { version account { ${account} } } }`,
        {},
        () => true,
      );
    const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const stays = others.flatMap((other) => all(() => admission.enter(other, 1024 * 1024)));
    for (let place = 0; admission.enter(`new-${place}`, 300_000); place++);
    let isFull = true;
    const large = followed('events(first: 1000) { pageInfo { hasNextPage } }').then(() => isFull);
    await followed('status');
    await followed('events(first: 10) { pageInfo { hasNextPage } }');
    isFull = false;
    for (const stay of stays) stay.leave();
    expect(await large).toBe(false);
    await client.dispose();
    await eventually(async () => expect(admission.enter('alone', IN_FLIGHT_BYTES_MAX / 2)).toBeDefined());
  });
});

describe('a body whose length is not announced', () => {
  const chunked = (env: Env, bytes: number) => {
    const body = new Blob([JSON.stringify({ padding: 'x'.repeat(bytes) })]).stream();
    const headers = { Authorization: `Bearer ${TEST_TOKEN}`, 'Content-Type': 'application/json' };
    return app.fetch(new Request('http://folio.test/v1/accounts', { method: 'POST', headers, body }), env);
  };

  it('is counted as it comes, and refused where there is no more room for it', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    for (const client of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) while (admission.enter(client, 1024 * 1024));
    for (let place = 0; admission.enter(`new-${place}`, 20_000); place++);
    expect((await chunked(env, 10)).status).toBe(400);
    const before = admission.requests;
    const refused = await chunked(env, 60_000);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });
    expect(admission.requests).toBe(before);
    expect((await chunked(worker(), 60_000)).status).toBe(400);
  });
});

describe('what an answer is made of', () => {
  const deposits = (id: string, count: number) =>
    Array.from({ length: count }, (_, place) => ({
      commandId: `room-${id}-${place}`,
      aggregateType: 'account',
      aggregateId: id,
      type: 'DepositFunds',
      data: { amount: '1' },
    }));
  const events = (first: number) => ({
    query: `{ account(id: "room") { events(first: ${first}) { edges { node { eventId eventType version recordedAt hash } } } } }`,
  });

  const shownLittleOf = '{ account(id: "room") { events(first: 1000) { pageInfo { hasNextPage } } } }';
  const pastOf = (root: string) => {
    const shown = root === 'account' ? 'status' : 'account { status }';
    return `{ a: ${root}(id: "room", version: 2) { ${shown} } b: ${root}(id: "room", version: 3) { ${shown} } }`;
  };

  it('is counted among the bytes in flight, whichever way it is asked for, and given back', async () => {
    for (const id of ['room', 'room-small']) await opened(id);
    await call('POST', '/v1/commands', { body: { commands: deposits('room', 400) } });
    const env = worker();
    const { admission } = gatewayOf(env);
    const connect = '/v1/connect/folio.v1.FolioService';
    const large: [string, string, Sent?][] = [
      ['GET', '/v1/accounts/room/events?limit=1000'],
      ['GET', '/v1/accounts/room/statement?format=pdf'],
      ['POST', '/v1/graphql', { body: events(1_000) }],
      ['POST', '/v1/graphql', { body: { query: shownLittleOf } }],
      ['GET', '/v1/audit/account/room'],
      ['POST', '/v1/commands', { body: { commands: Array.from({ length: 1_500 }, () => ({})) } }],
      ['POST', `${connect}/GetAccountEvents`, { body: { id: 'room', limit: 1_000 } }],
      ['POST', `${connect}/GetStatement`, { body: { id: 'room' } }],
    ];
    const small: typeof large = [
      ['GET', '/v1/accounts/room/events?limit=10'],
      ['GET', '/v1/accounts/room-small/statement'],
      ['GET', '/v1/audit/account/room-small'],
      ['POST', '/v1/graphql', { body: events(10) }],
      ['POST', '/v1/commands', { body: { commands: deposits('room', 40) } }],
      ['POST', `${connect}/GetStatement`, { body: { id: 'room-small' } }],
    ];
    const statuses = async (asked: typeof large) => {
      const replies: number[] = [];
      for (const [method, path, sent] of asked) replies.push((await send(env, method, path, sent)).status);
      return replies;
    };
    const pasts = async () => {
      const asked = ['account', 'portfolio'].map((root) => ({ body: { query: pastOf(root) } }));
      const replies: Reply[] = [];
      for (const sent of asked) replies.push(await send(env, 'POST', '/v1/graphql', sent));
      return replies.map(
        ({ body }) => (body.errors as { extensions: object }[] | undefined)?.[0]?.extensions,
      );
    };
    expect(await statuses(large)).toEqual(large.map(() => 200));
    expect(await pasts()).toEqual([undefined, undefined]);
    expect(admission.requests).toBe(0);
    for (const client of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) while (admission.enter(client, 1024 * 1024));
    for (let place = 0; admission.enter(`new-${place}`, 300_000); place++);
    expect(await statuses(large)).toEqual(large.map(() => 503));
    const overloaded = expect.objectContaining({ code: 'overloaded', status: 503 });
    expect(await pasts()).toEqual([overloaded, overloaded]);
    const headers = {
      Authorization: `Bearer ${TEST_TOKEN}`,
      'Content-Type': 'application/json',
      Accept: 'text/event-stream',
    };
    const asEvents = { method: 'POST', headers, body: JSON.stringify(events(1_000)) };
    expect((await app.fetch(new Request('http://folio.test/v1/graphql', asEvents), env)).status).toBe(503);
    expect(await statuses(small)).toEqual(small.map(() => 200));
  });
});

describe('a large answer that nobody takes', () => {
  it('keeps its room until it is taken or given up', async () => {
    await opened('untaken');
    const env = worker();
    const { admission } = gatewayOf(env);
    const headers = { Authorization: `Bearer ${TEST_TOKEN}` };
    const asked = () =>
      app.fetch(
        new Request('http://folio.test/v1/accounts/untaken/events?limit=1000', { headers }),
        env,
      ) as Promise<Response>;
    const [taken, left] = [await asked(), await asked()];
    expect([taken.status, admission.requests]).toEqual([200, 2]);
    expect(await taken.json()).toMatchObject({ events: [{ eventType: 'AccountOpened' }] });
    expect(admission.requests).toBe(1);
    await left.body?.cancel();
    await eventually(async () => expect(admission.requests).toBe(0));
  });
});

describe('a webhook', () => {
  it('is bounded like every request, by the address that it comes from', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    const webhook = async (address: string) =>
      verdict(
        await send(env, 'POST', '/v1/webhooks/payments/sandbox', {
          body: {},
          headers: { 'CF-Connecting-IP': address },
        }),
      );
    expect(await webhook('192.0.2.7')).toBe('400 invalid_signature');
    expect(admission.requests).toBe(0);
    while (admission.enter('stranger at 192.0.2.7', 0));
    expect(await webhook('192.0.2.7')).toBe('503 overloaded');
    expect(await webhook('192.0.2.8')).toBe('400 invalid_signature');
  });
});

describe('addresses of one network', () => {
  it('count as one: who has an IPv6 address has the whole /64', async () => {
    const env = worker();
    const asked = (place: number) =>
      send(env, 'GET', '/v1/event-types', {
        headers: { 'CF-Connecting-IP': `2001:db8:0:7::${place.toString(16)}`, Authorization: 'Bearer wrong' },
      });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T10:00:02Z') });
    try {
      for (let place = 0; place < REFUSALS_MAX; place++) await asked(place);
      expect(verdict(await asked(REFUSALS_MAX))).toBe('429 rate_limited');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a body that does not come to its end', () => {
  it.each([{}, { 'Content-Length': '100' }])('is given up after a while, sent with %j', async (headers) => {
    const stalling = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
    const asked = new Hono<HttpEnv>();
    asked.post('/', async (c) => new Response(await readBytes(c, 1_000, 20)));
    asked.onError((error) => Response.json((error as ProblemError).problem));
    const request = new Request('http://folio.test/', { method: 'POST', headers, body: stalling });
    expect(await (await asked.fetch(request)).json()).toMatchObject({
      code: 'invalid_request',
      errors: [{ message: 'could not be read to its end' }],
    });
  });
});

describe('a body that still comes once it was given up', () => {
  it('takes no room that nobody would give back', async () => {
    const env = worker();
    const { admission } = gatewayOf(env);
    let takeBytes: ((bytes: number) => void) | undefined;
    const asked = new Hono<HttpEnv>().use(strangers).post('/', (c) => {
      takeBytes = c.get('takeBytes');
      return c.text('');
    });
    expect((await asked.request('/', { method: 'POST' }, env)).status).toBe(200);
    const other = admission.enter('stranger at no address', 0);
    expect(() => takeBytes?.(1_000)).toThrow('Too much is being worked on');
    other?.leave();
    expect(admission.enter('another', IN_FLIGHT_BYTES_MAX)).toBeDefined();
  });
});

describe('the announced length of a body', () => {
  it.each(['-5', 'x', '1e400', '9007199254740993'])(
    '"%s" leaves room for what comes next',
    async (length) => {
      const env = worker();
      const headers = { 'Content-Length': length };
      expect((await send(env, 'POST', '/v1/accounts', { body: {}, headers })).status).toBeLessThan(500);
      expect(gatewayOf(env).admission.requests).toBe(0);
      expect((await send(env, 'GET', '/v1/event-types')).status).toBe(200);
    },
  );
});

describe('an address whose tokens are refused again and again', () => {
  const from = (address: string, token: string) => ({
    headers: { 'CF-Connecting-IP': address, Authorization: `Bearer ${token}` },
  });

  it('is not listened to for a while, but for callers that are known', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T10:00:02Z') });
    try {
      const env = worker();
      expect((await send(env, 'GET', '/v1/event-types', from('192.0.2.1', TEST_TOKEN))).status).toBe(200);
      for (let place = 0; place < REFUSALS_MAX; place++) {
        await send(env, 'GET', '/v1/event-types', from('192.0.2.1', `wrong-${place}`));
      }
      const reply = await send(env, 'GET', '/v1/event-types', from('192.0.2.1', 'one-more'));
      expect(verdict(reply)).toBe('429 rate_limited');
      expect(reply.headers.get('Retry-After')).toBe('8');
      expect((await send(env, 'GET', '/v1/event-types', from('192.0.2.1', TEST_TOKEN))).status).toBe(200);
      expect(verdict(await send(env, 'GET', '/v1/event-types', from('192.0.2.2', 'wrong')))).toBe(
        '401 unauthenticated',
      );
      vi.setSystemTime('2026-11-21T10:00:10Z');
      expect(verdict(await send(env, 'GET', '/v1/event-types', from('192.0.2.1', 'one-more')))).toBe(
        '401 unauthenticated',
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('has services that share it served all the same, also when their tokens are to be looked at again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T10:00:02Z') - VERIFIED_MS });
    try {
      const env = worker();
      const asked = async (token: string) =>
        (await send(env, 'GET', '/v1/event-types', from('192.0.2.3', token))).status;
      expect(await asked(TEST_TOKEN)).toBe(200);
      vi.setSystemTime('2026-11-21T10:00:02Z');
      for (let place = 0; place < REFUSALS_MAX; place++) await asked('secret-of-yesterday');
      expect([await asked('secret-of-yesterday'), await asked(TEST_TOKEN)]).toEqual([429, 200]);
    } finally {
      vi.useRealTimers();
    }
  });
});
