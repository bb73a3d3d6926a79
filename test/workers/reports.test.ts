/** Statements and reports through the API. */
import { describe, expect, it } from 'vitest';
import { call, opened, type Reply, verdict } from '../support/api.ts';

async function traded(accountId: string, tradeId: string, side: string, quantity: string, price: string) {
  const body = { tradeId, symbol: 'IBM', side, quantity, price, fee: '1' };
  expect((await call('POST', `/v1/accounts/${accountId}/trades`, { body })).status).toBe(201);
}

const statement = (accountId: string, query = ''): Promise<Reply> =>
  call('GET', `/v1/accounts/${accountId}/statement${query}`);

describe('the statement of an account', () => {
  it('comes from its log at once, and again to the letter when more has happened', async () => {
    await opened('stm-1');
    await call('POST', '/v1/accounts/stm-1/deposits', { body: { amount: '50', reference: '=SUM(A1)' } });
    await traded('stm-1', 't-1', 'BUY', '10', '100');
    await traded('stm-1', 't-2', 'SELL', '4', '110');
    const { body: first } = await statement('stm-1');
    expect(first).toMatchObject({
      accountId: 'stm-1',
      openingBalance: '0',
      closingBalance: '99488',
      realizedPnl: { total: '40' },
      positions: [{ symbol: 'IBM', quantity: '6', price: '110', priceTradeId: 't-2', marketValue: '660' }],
      totalValue: '100148',
      heads: [{ aggregateType: 'account', aggregateId: 'stm-1', version: 4 }],
    });
    const { body: log } = await call('GET', '/v1/accounts/stm-1/events');
    const [, , , newest] = log.events as { hash: string; eventId: string }[];
    expect(first.heads).toMatchObject([{ hash: newest?.hash }]);
    expect(first.movements).toMatchObject([{}, { reference: '=SUM(A1)' }, {}, { eventId: newest?.eventId }]);
    await traded('stm-1', 't-3', 'BUY', '1', '120');
    expect((await statement('stm-1', '?version=4')).body).toEqual(first);
    expect((await statement('stm-1')).body).not.toEqual(first);
  });

  it.each([
    ['?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', '400 invalid_request to'],
    ['?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', '400 invalid_request to'],
    ['?from=yesterday', '400 invalid_request from'],
    ['?version=-1', '400 invalid_request version'],
    ['?until=2026-01-02T00:00:00Z', '400 invalid_request until'],
    ['?to=2001-01-01T00:00:00Z', '404 account_not_found'],
    ['?version=99', '404 account_not_found'],
  ])('refuses %s', async (query, expected) => {
    await call('POST', '/v1/accounts', {
      body: { accountId: 'stm-2', customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' },
    });
    expect(verdict(await statement('stm-2', query))).toBe(expected);
  });

  it('is not there where there is no account', async () => {
    expect(verdict(await statement('nobody'))).toBe('404 account_not_found');
  });
});
