/** What `Authorization` may be: every way in says the same of the same header, and how it is wanted (RFC 6750). */
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { TOKEN_LENGTH_MAX } from '../../workers/access/authenticator.ts';
import { ANONYMOUS, call, TEST_TOKEN } from '../support/api.ts';
import { connectClient, failure, type TRANSPORTS } from '../support/connect.ts';
import { socketClient, WorkerSocket } from '../support/graphqlSocket.ts';
import { openingReply } from '../support/stream.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

const NO_TOKEN = 'Bearer realm="folio"';
const invalidToken = (detail: string) => `${NO_TOKEN}, error="invalid_token", error_description="${detail}"`;

const MISSING = 'The request needs a token. Send Authorization: Bearer TOKEN.';
const OTHER_SCHEME = 'The scheme Bearer alone is taken. Send Authorization: Bearer TOKEN.';
const EMPTY = 'There is no token after Bearer. Send Authorization: Bearer TOKEN.';
const NOT_ONE = `After Bearer comes one token without spaces, of at most ${TOKEN_LENGTH_MAX} characters.`;
const REFUSED = 'The token is not accepted here.';

/** A header, what is said of it, and the challenge. */
const HEADERS: readonly [header: string, detail: string, challenge: string][] = [
  ['', MISSING, NO_TOKEN],
  ['Basic dGVzdDp0ZXN0', OTHER_SCHEME, NO_TOKEN],
  ['Digest username="x"', OTHER_SCHEME, NO_TOKEN],
  [TEST_TOKEN, OTHER_SCHEME, NO_TOKEN],
  [`Bearer${TEST_TOKEN}`, OTHER_SCHEME, NO_TOKEN],
  ['Bearer', EMPTY, NO_TOKEN],
  ['bearer  ', EMPTY, NO_TOKEN],
  [`Bearer ${TEST_TOKEN} ${TEST_TOKEN}`, NOT_ONE, invalidToken(NOT_ONE)],
  // Two headers of the name arrive as one.
  [`Bearer ${TEST_TOKEN}, Bearer ${TEST_TOKEN}`, NOT_ONE, invalidToken(NOT_ONE)],
  ['Bearer nonsense', REFUSED, invalidToken(REFUSED)],
];

const TOO_LONG = `Bearer ${'x'.repeat(TOKEN_LENGTH_MAX + 1)}`;

interface Told {
  readonly detail: string;
  readonly challenge: string | null;
}

async function told(response: Response): Promise<Told> {
  const body = await response.json<{ status: number; code: string; detail: string }>();
  expect(body).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect(response.status).toBe(401);
  return { detail: body.detail, challenge: response.headers.get('WWW-Authenticate') };
}

async function toldByConnect(transport: keyof typeof TRANSPORTS, Authorization: string): Promise<Told> {
  const client = connectClient(transport, 'http://folio.test', { Authorization }, (input, init) => {
    const { method = 'GET', headers = {}, body = null } = init ?? {};
    return worker.fetch(new Request(String(input), { method, headers, body }));
  });
  const { code, problem, error } = await failure(client.getAccount({ id: 'nobody' }));
  expect([code, problem.code]).toEqual(['Unauthenticated', 'unauthenticated']);
  return { detail: problem.detail, challenge: error.metadata.get('WWW-Authenticate') };
}

const get = (path: string, Authorization: string, headers: Record<string, string> = {}) =>
  worker.fetch(`http://folio.test${path}`, { headers: { Authorization, ...headers } });
const post = (path: string, Authorization: string, body: unknown) =>
  worker.fetch(`http://folio.test${path}`, {
    method: 'POST',
    headers: { Authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** The ways in that answer with a response or with an error that has its headers. */
const ENTRANCES: Readonly<Record<string, (header: string) => Promise<Told>>> = {
  REST: async (header) => told(await get('/v1/accounts/nobody', header)),
  'a batch': async (header) => told(await post('/v1/commands', header, { commands: [] })),
  GraphQL: async (header) => told(await post('/v1/graphql', header, { query: '{ __typename }' })),
  'Server-Sent Events': async (header) => told(await get('/v1/stream/account/nobody', header)),
  'the WebSocket': async (header) => told(await openingReply({ Authorization: header })),
  Connect: (header) => toldByConnect('Connect, JSON', header),
  'gRPC-Web': (header) => toldByConnect('gRPC-Web, binary', header),
};

describe.each(Object.entries(ENTRANCES))('%s', (_, ask) => {
  it.each(HEADERS)('says what is wrong with %j', async (header, detail, challenge) => {
    expect(await ask(header)).toEqual({ detail, challenge });
  });

  it('says what is wrong with a token that is too long', async () => {
    expect(await ask(TOO_LONG)).toEqual({ detail: NOT_ONE, challenge: invalidToken(NOT_ONE) });
  });
});

describe('a socket for GraphQL', () => {
  const offer = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' };

  // Without a header it opens, and the first message has to say who is asking.
  it.each(HEADERS.filter(([header]) => header !== ''))(
    'is refused with what is wrong with %j',
    async (header, detail, challenge) => {
      expect(await told(await get('/v1/graphql', header, offer))).toEqual({ detail, challenge });
    },
  );

  it.each(HEADERS)('ends with what is wrong with %j in its first message', async (Authorization, detail) => {
    const closed = await new Promise((resolve) => {
      socketClient({
        connectionParams: { Authorization },
        lazy: false,
        on: { closed: resolve },
        onNonLazyError: () => undefined,
      });
    });
    expect(closed).toMatchObject({ code: 4401, reason: `unauthenticated: ${detail}` });
  });

  it('opens with an empty header as without one', async () => {
    WorkerSocket.headers = { Authorization: '' };
    try {
      const client = socketClient();
      const { value } = await client.iterate({ query: '{ __typename }' }).next();
      expect(value).toEqual({ data: { __typename: 'Query' } });
      await client.dispose();
    } finally {
      WorkerSocket.headers = {};
    }
  });
});

describe('no header at all', () => {
  it('is told how a token is sent', async () => {
    const { status, headers, body } = await call('GET', '/v1/accounts/nobody', { headers: ANONYMOUS });
    expect([status, body.detail, headers.get('WWW-Authenticate')]).toEqual([401, MISSING, NO_TOKEN]);
  });
});
