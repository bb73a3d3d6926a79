/** The public contract, statement by statement: section "Accounts", commands, state and portfolio. */
import { describe, expect, it } from 'vitest';
import { call, eventually, opened, opening } from '../support/api.ts';

const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '10', price: '189.12', side: 'BUY' };

describe('Accounts', () => {
  it.each([
    ['USD', '10.01', '0.001'],
    ['JPY', '10', '0.1'],
    ['KWD', '10.001', '0.0001'],
  ])('moves %s in whole minor units', async (currency, whole, finer) => {
    const id = `minor-${currency}`;
    const refused = await call('POST', '/v1/accounts', {
      body: opening(id, { currency, initialBalance: finer }),
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'amount_precision']);
    await opened(id, { currency, initialBalance: whole });
    for (const resource of ['deposits', 'withdrawals']) {
      const path = `/v1/accounts/${id}/${resource}`;
      expect((await call('POST', path, { body: { amount: finer } })).body.code).toBe('amount_precision');
      expect((await call('POST', path, { body: { amount: whole, reference: 'r' } })).status).toBe(200);
    }
    expect((await call('GET', `/v1/accounts/${id}`)).body).toMatchObject({
      currency,
      cash: { total: whole },
    });
  });

  it.each(['XXX', 'usd', 'US', '', 'DEM', 5])('does not know the currency %s', async (currency) => {
    const { body } = await call('POST', '/v1/accounts', { body: opening('cur-1', { currency }) });
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'currency' }] });
  });

  it('opens corporate accounts, and with nothing', async () => {
    const { initialBalance: _, ...body } = opening('corp-1', { accountType: 'CORPORATE' });
    expect((await call('POST', '/v1/accounts', { body })).status).toBe(201);
    expect((await call('GET', '/v1/accounts/corp-1')).body).toMatchObject({
      accountType: 'CORPORATE',
      status: 'OPEN',
      cash: { total: '0', reserved: '0', available: '0' },
      fees: '0',
      positions: [],
      limits: {
        allowShort: false,
        maxOrderNotional: null,
        maxPositionNotional: null,
        maxPositionQuantity: null,
      },
      version: 1,
    });
  });

  it('trades at weighted average cost, with fees in cash and not in cost', async () => {
    await opened('avg-1');
    const send = (tradeId: string, side: string, quantity: string, price: string, fee?: string) =>
      call('POST', '/v1/accounts/avg-1/trades', {
        body: { tradeId, symbol: 'IBM', side, quantity, price, fee },
      });
    await send('b-1', 'BUY', '10', '100', '1');
    await send('b-2', 'BUY', '30', '120');
    const { body } = await send('s-1', 'SELL', '20', '130.5', '0.5');
    // 100,000 − 1,000 − 1 − 3,600 + 2,610 − 0.5; average (1,000 + 3,600) ÷ 40; (130.5 − 115) × 20
    expect(body).toMatchObject({
      tradeId: 's-1',
      cash: '98008.5',
      position: { symbol: 'IBM', quantity: '20', averageCost: '115', realizedPnl: '310' },
    });
    expect((await call('GET', '/v1/accounts/avg-1')).body).toMatchObject({
      fees: '1.5',
      cash: { total: '98008.5' },
    });
  });

  it('refuses trades by name', async () => {
    await opened('ref-1', { initialBalance: '1000' });
    const send = (more: object) => call('POST', '/v1/accounts/ref-1/trades', { body: { ...trade, ...more } });
    const limits = (body: object) => call('PUT', '/v1/accounts/ref-1/limits', { body });
    expect((await send({})).body.code).toBe('insufficient_funds');
    expect((await send({ side: 'SELL' })).body.code).toBe('insufficient_position');
    await limits({ maxOrderNotional: '100', maxPositionQuantity: '1', maxPositionNotional: '200' });
    expect((await send({})).body.code).toBe('limit_exceeded');
    await limits({ maxOrderNotional: null });
    expect((await send({ quantity: '2', price: '1' })).body.code).toBe('limit_exceeded');
    await limits({ maxPositionQuantity: null });
    expect((await send({ quantity: '2' })).body.code).toBe('limit_exceeded');
    await limits({ maxPositionNotional: null, allowShort: true });
    const short = await send({ side: 'SELL' });
    expect(short.body).toMatchObject({ position: { quantity: '-10' }, cash: '2891.2' });
    expect((await call('GET', '/v1/accounts/ref-1')).body.limits).toEqual({
      allowShort: true,
      maxOrderNotional: null,
      maxPositionNotional: null,
      maxPositionQuantity: null,
    });
  });

  it('is frozen, unfrozen and closed, and closing needs an empty account', async () => {
    await opened('life-1', { initialBalance: '5' });
    const send = async (path: string, body: object) => {
      const reply = await call('POST', `/v1/accounts/life-1/${path}`, { body });
      return reply.status === 200 ? 'ok' : `${reply.status} ${reply.body.code}`;
    };
    const reason = { reason: 'because' };
    expect(await send('unfreeze', reason)).toBe('422 account_not_frozen');
    expect(await send('freeze', reason)).toBe('ok');
    expect(await send('freeze', reason)).toBe('422 account_frozen');
    expect(await send('deposits', { amount: '1' })).toBe('422 account_frozen');
    expect(await send('trades', trade)).toBe('422 account_frozen');
    expect(await send('close', reason)).toBe('422 account_frozen');
    expect(await send('unfreeze', reason)).toBe('ok');
    expect(await send('close', reason)).toBe('422 account_not_empty');
    expect(await send('withdrawals', { amount: '6' })).toBe('422 insufficient_funds');
    expect(await send('withdrawals', { amount: '5' })).toBe('ok');
    expect(await send('close', reason)).toBe('ok');
    for (const path of ['deposits', 'withdrawals'])
      expect(await send(path, { amount: '1' })).toBe('422 account_closed');
    for (const path of ['freeze', 'unfreeze', 'close'])
      expect(await send(path, reason)).toBe('422 account_closed');
    expect((await call('GET', '/v1/accounts/life-1')).body.status).toBe('CLOSED');
  });

  it('shows its state as of a version and as of a time', async () => {
    await opened('past-1');
    await call('POST', '/v1/accounts/past-1/trades', { body: trade });
    await call('POST', '/v1/accounts/past-1/deposits', { body: { amount: '1' } });
    const now = await call('GET', '/v1/accounts/past-1');
    expect([now.headers.get('ETag'), now.body.version]).toEqual(['"3"', 3]);
    const opened1 = await call('GET', '/v1/accounts/past-1?version=1');
    expect([opened1.headers.get('ETag'), opened1.body.positions]).toEqual(['"1"', []]);
    expect((await call('GET', '/v1/accounts/past-1?version=2')).body).toMatchObject({
      version: 2,
      cash: { total: '98108.8' },
    });
    for (const query of ['version=0', 'at=2000-01-01T00:00:00Z']) {
      expect((await call('GET', `/v1/accounts/past-1?${query}`)).status).toBe(404);
    }
    const { events } = (await call('GET', '/v1/accounts/past-1/events')).body as {
      events: { recordedAt: string }[];
    };
    const second = events[1]?.recordedAt as string;
    const lastThen = events.filter(({ recordedAt }) => recordedAt <= second).length;
    const asOf = await call('GET', `/v1/accounts/past-1?at=${second}`);
    expect(asOf.body.version).toBe(lastThen);
    const both = await call('GET', '/v1/accounts/past-1?version=1&at=2999-01-01T00:00:00Z');
    expect(both.body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'at' }] });
  });

  it('shows its portfolio from the view, and from the actor for who asks for a newer version', async () => {
    await opened('port-1');
    for (const symbol of ['MSFT', 'AAPL', '7203', 'EUR/USD']) {
      await call('POST', '/v1/accounts/port-1/trades', {
        body: { ...trade, tradeId: `t-${symbol.replace('/', '')}`, symbol },
      });
    }
    const state = await call('GET', '/v1/accounts/port-1');
    const atOnce = await call('GET', '/v1/accounts/port-1/portfolio?minVersion=5');
    expect(atOnce.body).toEqual(state.body);
    const view = await eventually(async () => {
      const reply = await call('GET', '/v1/accounts/port-1/portfolio?minVersion=5');
      expect(reply.headers.get('X-Read-Source')).toBe('view');
      return reply;
    });
    expect(view.headers.get('X-View-Version')).toBe('5');
    expect(view.body).toEqual(state.body);
    const newer = await call('GET', '/v1/accounts/port-1/portfolio?minVersion=6');
    expect(newer.headers.get('X-Read-Source')).toBe('actor');
    expect(newer.headers.get('X-View-Version')).toBe('5');
    expect((await call('GET', '/v1/accounts/nobody/portfolio')).status).toBe(404);
  });
});
