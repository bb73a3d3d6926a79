/** Automatic persisted queries, as clients of Apollo and urql ask: they learn at their first request that documents are to be sent. */
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { eventually, opened, TEST_TOKEN } from '../support/api.ts';
import { openSocket } from '../support/graphqlSocket.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

const HASH = 'f'.repeat(64);
const extensions = {
  clientLibrary: { name: '@apollo/client', version: '4.3.8' },
  persistedQuery: { version: 1, sha256Hash: HASH },
};
const SAID = {
  message: 'PersistedQueryNotSupported',
  extensions: { code: 'persisted_query_not_supported', status: 400 },
};

/** Asks as these clients do: with a media type of GraphQL alone, in which an answer of 400 is a result and no problem document. */
async function asked(method: string, sent: Record<string, unknown>, accept?: string) {
  const texts = Object.entries(sent).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const url = new URL('http://folio.test/v1/graphql');
  if (method === 'GET') url.search = new URLSearchParams(texts).toString();
  const response = await worker.fetch(url.href, {
    method,
    headers: {
      Authorization: `Bearer ${TEST_TOKEN}`,
      'Content-Type': 'application/json',
      ...(accept === undefined ? {} : { Accept: accept }),
    },
    ...(method === 'POST' ? { body: JSON.stringify(sent) } : {}),
  });
  return { status: response.status, body: await response.json<object>() };
}

describe('a request with the hash of a document in its place', () => {
  it.each([
    ['POST', 'application/json', 200],
    ['POST', 'application/graphql-response+json,application/json;q=0.9', 400],
    ['GET', undefined, 200],
    ['GET', 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed', 400],
  ])('by %s that accepts %s is told in the words that clients know', async (method, accept, status) => {
    const reply = await asked(method, { operationName: 'A', variables: {}, extensions }, accept);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ errors: [SAID] });
    expect(reply.body).not.toHaveProperty('data');
  });

  it('runs once the document is there, beside the hash or without', async () => {
    const id = await opened('persisted-1');
    const query = `query A { account(id: "${id}") { version } }`;
    for (const method of ['POST', 'GET']) {
      for (const more of [{ extensions }, { extensions: {} }, {}]) {
        const reply = await asked(method, { query, operationName: 'A', variables: {}, ...more });
        expect(reply.body).toEqual({ data: { account: { version: 1 } } });
      }
    }
  });

  it('is told the same over a socket, where it comes with an empty document', async () => {
    const { send, received } = await openSocket({ Authorization: `Bearer ${TEST_TOKEN}` });
    send({ type: 'connection_init' });
    await eventually(async () => expect(received).toHaveLength(1));
    send({ type: 'subscribe', id: '1', payload: { query: '', operationName: 'A', extensions } });
    await eventually(async () => expect(received).toHaveLength(2));
    expect(received[1]).toMatchObject({ type: 'error', id: '1', payload: [SAID] });
  });

  it('needs one of the two', async () => {
    for (const more of [{}, { extensions: {} }]) {
      const reply = await asked('POST', { operationName: 'A', ...more });
      expect(reply.body).toMatchObject({ status: 400, errors: [{ path: 'query', message: 'is required' }] });
    }
  });
});
