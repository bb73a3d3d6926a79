/**
 * Sockets for GraphQL that the platform ends: what was begun has its answer first. Public clients send again whatever had none, and a
 * mutation without a key would run twice.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CONNECTION_READS_MAX } from '../../workers/graphql/context.ts';
import { OPERATIONS_MAX } from '../../workers/graphql/socket.ts';
import { call, eventually, opened, TEST_TOKEN, testEnv } from '../support/api.ts';
import { holdingReads } from '../support/graphql.ts';
import { collect, openSocket, socketClient } from '../support/graphqlSocket.ts';
import { range } from '../support/stream.ts';

const PAY = 'mutation ($id: ID!) { depositFunds(id: $id, input: { amount: 1 }) { version } }';

/** Mutations at a time, of one client: some are under way when the connection has had its operations. */
const AT_ONCE = 30;

describe('a socket for GraphQL that has had its operations', () => {
  it('runs each mutation of a public client once, though the client goes on over another', async () => {
    const id = await opened('ends-once');
    const closes: number[] = [];
    const client = socketClient({
      lazy: false,
      retryAttempts: 5,
      retryWait: () => Promise.resolve(),
      shouldRetry: () => true,
      on: { closed: (event) => void closes.push((event as CloseEvent).code) },
    });
    let left = OPERATIONS_MAX + 2 * AT_ONCE;
    const asked = left;
    const pay = async () => {
      while (left-- > 0) await collect(client, PAY, { id }, () => false);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, pay));
    expect(closes).toEqual([4001]);
    await client.dispose();
    expect((await call('GET', `/v1/accounts/${id}`)).body.version).toBe(1 + asked);
  }, 60_000);
});

describe('a socket for GraphQL that has had its reads', () => {
  it('ends in order, also where a subscription makes them', async () => {
    const id = await opened('ends-reads');
    const reads = 30;
    const fields = range(1, reads).map((index) => `a${index}: account(id: "${id}") { version }`);
    const { send, received, closed } = await openSocket({ Authorization: `Bearer ${TEST_TOKEN}` });
    send({ type: 'connection_init' });
    await eventually(async () => expect(received).toHaveLength(1));
    const followed = `subscription { portfolio(id: "${id}", afterVersion: 0) { account { trades { edges { cursor } } } } }`;
    send({ type: 'subscribe', id: 'follow', payload: { query: followed } });
    await eventually(async () => expect(received).toHaveLength(2));
    const most = Math.floor((CONNECTION_READS_MAX - 2) / reads);
    for (const index of range(1, most)) {
      send({ type: 'subscribe', id: `q${index}`, payload: { query: `{ ${fields.join(' ')} }` } });
      if (index % AT_ONCE === 0 || index === most)
        await eventually(async () => expect(received).toHaveLength(2 + 2 * index));
    }
    expect(closed).toEqual([]);
    // Deposits in a moment are one portfolio, and so one read.
    await eventually(async () => {
      await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });
      expect(closed).toEqual([4001]);
    });
  }, 60_000);
});

describe('a socket for GraphQL whose session ends', () => {
  it('answers what it was asked, and tells nothing of what is followed', async () => {
    const id = await opened('ends-answered');
    const held: (() => void)[] = [];
    const token = await serviceKey('ends-answered');
    const { send, received, closed } = await openSocket(
      { Authorization: `Bearer ${token}` },
      holdingReads(testEnv, held),
    );
    send({ type: 'connection_init' });
    await eventually(async () => expect(received).toHaveLength(1));
    const begin = (name: string, query: string) => send({ type: 'subscribe', id: name, payload: { query } });
    begin(
      'follow',
      `subscription { events(aggregateType: account, id: "${id}", afterVersion: 0) { version } }`,
    );
    await eventually(async () => expect(received).toHaveLength(2));
    begin('ask', `{ trades(id: "${id}") { edges { cursor } } }`);
    await eventually(async () => expect(held.length).toBeGreaterThan(0));
    await call('POST', '/v1/service-keys/ends-answered/revoke', { body: { reason: 'leaked' } });
    await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(closed).toEqual([]);
    begin('late', '{ __typename }');
    for (const goOn of held) goOn();
    await eventually(async () => expect(closed).toEqual([4001]));
    expect(received.slice(2)).toEqual([
      { id: 'ask', type: 'next', payload: { data: { trades: { edges: [] } } } },
      { id: 'ask', type: 'complete' },
    ]);
  });
});

describe('a socket for GraphQL whose pings are more than its quota', () => {
  it('answers what it was asked, and reads nothing more for what is followed', async () => {
    const id = await opened('ends-pinging');
    const held: (() => void)[] = [];
    const env = { ...holdingReads(testEnv, held), RATE_CLIENT_REQUESTS: '20' };
    const { send, received, closed } = await openSocket({ Authorization: `Bearer ${TEST_TOKEN}` }, env);
    send({ type: 'connection_init' });
    await eventually(async () => expect(received).toHaveLength(1));
    const trades = 'trades { edges { cursor } }';
    const begin = (name: string, query: string) => send({ type: 'subscribe', id: name, payload: { query } });
    begin('follow', `subscription { portfolio(id: "${id}", afterVersion: 0) { account { ${trades} } } }`);
    await eventually(async () => expect(held.length).toBeGreaterThan(0));
    for (const goOn of held.splice(0)) goOn();
    await eventually(async () => expect(received).toHaveLength(2));
    begin('ask', `{ account(id: "${id}") { ${trades} } }`);
    await eventually(async () => expect(held.length).toBeGreaterThan(0));
    const asked = held.length;
    for (let ping = 0; ping < 40; ping++) send({ type: 'ping' });
    await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([closed, held.length]).toEqual([[], asked]);
    for (const goOn of held) goOn();
    await eventually(async () => expect(closed).toEqual([1013]));
    const results = received.filter(({ type }) => type === 'next');
    expect(results).toMatchObject([{ id: 'follow' }, { id: 'ask' }]);
  });
});

describe('a socket for GraphQL whose client goes as it is let in', () => {
  it('leaves no connection to a hub behind', async () => {
    const hubs: (WebSocket | null)[] = [];
    const letIn = Promise.withResolvers<void>();
    const { STREAMS } = testEnv;
    const getByName: typeof STREAMS.getByName = (...named) => {
      const hub = STREAMS.getByName(...named);
      const held = async (...request: Parameters<typeof hub.fetch>) => {
        hubs.push(null);
        await letIn.promise;
        const answer = await hub.fetch(...request);
        hubs[0] = answer.webSocket;
        return answer;
      };
      return { fetch: held } as typeof hub;
    };
    const env = { ...testEnv, STREAMS: { getByName } as typeof STREAMS };
    const { send, closed, leave } = await openSocket({ Authorization: `Bearer ${TEST_TOKEN}` }, env);
    send({ type: 'connection_init' });
    await eventually(async () => expect(hubs).toEqual([null]));
    leave();
    await eventually(async () => expect(closed).toHaveLength(1));
    letIn.resolve();
    await eventually(async () => expect(hubs[0]?.readyState).toBeGreaterThan(WebSocket.OPEN));
  });
});

/** The token of a new key. */
async function serviceKey(keyId: string): Promise<string> {
  const secret = 'key'.padEnd(43, '-');
  const secretHash = createHash('sha256').update(secret).digest('hex');
  const body = { keyId, secretHash, roles: ['auditor'], description: 'A test' };
  expect((await call('POST', '/v1/service-keys', { body })).status).toBe(201);
  return `folio~${keyId}~${secret}`;
}
