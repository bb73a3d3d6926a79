import { describe, expect, it } from 'vitest';
import { call, opened, opening } from '../support/api.ts';

describe('an account over HTTP', () => {
  it('is opened, trades, and shows the trade in its state, its log and its portfolio', async () => {
    await call('POST', '/v1/accounts', { body: opening('acc-1') });
    const trade = { tradeId: 't-1', symbol: 'IBM', quantity: 100, price: '189.12', side: 'BUY' };
    const executed = await call('POST', '/v1/accounts/acc-1/trades', { body: trade });
    expect(executed.status).toBe(201);
    expect(executed.headers.get('ETag')).toBe('"2"');
    expect(executed.body).toMatchObject({ tradeId: 't-1', cash: '81088', version: 2 });
    const portfolio = await call('GET', '/v1/accounts/acc-1/portfolio?minVersion=2');
    expect(portfolio.body).toMatchObject({
      cash: { total: '81088', reserved: '0', available: '81088' },
      positions: [{ symbol: 'IBM', quantity: '100', averageCost: '189.12', realizedPnl: '0' }],
    });
  });

  it('answers a repeat under the same key with the stored answer, and refuses another body', async () => {
    await opened('acc-2');
    const headers = { 'Idempotency-Key': 'deposit-1' };
    const first = await call('POST', '/v1/accounts/acc-2/deposits', { body: { amount: '5' }, headers });
    const repeat = await call('POST', '/v1/accounts/acc-2/deposits', { body: { amount: '5.00' }, headers });
    expect(repeat.headers.get('Idempotency-Replayed')).toBe('true');
    expect(repeat.body).toEqual(first.body);
    const other = await call('POST', '/v1/accounts/acc-2/deposits', { body: { amount: '6' }, headers });
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({ code: 'command_id_reused' });
  });
});
