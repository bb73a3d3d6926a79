/** Sessions that end in mid-stream: whoever listens is told that, and shown nothing more. */
import { exports } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CONNECTION_READS_MAX } from '../../workers/graphql/context.ts';
import { ALIASES_MAX } from '../../workers/graphql/limits.ts';
import { call, opened } from '../support/api.ts';
import { range } from '../support/stream.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

const SECRET = 'one'.padEnd(43, '-');

/** The token of a new key, which ends after so many milliseconds where that is said. */
async function keyFor(keyId: string, lastsMs?: number): Promise<string> {
  const secretHash = createHash('sha256').update(SECRET).digest('hex');
  const end = lastsMs === undefined ? {} : { expiresAt: new Date(Date.now() + lastsMs).toISOString() };
  const body = { keyId, secretHash, roles: ['auditor'], description: 'A test', ...end };
  expect((await call('POST', '/v1/service-keys', { body })).status).toBe(201);
  return `folio~${keyId}~${SECRET}`;
}

const revoke = (keyId: string) =>
  call('POST', `/v1/service-keys/${keyId}/revoke`, { body: { reason: 'leaked' } });

const pay = (id: string) => call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });

const followed = (id: string) =>
  `subscription { events(aggregateType: account, id: "${id}", afterVersion: 0) { version } }`;

function subscribeOverSse(token: string, id: string, query = followed(id)): Promise<Response> {
  return worker.fetch('http://folio.test/v1/graphql', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'text/event-stream',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ query }),
  });
}

/** The events of a stream that has come to its end. */
async function eventsOf(response: Response): Promise<{ event: string; data: string }[]> {
  return Array.from((await response.text()).matchAll(/event: (\w+)\ndata: (.*)\n/g), ([, event, data]) => ({
    event: event as string,
    data: data as string,
  }));
}

describe('an event stream', () => {
  it('of an aggregate of which nothing comes ends when its session does, and says why', async () => {
    const id = await opened('ends-idle');
    const token = await keyFor('ends-idle', 700);
    const response = await worker.fetch(`http://folio.test/v1/stream/account/${id}?afterVersion=0`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    const events = await eventsOf(response);
    expect(events.map(({ event }) => event)).toEqual(['subscribed', 'events', 'ended']);
    expect(JSON.parse(events[2]?.data ?? '')).toEqual({
      type: 'ended',
      id: 'events',
      code: 'unauthenticated',
      detail: 'session_ended: connect again with a fresh token',
      version: 1,
    });
  });

  it('of GraphQL tells a key that was revoked by an error, not as if all had been told', async () => {
    const id = await opened('ends-revoked');
    const response = await subscribeOverSse(await keyFor('ends-revoked'), id);
    await revoke('ends-revoked');
    await pay(id);
    const events = await eventsOf(response);
    const told = events.map(({ event, data }) => (event === 'next' ? JSON.parse(data) : event));
    const error = { message: 'session_ended: the key counts no more' };
    expect(told.slice(-2)).toMatchObject([
      { errors: [{ ...error, extensions: { code: 'unauthenticated', status: 401 } }] },
      'complete',
    ]);
    // The payment came after the end: at most the opening was shown.
    expect(told.slice(0, -2)).toEqual(told.length === 3 ? [{ data: { events: { version: 1 } } }] : []);
  });

  it('of GraphQL that has read as much as a connection may says so, with the version to go on after', async () => {
    const id = await opened('ends-read');
    const reads = range(1, ALIASES_MAX).map((index) => `a${index}: trades(first: 1) { edges { cursor } }`);
    const query = `subscription { portfolio(id: "${id}", afterVersion: 0) { version account { ${reads.join(' ')} } } }`;
    const response = await subscribeOverSse(await keyFor('ends-read'), id, query);
    let isOver = false;
    const ended = eventsOf(response).finally(() => {
      isOver = true;
    });
    // An account that changes is shown ten times a second.
    for (; !isOver; await new Promise((resolve) => setTimeout(resolve, 50))) await pay(id);
    const events = await ended;
    expect(events.map(({ event }) => event).slice(-2)).toEqual(['next', 'complete']);
    expect(JSON.parse(events.at(-2)?.data ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'unavailable' } }],
    });
    expect(events).toHaveLength(Math.ceil(CONNECTION_READS_MAX / ALIASES_MAX) + 2);
    for (const { data } of events.slice(0, -2)) expect(JSON.parse(data)).not.toHaveProperty('errors');
  }, 60_000);
});
