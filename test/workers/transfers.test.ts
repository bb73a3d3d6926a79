/** Transfers between accounts over HTTP: from the request to both balances, whatever stands in the way. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { call, verdict } from '../support/api.ts';

const open = async (accountId: string, initialBalance = '100', currency = 'USD') =>
  expect(
    verdict(
      await call('POST', '/v1/accounts', {
        body: { accountId, customerId: 'c', accountType: 'INDIVIDUAL', currency, initialBalance },
      }),
    ),
  ).toBe('201');
const transfer = (transferId: string, fromAccountId: string, toAccountId: string, more: object = {}) =>
  call('POST', '/v1/transfers', {
    body: { transferId, fromAccountId, toAccountId, amount: '30', currency: 'USD', ...more },
  });
const cashOf = async (id: string) => (await call('GET', `/v1/accounts/${id}`)).body.cash;
const sagaOf = async (id: string) => (await call('GET', `/v1/sagas/${id}`)).body;
const ended = (id: string, status: string) =>
  vi.waitFor(async () => expect(await sagaOf(id)).toMatchObject({ status }), { timeout: 10_000 });

beforeAll(async () => {
  for (const id of ['alice', 'bob']) await open(id);
});

describe('a transfer', () => {
  it('is taken at once, and moves the money', async () => {
    const reply = await transfer('t-1', 'alice', 'bob');
    expect(verdict(reply)).toBe('202');
    expect(reply.body).toMatchObject({ sagaId: 'transfer-t-1', aggregateId: 'transfer-t-1' });
    await ended('transfer-t-1', 'COMPLETED');
    expect(await cashOf('alice')).toEqual({ total: '70', reserved: '0', available: '70' });
    expect(await cashOf('bob')).toEqual({ total: '130', reserved: '0', available: '130' });
    expect(await sagaOf('transfer-t-1')).toMatchObject({
      definition: 'funds-transfer',
      reason: null,
      steps: ['reserve-funds', 'accept-transfer', 'settle-funds', 'credit-transfer'].map((name) => ({
        name,
        status: 'COMPLETED',
        attempts: 1,
      })),
    });
  });

  it('is one, however often it is asked for', async () => {
    await open('carol');
    const first = await transfer('t-2', 'carol', 'bob');
    const again = await transfer('t-2', 'carol', 'bob');
    expect([verdict(first), verdict(again)]).toEqual(['202', '202']);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(verdict(await transfer('t-2', 'carol', 'bob', { amount: '31' }))).toBe('409 command_id_reused');
    await ended('transfer-t-2', 'COMPLETED');
    expect(await cashOf('carol')).toMatchObject({ total: '70' });
  });

  it('that cannot be paid leaves both accounts as they were', async () => {
    await open('dora', '10');
    await transfer('t-3', 'dora', 'bob');
    await ended('transfer-t-3', 'COMPENSATED');
    expect(await sagaOf('transfer-t-3')).toMatchObject({
      reason: 'reserve-funds: insufficient_funds',
      steps: [
        { name: 'reserve-funds', status: 'REFUSED', error: { code: 'insufficient_funds' } },
        { name: 'accept-transfer', status: 'COMPENSATED' },
        { name: 'settle-funds', status: 'SKIPPED' },
        { name: 'credit-transfer', status: 'SKIPPED' },
      ],
    });
    expect(await cashOf('dora')).toEqual({ total: '10', reserved: '0', available: '10' });
  });
});

describe('sagas', () => {
  const list = async (query: string) => {
    const reply = await call('GET', `/v1/sagas${query}`);
    return (reply.body.sagas as { sagaId: string }[]).map(({ sagaId }) => sagaId);
  };

  it('are listed newest first, by status, definition and time, page after page', async () => {
    const wait = { timeout: 10_000 };
    await vi.waitFor(async () => expect(await list('?status=COMPLETED')).toHaveLength(2), wait);
    await vi.waitFor(async () => expect(await list('?status=COMPENSATED')).toHaveLength(1), wait);
    const ids = ['transfer-t-3', 'transfer-t-2', 'transfer-t-1'];
    expect(await list('')).toEqual(ids);
    expect(await list('?definition=funds-transfer&status=COMPLETED')).toEqual(ids.slice(1));
    expect(await list('?definition=order-fulfilment')).toEqual([]);
    expect(await list('?to=2020-01-01T00:00:00Z')).toEqual([]);
    const { body, headers } = await call('GET', '/v1/sagas?limit=2');
    expect(body.sagas).toMatchObject([
      { sagaId: ids[0], status: 'COMPENSATED', reason: 'reserve-funds: insufficient_funds' },
      { sagaId: ids[1], definition: 'funds-transfer', definitionVersion: 2, reason: null },
    ]);
    expect(headers.get('X-View-Parked')).toBeNull();
    expect(await list(`?limit=2&cursor=${body.nextCursor}`)).toEqual(ids.slice(2));
  });

  it.each([
    ['?status=LOST', '400 invalid_request status'],
    ['?definition=Funds', '400 invalid_request definition'],
    ['?from=yesterday', '400 invalid_request from'],
    ['?cursor=nonsense', '400 invalid_request cursor'],
    ['?parked=true', '400 invalid_request parked'],
  ])('refuse %s', async (query, expected) => {
    expect(verdict(await call('GET', `/v1/sagas${query}`))).toBe(expected);
  });
});
