import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';

const worker = (exports as unknown as { default: Fetcher }).default;

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return worker.fetch(`http://folio.test${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const opening = (accountId: string) => ({
  accountId,
  customerId: 'customer-1',
  accountType: 'INDIVIDUAL',
  currency: 'USD',
  initialBalance: '100000',
});

describe('an account over HTTP', () => {
  it('is opened, trades, and shows the trade in its state, its log and its portfolio', async () => {
    expect((await send('POST', '/v1/accounts', opening('acc-1'))).status).toBe(201);
    const trade = { tradeId: 't-1', symbol: 'IBM', quantity: 100, price: '189.12', side: 'BUY' };
    const executed = await send('POST', '/v1/accounts/acc-1/trades', trade);
    expect(executed.status).toBe(201);
    expect(executed.headers.get('ETag')).toBe('"2"');
    expect(await executed.json()).toMatchObject({ tradeId: 't-1', cash: '81088', version: 2 });
    const portfolio = await send('GET', '/v1/accounts/acc-1/portfolio?minVersion=2');
    expect(await portfolio.json()).toMatchObject({
      cash: { total: '81088', reserved: '0', available: '81088' },
      positions: [{ symbol: 'IBM', quantity: '100', averageCost: '189.12', realizedPnl: '0' }],
    });
  });

  it('answers a repeat under the same key with the stored answer, and refuses another body', async () => {
    await send('POST', '/v1/accounts', opening('acc-2'));
    const key = { 'Idempotency-Key': 'deposit-1' };
    const first = await send('POST', '/v1/accounts/acc-2/deposits', { amount: '5' }, key);
    const repeat = await send('POST', '/v1/accounts/acc-2/deposits', { amount: '5.00' }, key);
    expect(repeat.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await repeat.json()).toEqual(await first.json());
    const other = await send('POST', '/v1/accounts/acc-2/deposits', { amount: '6' }, key);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'command_id_reused' });
  });
});
