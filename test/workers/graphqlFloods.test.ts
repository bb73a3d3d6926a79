/**
 * Sockets for GraphQL whose clients send and do not read, or send more than is taken: they end before they fill the memory. What a
 * client has ended is not sent any more.
 */
import { describe, expect, it } from 'vitest';
import { PONGS_WAITING_MAX } from '../../workers/graphql/pacedSocket.ts';
import { MESSAGES_OF_NOBODY_MAX, WAITING_LENGTH_MAX } from '../../workers/graphql/socket.ts';
import { UNCONFIRMED_BYTES_MAX } from '../../workers/streams/flow.ts';
import { eventually, opened, TEST_TOKEN, testEnv } from '../support/api.ts';
import { holdingReads } from '../support/graphql.ts';
import { openSocket as open } from '../support/graphqlSocket.ts';

const KNOWN = { Authorization: `Bearer ${TEST_TOKEN}` };
const PADDING = 'x'.repeat(60_000);

const endsWith = (closed: readonly number[], code: number) =>
  eventually(async () => expect(closed).toEqual([code]));

describe('a socket for GraphQL', () => {
  it('takes a few messages before it is told whose it is', async () => {
    const { send, closed, pongs } = await open({});
    for (let place = 0; place < MESSAGES_OF_NOBODY_MAX; place++) send({ type: 'ping' });
    await eventually(async () => expect(pongs()).toBe(MESSAGES_OF_NOBODY_MAX));
    send({ type: 'ping' });
    await endsWith(closed, 4401);
  });

  it('answers a ping with its payload', async () => {
    const { send, received } = await open(KNOWN);
    send({ type: 'ping', payload: { at: 7 } });
    await eventually(async () => expect(received).toEqual([{ type: 'pong', payload: { at: 7 } }]));
  });

  it('ends where nobody reads the answers to its pings', async () => {
    const { send, closed, pongs } = await open(KNOWN);
    for (let length = 0; length < 2 * UNCONFIRMED_BYTES_MAX; length += PADDING.length)
      send({ type: 'ping', payload: { PADDING } });
    await endsWith(closed, 4008);
    expect(pongs() * PADDING.length).toBeLessThan(UNCONFIRMED_BYTES_MAX + PADDING.length);
  });

  it('waits with its answers to pings for a reader that is behind and goes on reading', async () => {
    const { send, received, closed, pongs } = await open(KNOWN);
    const filling = Math.ceil(UNCONFIRMED_BYTES_MAX / PADDING.length);
    for (let place = 0; place < filling; place++) send({ type: 'ping', payload: { PADDING } });
    for (let place = 0; place < PONGS_WAITING_MAX; place++) send({ type: 'ping' });
    await eventually(async () => expect(pongs()).toBe(filling));
    const { payload } = received.findLast(({ type }) => type === 'ping') ?? {};
    send({ type: 'pong', payload });
    await eventually(async () => expect(pongs()).toBe(filling + PONGS_WAITING_MAX));
    expect(closed).toEqual([]);
  });

  it('has its pings counted among the requests of its client', async () => {
    const { send, closed } = await open(KNOWN, { ...testEnv, RATE_CLIENT_REQUESTS: '5' });
    for (let place = 0; place < 30; place++) send({ type: 'ping' });
    await endsWith(closed, 1013);
  });

  it('ends where more messages wait for their results than there is room for', async () => {
    const id = await opened('flooded');
    const { send, received, closed } = await open(KNOWN);
    send({ type: 'connection_init' });
    await eventually(async () => expect(received.map(({ type }) => type)).toEqual(['connection_ack']));
    const query = `subscription { portfolio(id: "${id}") { version } } #${PADDING}`;
    const subscribe = (place: number) => send({ type: 'subscribe', id: `s${place}`, payload: { query } });
    const most = Math.floor(WAITING_LENGTH_MAX / (query.length + 100));
    for (let place = 0; place < most; place++) subscribe(place);
    send({ type: 'ping' });
    await eventually(async () => expect(received.at(-1)).toEqual({ type: 'pong' }));
    expect(closed).toEqual([]);
    for (let place = most; place < most + 2; place++) subscribe(place);
    await endsWith(closed, 1009);
  });

  it('says nothing more of an operation that its client has ended, though it is being answered', async () => {
    const id = await opened('ended-1');
    const held: (() => void)[] = [];
    const { send, received } = await open(KNOWN, holdingReads(testEnv, held));
    send({ type: 'connection_init' });
    await eventually(async () => expect(received).toHaveLength(1));
    const begin = (query: string) => send({ type: 'subscribe', id: '1', payload: { query } });
    const portfolio = (of: string) => `portfolio(id: "${id}", afterVersion: 0) { version ${of} }`;
    begin(`subscription { ${portfolio('account { trades { edges { cursor } } }')} }`);
    await eventually(async () => expect(held.length).toBeGreaterThan(0));
    send({ type: 'complete', id: '1' });
    begin(`subscription { ${portfolio('')} }`);
    for (const goOn of held) goOn();
    await eventually(async () => expect(received.length).toBeGreaterThan(1));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(received.slice(1)).toEqual([
      { id: '1', type: 'next', payload: { data: { portfolio: { version: 1 } } } },
    ]);
  });
});
