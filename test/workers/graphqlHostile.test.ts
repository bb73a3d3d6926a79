/** GraphQL against what nobody means well with: too much, too deep, endless, of the wrong form, by the wrong way in. */
import { exports } from 'cloudflare:workers';
import { serverAudits } from 'graphql-http';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALIASES_MAX, DEPTH_MAX, TOKENS_MAX } from '../../workers/graphql/limits.ts';
import { call, footprint, opened, TEST_TOKEN, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { ask, codesOf, counting } from '../support/graphql.ts';

const worker = (exports as unknown as { default: Fetcher }).default;
const ID = 'hostile-1';

beforeAll(async () => {
  await opened(ID);
});

const nested = (depth: number, open: string, leaf: string) =>
  `${open.repeat(depth)} ${leaf} ${'}'.repeat(depth)}`;

const CIRCLE = nested(6, 'payments { order { ', 'orderId');
const BOMB = Array.from({ length: 20 }, (_, index) =>
  index === 19
    ? 'fragment f19 on Account { version }'
    : `fragment f${index} on Account { ...f${index + 1} a${index}: trades(first: 1) { edges { cursor } } }`,
).join(' ');
const DOUBLING = Array.from({ length: 12 }, (_, index) =>
  index === 11
    ? 'fragment d11 on AccountEdge { cursor }'
    : `fragment d${index} on AccountEdge { node { accountId trades(first: 1000) { edges { cursor node { symbol } } } } ...d${index + 1} ...d${index + 1} }`,
).join(' ');

describe('a document', () => {
  it.each([
    ['of too many tokens', `{ ${'__typename '.repeat(TOKENS_MAX)} }`],
    ['of too many comments', `{ __typename } ${'#\n'.repeat(TOKENS_MAX + 1)}`],
    ['that is too deep', `{ ${nested(DEPTH_MAX, 'x {', 'y')} }`],
    ['that leads in circles', `{ orders(first: 1) { edges { node { ${CIRCLE} ${'} '.repeat(6)} } } } }`],
    [
      'with too many aliases',
      `{ ${Array.from({ length: ALIASES_MAX + 1 }, (_, at) => `a${at}: __typename`).join(' ')} }`,
    ],
    [
      'with aliases in fragments',
      `{ ...a ...a } fragment a on Query { ${Array.from({ length: 16 }, (_, at) => `a${at}: __typename`).join(' ')} }`,
    ],
    [
      'whose answer would be too large',
      '{ accounts(first: 1000) { edges { node { trades(first: 1000) { edges { cursor } } } } } }',
    ],
    ['whose fragments grow without end', `{ accounts(first: 1000) { edges { ...d0 } } } ${DOUBLING}`],
  ])('%s is not run', async (_, query) => {
    const { env, counted } = counting(testEnv);
    const { data, errors } = await ask(query, { env });
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['query_too_complex']);
    expect(counted.statements).toBe(0);
  });

  it.each([
    [
      'a text for a whole number',
      'query ($x: SafeInt) { account(id: "hostile-1", version: $x) { version } }',
      'é',
    ],
    ['a part for a whole number', 'query ($x: Int) { accounts(first: $x) { edges { cursor } } }', 1.5],
    ['an unknown word', 'query ($x: SagaStatus) { sagas(status: $x) { edges { cursor } } }', 'NAPPING'],
    [
      'a text for an object',
      'mutation ($x: CloseAccountInput!) { closeAccount(id: "hostile-1", input: $x) { version } }',
      '😀',
    ],
    [
      'a list within an object',
      'mutation ($x: DepositFundsInput!) { depositFunds(id: "hostile-1", input: $x) { version } }',
      { amount: [] },
    ],
    ['nothing', 'query ($x: ID!) { account(id: $x) { version } }', null],
  ])('with a variable that is %s is the fault of who asks', async (_, query, x) => {
    const before = await footprint(ID);
    const { data, errors } = await ask(query, { variables: { x } });
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['invalid_request']);
    expect(errors[0]?.message).toContain('$x');
    expect(errors[0]?.extensions.errors).toHaveLength(1);
    expect(await footprint(ID)).toEqual(before);
  });

  it('counts pages by its variables, and by the most where they are none', async () => {
    const query = `query ($first: Int) { accounts(first: $first) { edges { node { trades(first: $first) { edges { cursor } } } } } }`;
    expect(await codesOf(query, { variables: { first: 2 } })).toEqual([]);
    expect(await codesOf(query, { variables: { first: 1_000 } })).toEqual(['query_too_complex']);
    expect(await codesOf(query, { variables: { first: -5 } })).toEqual(['invalid_request']);
    for (const first of ['0', '1001', '-1']) {
      const codes = await codesOf(`{ accounts(first: ${first}) { edges { cursor } } }`);
      expect(codes, first).toEqual(['invalid_request']);
    }
  });

  it('counts a page whose size nobody says as the usual one, and by the default of its variable', async () => {
    const query = (variable: string) =>
      `query (${variable}) { accounts(first: 3) { edges { node { trades(first: $first) { edges { cursor } } } } } }`;
    const defaulted = query('$first: Int = 5');
    expect(await codesOf(query('$first: Int'))).toEqual([]);
    expect(await codesOf(query('$first: Int'), { variables: { first: null } })).toEqual([]);
    expect(await codesOf(defaulted)).toEqual([]);
    const nested = defaulted.replace('first: 3', 'first: $first');
    expect(await codesOf(nested)).toEqual([]);
    expect(await codesOf(nested, { variables: { first: 1_000 } })).toEqual(['query_too_complex']);
    expect(await codesOf(nested.replace('= 5', '= 1000'))).toEqual(['query_too_complex']);
  });

  it.each([
    ['that spreads itself', '{ ...a } fragment a on Query { ...a }'],
    [
      'whose fragments spread each other',
      '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
    ],
    ['with fragments that nobody spreads', `{ __typename } ${BOMB}`],
    ['that is none', '{'],
    ['that is empty', ' '],
    ['with a directive that is none', '{ __typename @nothing }'],
    ['with an argument that is none', `{ account(id: "${ID}", nothing: 1) { version } }`],
    ['that needs variables', 'query ($id: ID!) { account(id: $id) { version } }'],
    ['with a cursor that no page gave', '{ accounts(after: "bm90aGluZw") { edges { cursor } } }'],
    ['with a cursor of another list', '{ orders(after: "WzFd") { edges { cursor } } }'],
    ['with an id that no thing has', '{ account(id: "no id") { version } }'],
    ['with a time that is none', `{ account(id: "${ID}", at: "yesterday") { version } }`],
    [
      'with a version and a time',
      `{ account(id: "${ID}", version: 1, at: "2020-01-01T00:00:00Z") { version } }`,
    ],
  ])('%s is refused as not valid', async (_, query) => {
    const codes = await codesOf(query);
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['invalid_request']));
  });

  it('has an operation of the name that is asked for', async () => {
    const query = 'query a { __typename } query b { __typename }';
    expect(await codesOf(query, { operationName: 'a' })).toEqual([]);
    expect(await codesOf(query, { operationName: 'c' })).toEqual(['invalid_request']);
    expect(await codesOf(query)).toEqual(['invalid_request']);
    expect(await codesOf(query, { operationName: '' })).toEqual(['invalid_request']);
    expect(await codesOf('{ __typename }', { operationName: '' })).toEqual([]);
    expect(await codesOf('subscription { portfolio(id: "x") { version } }')).toEqual(['invalid_request']);
  });

  it('that asks the schema about itself in circles is refused, also by those who may ask', async () => {
    const fields = nested(6, 'fields { type { ', 'name');
    expect(await codesOf(`{ __schema { types { ${fields} ${'} '.repeat(6)} } }`)).toEqual([
      'invalid_request',
    ]);
    const headers = await as('auditor');
    expect(await codesOf('{ __schema { types { name } } }', { headers })).toContain('forbidden');
  });

  it('takes no name of the object prototype for one of its own', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(await codesOf(`{ ${name} }`), name).toEqual(['invalid_request']);
    }
  });
});

