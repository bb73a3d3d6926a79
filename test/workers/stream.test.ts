/** `GET /v1/stream`: commands in and subscriptions out over one WebSocket. */
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, call, eventually, opened, TEST_TOKEN } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { deposit, openingReply, range, StreamClient } from '../support/stream.ts';

describe('opening a stream', () => {
  it('needs a token and an upgrade', async () => {
    expect((await openingReply(ANONYMOUS)).status).toBe(401);
    const { status, headers, body } = await call('GET', '/v1/stream');
    expect([status, body.code, headers.get('Upgrade')]).toEqual([426, 'upgrade_required', 'websocket']);
  });

  it('takes the token among the subprotocols, as browsers send it, and does not send it back', async () => {
    const offered = `folio.v1, bearer.${TEST_TOKEN}`;
    const response = await openingReply({ ...ANONYMOUS, 'Sec-WebSocket-Protocol': offered });
    expect([response.status, response.headers.get('Sec-WebSocket-Protocol')]).toEqual([101, 'folio.v1']);
    expect((await openingReply({ ...ANONYMOUS, 'Sec-WebSocket-Protocol': 'bearer.wrong' })).status).toBe(401);
  });

  it('welcomes with what the connection is bounded by', async () => {
    const client = await StreamClient.open({ 'X-Correlation-Id': 'stream-1' });
    expect(client.all('welcome')[0]).toMatchObject({ correlationId: 'stream-1' });
  });
});

describe('commands on a stream', () => {
  it('are answered as in a batch, in the order given', async () => {
    const id = await opened('stream-commands');
    const client = await StreamClient.open();
    const first = deposit(id);
    const commands = [
      first,
      { ...first, commandId: 'no', data: { amount: '-1' } },
      first,
      deposit('stream-nobody'),
    ];
    client.send({ type: 'commands', id: 'c1', commands });
    const { results, ...counts } = await client.next('results');
    expect(counts).toEqual({ type: 'results', id: 'c1', accepted: 1, refused: 2, replayed: 1 });
    expect(results.map(({ status, code, version }) => code ?? `${status} ${version}`)).toEqual([
      'accepted 2',
      'invalid_request',
      'replayed 2',
      'account_not_found',
    ]);
  });

  it('that are none are refused in their places, whatever they are made of, and nothing of them stays in flight', async () => {
    const id = await opened('stream-shapes');
    const client = await StreamClient.open();
    const shapes: unknown[] = [null, [], 'text', { toString: null, valueOf: null }, { aggregateType: {} }];
    const nameless = [{ toString: 1, valueOf: 1 }, [{ toString: 1, valueOf: 1 }], 7, null];
    for (const name of nameless)
      shapes.push({ ...deposit(id), aggregateId: name }, { ...deposit(id), aggregateType: name });
    for (const shape of shapes) {
      client.send({ type: 'commands', id: 'shape', commands: [shape, deposit(id)] });
      const { accepted, results } = await client.next('results');
      expect([accepted, results[0]?.code], JSON.stringify(shape)).toEqual([1, 'invalid_request']);
    }
  });

  it('pipelined, run and answer in the order sent', async () => {
    const id = await opened('stream-pipeline');
    const client = await StreamClient.open();
    for (const frame of range(1, 50))
      client.send({ type: 'commands', id: `f${frame}`, commands: [deposit(id)] });
    await eventually(async () => expect(client.all('results')).toHaveLength(50));
    expect(client.all('results').map(({ id: frame }) => frame)).toEqual(range(1, 50).map((n) => `f${n}`));
    expect(client.all('results').flatMap(({ results }) => results.map(({ version }) => version))).toEqual(
      range(2, 51),
    );
  });

  it('are refused one by one where the caller may not send them', async () => {
    const [own, other] = [await opened('stream-own'), await opened('stream-other')];
    const client = await StreamClient.open(await as('trader', [own]));
    const withdraw = (id: string) => ({ ...deposit(id), type: 'WithdrawFunds' });
    client.send({ type: 'commands', id: 'c1', commands: [withdraw(own), withdraw(other), deposit(own)] });
    const { results } = await client.next('results');
    expect(results.map(({ status, code }) => code ?? status)).toEqual(['accepted', 'forbidden', 'forbidden']);
  });
});

describe('a subscription to events', () => {
  it('replays what comes after the version that the client has, and goes on with what is committed', async () => {
    const id = await opened('stream-events');
    await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '5' } });
    const client = await StreamClient.open();
    client.send({
      type: 'subscribe',
      id: 's',
      topic: 'events',
      aggregateType: 'account',
      aggregateId: id,
      afterVersion: 0,
    });
    expect(await client.next('subscribed')).toMatchObject({ id: 's', afterVersion: 0, version: 2 });
    await eventually(async () => expect(client.versions('s')).toEqual([1, 2]));
    for (const _ of range(1, 5)) await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });
    await eventually(async () => expect(client.versions('s')).toEqual(range(1, 7)));
    const log = await call('GET', `/v1/accounts/${id}/events`);
    expect(client.all('events', 's').flatMap(({ events }) => events)).toEqual(log.body.events);
  });
});
