/** Headers, paths, methods and queries that no good client sends; test/workers/hostileInput.test.ts has the bodies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, footprint, opened, type Sent, verdict } from '../support/api.ts';

const ID = 'hostile';
const DEPOSITS = `/v1/accounts/${ID}/deposits`;
const TRADES = `/v1/accounts/${ID}/trades`;

let untouched: Awaited<ReturnType<typeof footprint>>;

beforeAll(async () => {
  await opened(ID);
  untouched = await footprint(ID);
});

afterAll(async () => {
  expect(await footprint(ID)).toEqual(untouched);
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  return verdict(await call('POST', path, { body, headers }));
}

describe('headers', () => {
  const deposit = (headers: Record<string, string>) => post(DEPOSITS, { amount: 'x' }, headers);

  it.each(['', ' ', 'a b', 'ü', 'x'.repeat(129), 'a, b'])('Idempotency-Key "%s"', async (key) => {
    const good = { body: { amount: '1' }, headers: { 'Idempotency-Key': key } };
    expect(verdict(await call('POST', DEPOSITS, good))).toBe('400 invalid_request Idempotency-Key');
  });

  // An empty header of these names does not reach a Worker: the runtime takes it as absent.
  it.each(['7', '"x"', '"-1"', '"1.0"', '"01"', 'w/"1"', 'W/1', '*', '"1", "2"', '"1234567890123456"'])(
    'If-Match %s',
    async (match) => {
      const good = { body: { amount: '1' }, headers: { 'If-Match': match } };
      expect(verdict(await call('POST', DEPOSITS, good))).toBe('400 invalid_request If-Match');
    },
  );

  it.each(['"7"', 'W/"7"', '7', '"*"', '*, "7"'])('If-None-Match %s with a command', async (match) => {
    const good = { body: { amount: '1' }, headers: { 'If-None-Match': match } };
    expect(verdict(await call('POST', DEPOSITS, good))).toBe('400 invalid_request If-None-Match');
  });

  it.each([
    'nonsense',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  ])('traceparent %s is as none', async (traceparent) => {
    const { headers } = await call('GET', '/healthz', { headers: { traceparent } });
    expect(headers.get('X-Correlation-Id')).toMatch(/^[0-9a-f]{8}-/);
  });

  it.each(['Bearer wrong', 'Bearer', 'Bearer ', 'Basic dGVzdA==', 'test-token', 'Bearer test-token x'])(
    'Authorization "%s" is refused',
    async (Authorization) => {
      const reply = await call('GET', `/v1/accounts/${ID}`, { headers: { Authorization } });
      expect(verdict(reply)).toBe('401 unauthenticated');
      expect(reply.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="folio"/);
      expect(await deposit({ Authorization })).toBe('401 unauthenticated');
    },
  );
});

describe('paths and methods', () => {
  const get = async (path: string, sent: Sent = {}) => verdict(await call('GET', path, sent));

  it.each([
    ['a%20b', '400 invalid_request id'],
    ['a%2Fb', '400 invalid_request id'],
    ['..%2Fcommands', '400 invalid_request id'],
    ['%252e%252e', '400 invalid_request id'],
    ['%00', '400 invalid_request id'],
    ['%E0%A4%A', '400 invalid_request id'],
    ['%ff', '400 invalid_request id'],
    ['%F0%9F%98%80', '400 invalid_request id'],
    ['a;b=c', '400 invalid_request id'],
    ['a%3Fversion=1', '400 invalid_request id'],
    ["a'%20OR%20'1'='1", '400 invalid_request id'],
    ['x'.repeat(65), '400 invalid_request id'],
    ['x'.repeat(5_000), '400 invalid_request id'],
    ['__proto__', '404 account_not_found'],
    ['constructor', '404 account_not_found'],
  ])('the account %s', async (id, expected) => {
    expect(await get(`/v1/accounts/${id}`)).toBe(expected);
    expect(await get(`/v1/accounts/${id}/portfolio`)).toBe(expected);
    expect(await get(`/v1/accounts/${id}/trades`)).toBe(expected);
    expect(await get(`/v1/accounts/${id}/events`)).toBe(expected);
    if (expected.startsWith('400'))
      expect(await post(`/v1/accounts/${id}/deposits`, { amount: '1' })).toBe(expected);
  });

  it.each([
    '/v1',
    '/v1/',
    '/v1/nothing',
    '/v2/accounts',
    '/V1/accounts',
    '/v1/accounts/',
    '/v1//accounts',
    '/v1/accounts//events',
    `/v1/accounts/${ID}/`,
    `/v1/accounts/${ID}/nothing`,
    '/v1/commands/x',
    '/openapi.yaml',
    '/.env',
    '/healthz/',
  ])('%s is no path', async (path) => {
    expect(await get(path)).toBe('404 route_not_found');
  });

  it('are not confused by dots and escapes', async () => {
    expect(await get('/v1/accounts/%2e%2e/commands')).toBe('405 method_not_allowed');
    expect(await get('/v1/accounts/../nothing')).toBe('404 route_not_found');
    const wrong = { headers: { Authorization: 'Bearer wrong' } };
    for (const path of [
      '/%761/accounts/x',
      '/v1/%61ccounts/x',
      '/%2fv1/accounts/x',
      '//v1/accounts/x',
      '/v1%2Faccounts/x',
    ]) {
      expect((await get(path, wrong)).slice(0, 3)).toMatch(/^40[14]$/);
    }
  });

  it.each([
    ['DELETE', `/v1/accounts/${ID}`, 'GET, HEAD, OPTIONS'],
    ['PATCH', `/v1/accounts/${ID}`, 'GET, HEAD, OPTIONS'],
    ['DELETE', '/v1/accounts', 'GET, HEAD, OPTIONS, POST'],
    ['GET', DEPOSITS, 'OPTIONS, POST'],
    ['POST', `/v1/accounts/${ID}/limits`, 'OPTIONS, PUT'],
    ['PUT', TRADES, 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/v1/events', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
    ['HEAD', '/v1/commands', 'OPTIONS, POST'],
    ['PROPFIND', '/v1/commands', 'OPTIONS, POST'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const reply = await call(method, path);
    expect(reply.status).toBe(405);
    expect(reply.headers.get('Allow')).toBe(allow);
  });

  it('answer OPTIONS with the methods, and HEAD with the headers of GET', async () => {
    const options = await call('OPTIONS', `/v1/accounts/${ID}`);
    expect([options.status, options.headers.get('Allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await call('OPTIONS', '/v1/nothing')).status).toBe(404);
    const head = await call('HEAD', `/v1/accounts/${ID}`);
    expect([head.status, head.headers.get('ETag'), head.body]).toEqual([200, '"1"', {}]);
    expect((await call('HEAD', '/v1/accounts/nobody')).status).toBe(404);
  });
});

describe('query parameters', () => {
  it.each([
    [`/v1/accounts/${ID}?version=1&version=1`, 'version'],
    [`/v1/accounts/${ID}?versoin=1`, 'versoin'],
    [`/v1/accounts/${ID}?version=`, 'version'],
    [`/v1/accounts/${ID}?version=-1`, 'version'],
    [`/v1/accounts/${ID}?version=1.0`, 'version'],
    [`/v1/accounts/${ID}?version=1e3`, 'version'],
    [`/v1/accounts/${ID}?version=0x1`, 'version'],
    [`/v1/accounts/${ID}?version=%201`, 'version'],
    [`/v1/accounts/${ID}?version=1234567890123456`, 'version'],
    [`/v1/accounts/${ID}?at=now`, 'at'],
    [`/v1/accounts/${ID}?at=2024-01-01`, 'at'],
    [`/v1/accounts/${ID}?at=2024-01-01T00:00:00+02:00`, 'at'],
    [`/v1/accounts/${ID}?__proto__=1`, '__proto__'],
    [`/v1/accounts/${ID}?constructor=1`, 'constructor'],
    [`/v1/accounts/${ID}?=1`, '[""]'],
    [`/v1/accounts/${ID}?%E0%A4%A=1&version=x`, 'version ["�%A"]'],
    [`/v1/accounts/${ID}/events?limit=0`, 'limit'],
    [`/v1/accounts/${ID}/events?limit=1001`, 'limit'],
    [`/v1/accounts/${ID}/events?limit=ten&fromVersion=0`, 'fromVersion limit'],
    [`/v1/accounts/${ID}/portfolio?minVersion=x`, 'minVersion'],
    [`/v1/accounts/${ID}/portfolio?versions=1`, 'versions'],
    [`/v1/accounts/${ID}/trades?side=buy`, 'side'],
    [`/v1/accounts/${ID}/trades?symbol=ibm`, 'symbol'],
    [`/v1/accounts/${ID}/trades?from=x&to=y`, 'from to'],
    [`/v1/accounts/${ID}/trades?cursor=`, 'cursor'],
    [`/v1/accounts/${ID}/trades?cursor=x`, 'cursor'],
    [`/v1/accounts/${ID}/trades?cursor=MQ==`, 'cursor'],
    [`/v1/accounts/${ID}/trades?cursor=Wzdd`, 'cursor'],
    [`/v1/accounts/${ID}/trades?cursor=LTE`, 'cursor'],
    ['/v1/events?after=!', 'after'],
    ['/v1/events?after=MQ', 'after'],
    ['/v1/events?after=W10_', 'after'],
    ['/v1/events?after=WzFlMzA5XQ', 'after'],
    ['/v1/events?after=WzEuNV0', 'after'],
    ['/v1/events?after=WyIxIl0', 'after'],
    [`/v1/events?after=${'A'.repeat(4_000)}`, 'after'],
    ['/v1/events?type=Nothing', 'type'],
    ['/v1/events?aggregateType=Account', 'aggregateType'],
    ['/v1/events?aggregateId=a%20b', 'aggregateId'],
    ['/v1/events?limit=1&limit=2&x=1', 'limit'],
    ['/v1/event-types?verbose=1', 'verbose'],
    [`/v1/audit/account/${ID}?x`, 'x'],
  ])('%s', async (path, paths) => {
    expect(verdict(await call('GET', path))).toBe(`400 invalid_request ${paths}`);
  });

  it('are not taken by commands either', async () => {
    expect(await post(`${DEPOSITS}?dryRun=true`, { amount: '1' })).toBe('400 invalid_request dryRun');
    expect(await post('/v1/commands?x=1', { commands: [{}] })).toBe('400 invalid_request x');
  });
});