describe('an operation', () => {
  it('makes no more reads than it may, and each counts as a request', async () => {
    const env = { ...testEnv, RATE_CLIENT_REQUESTS: '20' };
    const headers = await as('operations');
    const reads = Array.from({ length: 25 }, (_, at) => `a${at}: account(id: "${ID}") { version }`);
    expect(await codesOf(`{ ${reads.join(' ')} }`, { env, headers })).toContain('rate_limited');
  });

  it('tells nothing of what is ours when it fails', async () => {
    const broken = new Proxy(testEnv.VIEWS_0, {
      get: () => () => {
        throw new Error('D1_ERROR: no such table: secrets at file.ts:1:1');
      },
    });
    const env = { ...testEnv, VIEWS_0: broken, LOG_LEVEL: 'error' };
    const { errors } = await ask('{ orders { edges { cursor } } }', { env });
    expect(errors).toMatchObject([{ extensions: { code: 'internal_error', status: 500 } }]);
    expect(JSON.stringify(errors)).not.toMatch(/D1|secrets|file\.ts/);
  });
});

describe('a request', () => {
  const MUTATION = `mutation { depositFunds(id: "${ID}", input: { amount: 1 }) { version } }`;

  it.each<[string, string, string, Record<string, string>, unknown]>([
    ['a batch of operations', '400 invalid_request', 'POST', {}, [{ query: '{ __typename }' }]],
    ['a body without a document', '400 invalid_request query', 'POST', {}, {}],
    ['a document that is no text', '400 invalid_request query', 'POST', {}, { query: 1 }],
    [
      'variables that are no object',
      '400 invalid_request variables',
      'POST',
      {},
      { query: '{ __typename }', variables: [] },
    ],
    [
      'a field that it does not have',
      '400 invalid_request more',
      'POST',
      {},
      { query: '{ __typename }', more: 1 },
    ],
    [
      'what a form sends',
      '415 unsupported_media_type',
      'POST',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      'query=x',
    ],
    [
      'what a page may send without asking',
      '415 unsupported_media_type',
      'POST',
      { 'Content-Type': 'text/plain' },
      JSON.stringify({ query: MUTATION }),
    ],
    [
      'a bare document',
      '415 unsupported_media_type',
      'POST',
      { 'Content-Type': 'application/graphql' },
      MUTATION,
    ],
    [
      'another character set',
      '415 unsupported_media_type',
      'POST',
      { 'Content-Type': 'application/json; charset=utf-16' },
      '{}',
    ],
    ['too much', '413 request_too_large', 'POST', {}, { query: `{ ${'a'.repeat(70_000)} }` }],
    ['no JSON', '400 invalid_request', 'POST', {}, '{'],
    ['a key twice', '400 invalid_request query', 'POST', {}, '{"query":"{a}","query":"{b}"}'],
    ['no token', '401 unauthenticated', 'POST', { Authorization: '' }, { query: '{ __typename }' }],
    ['another method', '405 method_not_allowed', 'PUT', {}, { query: '{ __typename }' }],
    [
      'an answer in another type',
      '406 not_acceptable',
      'POST',
      { Accept: 'text/html' },
      { query: '{ __typename }' },
    ],
  ])('with %s is answered as everywhere', async (_, expected, method, headers, body) => {
    const before = await footprint(ID);
    const reply = await call(method, '/v1/graphql', { headers, body });
    expect(verdict(reply).trim()).toBe(expected);
    expect(await footprint(ID)).toEqual(before);
  });

  it.each([
    [undefined, 'application/json'],
    ['application/json;q=0.1, application/graphql-response+json;q=0.9', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.5,application/json', 'application/json'],
    ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json; charset=utf-8;q=0.5, text/html', 'application/json'],
    ['application/graphql-response+json;q=0, */*;q=0.1', 'application/json'],
    ['application/json;q=0', 'application/problem+json'],
  ])('that accepts %s is answered %s', async (accept, type) => {
    const headers = {
      Authorization: `Bearer ${TEST_TOKEN}`,
      ...(accept === undefined ? {} : { Accept: accept }),
    };
    const response = await worker.fetch('http://folio.test/v1/graphql?query={__typename}', { headers });
    expect(response.status).toBe(type === 'application/problem+json' ? 406 : 200);
    expect(response.headers.get('Content-Type')?.split(';')[0]).toBe(type);
    await response.text();
  });

  it('by GET reads and never writes', async () => {
    const before = await footprint(ID);
    const get = (query: string, headers = {}) =>
      call('GET', `/v1/graphql?query=${encodeURIComponent(query)}`, { headers });
    expect((await get('{ __typename }')).body).toEqual({ data: { __typename: 'Query' } });
    expect(verdict(await get(MUTATION))).toBe('405 method_not_allowed');
    expect(verdict(await get(MUTATION, { Accept: 'text/event-stream' }))).toBe('405 method_not_allowed');
    expect(verdict(await call('GET', '/v1/graphql'))).toBe('400 invalid_request query');
    expect(verdict(await call('GET', '/v1/graphql?query=x&variables=[1]'))).toBe(
      '400 invalid_request variables',
    );
    expect(await footprint(ID)).toEqual(before);
  });
});

describe('the audits of GraphQL over HTTP', () => {
  const audits = serverAudits({
    url: 'http://folio.test/v1/graphql',
    fetchFn: (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('Authorization', `Bearer ${TEST_TOKEN}`);
      return worker.fetch(url, { ...init, headers } as never);
    },
  });

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    '%s: %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
    },
  );
});
