/** The public contract, statement by statement: section "Everywhere". */
import { describe, expect, it } from 'vitest';
import committed from '../../docs/generated/openapi.json';
import { PROBLEMS } from '../../workers/http/problem.ts';
import { call, footprint, opened, opening } from '../support/api.ts';

const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '10', price: '189.12', side: 'BUY' };

describe('Everywhere: numbers, times and ids', () => {
  it('takes amounts as strings or numbers of 15 digits and answers canonical strings', async () => {
    await opened('num-1');
    const deposits = ['1.50', 1.5, '0.01', 0.01, 999_999_999_999.99, '999999999999999'];
    for (const amount of deposits) {
      expect((await call('POST', '/v1/accounts/num-1/deposits', { body: { amount } })).status).toBe(200);
    }
    const { body } = await call('GET', '/v1/accounts/num-1');
    expect(body.cash).toEqual({
      total: '1001000000100002.01',
      reserved: '0',
      available: '1001000000100002.01',
    });
    const { status } = await call('POST', '/v1/accounts/num-1/deposits', {
      body: '{"amount":1234567890.123456}',
    });
    expect(status).toBe(400);
  });

  // What JavaScript and Python write for small numbers, and others for large ones.
  it.each([
    ['1e-7', '1e3', '0.0000001', '1000'],
    ['1e-08', '2.5E+2', '0.00000001', '250'],
    ['1.23456789012345e-6', '1.0e0', undefined, '1'],
    ['0.001e3', '123456789012345e-8', '1', '1234567.89012345'],
  ])('takes numbers with an exponent: %s of %s', async (quantity, price, sameQuantity, samePrice) => {
    const id = `exp-${quantity.replaceAll(/[.+]/g, '_')}`;
    await opened(id, { initialBalance: '100000000' });
    const path = `/v1/accounts/${id}/trades`;
    const numbers = JSON.stringify({ ...trade, quantity: 0, price: 1 })
      .replace('"quantity":0', `"quantity":${quantity}`)
      .replace('"price":1', `"price":${price}`);
    const { status, body } = await call('POST', path, { body: numbers });
    if (sameQuantity === undefined) {
      expect(body.errors).toEqual([{ path: 'quantity', message: 'must have at most 8 decimals' }]);
      return;
    }
    expect([status, body.position]).toMatchObject([201, { quantity: sameQuantity }]);
    const repeat = { ...trade, quantity: sameQuantity, price: samePrice };
    const { headers } = await call('POST', path, { body: repeat });
    expect(headers.get('Idempotency-Replayed')).toBe('true');
  });

  it('keeps times in UTC', async () => {
    await opened('num-2');
    const executedAt = '2013-10-07T15:30:00.5+02:00';
    await call('POST', '/v1/accounts/num-2/trades', { body: { ...trade, executedAt } });
    const { body } = await call('GET', '/v1/accounts/num-2/events?fromVersion=2');
    expect(body.events).toMatchObject([{ data: { executedAt: '2013-10-07T13:30:00.500Z' } }]);
  });

  it.each(['a', 'A-Z_0-9', 'x'.repeat(64)])('takes the id %s', async (id) => {
    expect((await call('POST', '/v1/accounts', { body: opening(id) })).body.aggregateId).toBe(id);
    expect((await call('GET', `/v1/accounts/${id}`)).body.accountId).toBe(id);
  });

  it.each(['x'.repeat(65), 'a b', 'a.b', 'ä', ''])('refuses the id "%s"', async (accountId) => {
    const { status, body } = await call('POST', '/v1/accounts', { body: opening('x', { accountId }) });
    expect([status, body.errors]).toMatchObject([400, [{ path: 'accountId' }]]);
  });
});

describe('Everywhere: commands', () => {
  it('answers 201 where something was created and 200 otherwise, with version, events and ETag', async () => {
    const created = await call('POST', '/v1/accounts', { body: opening('cmd-1') });
    expect(created.status).toBe(201);
    expect(created.headers.get('ETag')).toBe('"1"');
    expect(created.body).toMatchObject({
      aggregateId: 'cmd-1',
      version: 1,
      events: [{ eventType: 'AccountOpened', version: 1 }],
    });
    const traded = await call('POST', '/v1/accounts/cmd-1/trades', { body: trade });
    expect(traded.status).toBe(201);
    expect(traded.headers.get('ETag')).toBe('"2"');
    const deposited = await call('POST', '/v1/accounts/cmd-1/deposits', { body: { amount: '1' } });
    expect(deposited.status).toBe(200);
    expect(deposited.body).toMatchObject({
      version: 3,
      events: [{ eventType: 'FundsDeposited', version: 3 }],
    });
    const limits = await call('PUT', '/v1/accounts/cmd-1/limits', { body: { allowShort: true } });
    expect([limits.status, limits.headers.get('ETag')]).toEqual([200, '"4"']);
  });

  it('remembers an Idempotency-Key: same body same answer, other body 409, and a refusal is not remembered', async () => {
    await opened('idem-1');
    const headers = { 'Idempotency-Key': `${'k'.repeat(127)}~` };
    const send = (amount: string) =>
      call('POST', '/v1/accounts/idem-1/withdrawals', { body: { amount }, headers });
    expect((await send('100001')).body.code).toBe('insufficient_funds');
    await call('POST', '/v1/accounts/idem-1/deposits', { body: { amount: '1' } });
    const first = await send('100001');
    expect([first.status, first.headers.has('Idempotency-Replayed')]).toEqual([200, false]);
    // The repeat finds an empty account, frozen meanwhile: what counts is what was answered.
    await call('POST', '/v1/accounts/idem-1/freeze', { body: { reason: 'r' } });
    const repeat = await send('100001.00');
    expect([repeat.status, repeat.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(repeat.body).toEqual(first.body);
    expect(repeat.headers.get('ETag')).toBe(first.headers.get('ETag'));
    const other = await send('1');
    expect([other.status, other.body.code]).toEqual([409, 'command_id_reused']);
    const otherType = await call('POST', '/v1/accounts/idem-1/deposits', {
      body: { amount: '100001' },
      headers,
    });
    expect([otherType.status, otherType.body.code]).toEqual([409, 'command_id_reused']);
    expect((await footprint('idem-1')).version).toBe(4);
  });

  it('replays the opening of an account under its key, and refuses it without', async () => {
    const headers = { 'Idempotency-Key': 'open' };
    const first = await call('POST', '/v1/accounts', { body: opening('idem-2'), headers });
    const repeat = await call('POST', '/v1/accounts', { body: opening('idem-2'), headers });
    expect([repeat.status, repeat.body]).toEqual([201, first.body]);
    expect(repeat.headers.get('Idempotency-Replayed')).toBe('true');
    const again = await call('POST', '/v1/accounts', { body: opening('idem-2') });
    expect([again.status, again.body.code]).toEqual([409, 'account_already_open']);
  });

  it('knows a trade by its tradeId, under any key and under none', async () => {
    await opened('idem-3');
    const send = (body: object, key?: string) =>
      call('POST', '/v1/accounts/idem-3/trades', {
        body,
        headers: key === undefined ? {} : { 'Idempotency-Key': key },
      });
    const first = await send(trade);
    for (const repeat of [
      await send(trade),
      await send({ ...trade, quantity: 10.0 }, 'key-1'),
      await send(trade, 't-1'),
    ]) {
      expect([repeat.status, repeat.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
      expect(repeat.body).toEqual(first.body);
    }
    const changed = await send({ ...trade, quantity: '11' }, 'key-2');
    expect([changed.status, changed.body.code]).toEqual([409, 'command_id_reused']);
    // A key that was used for another trade names that one.
    await send({ ...trade, tradeId: 't-2' }, 'key-3');
    expect((await send({ ...trade, tradeId: 't-3' }, 'key-3')).body.code).toBe('command_id_reused');
    // One under which a trade was repeated is not remembered.
    expect((await send({ ...trade, tradeId: 't-4' }, 'key-1')).status).toBe(201);
    // A deposit may carry a key that is a trade's id: they are different things.
    const headers = { 'Idempotency-Key': 't-9' };
    await call('POST', '/v1/accounts/idem-3/deposits', { body: { amount: '1' }, headers });
    expect((await send({ ...trade, tradeId: 't-9' })).status).toBe(201);
    expect((await footprint('idem-3')).version).toBe(6);
  });

  it('holds If-Match against the version', async () => {
    await opened('match-1');
    const deposit = (ifMatch: string, key?: string) =>
      call('POST', '/v1/accounts/match-1/deposits', {
        body: { amount: '1' },
        headers: { 'If-Match': ifMatch, ...(key === undefined ? {} : { 'Idempotency-Key': key }) },
      });
    expect((await deposit('"1"', 'd-1')).headers.get('ETag')).toBe('"2"');
    const conflict = await deposit('"1"');
    expect([conflict.status, conflict.body.code, conflict.body.currentVersion]).toEqual([
      412,
      'version_conflict',
      2,
    ]);
    expect((await deposit('"7"')).status).toBe(412);
    // As the tag comes back from whoever takes compressed answers.
    expect((await deposit('W/"1"')).body.code).toBe('version_conflict');
    expect((await deposit('W/"2"')).headers.get('ETag')).toBe('"3"');
    for (const none of ['W/2', '"2"W/', 'w/"2"', 'W/"2', '*'])
      expect([none, (await deposit(none)).status]).toEqual([none, 400]);
    // A repeat is answered from memory whatever the version is by now.
    expect((await deposit('"1"', 'd-1')).headers.get('Idempotency-Replayed')).toBe('true');
    const fresh = await call('POST', '/v1/accounts', {
      body: opening('match-2'),
      headers: { 'If-Match': '"0"' },
    });
    expect(fresh.status).toBe(201);
  });
});

describe('Everywhere: errors and tracing', () => {
  it('answers errors as problem details by status', async () => {
    await opened('err-1');
    const path = '/v1/accounts/err-1/deposits';
    const expected: [number, string, Promise<{ status: number; body: object }>][] = [
      [400, 'invalid_request', call('POST', path, { body: { amount: '-1' } })],
      [
        401,
        'unauthenticated',
        call('GET', '/v1/accounts/err-1', { headers: { Authorization: 'Bearer wrong' } }),
      ],
      [404, 'account_not_found', call('GET', '/v1/accounts/nobody')],
      [404, 'account_not_found', call('POST', '/v1/accounts/nobody/deposits', { body: { amount: '1' } })],
      [404, 'route_not_found', call('GET', '/v1/nothing')],
      [405, 'method_not_allowed', call('DELETE', path)],
      [409, 'account_already_open', call('POST', '/v1/accounts', { body: opening('err-1') })],
      [
        412,
        'version_conflict',
        call('POST', path, { body: { amount: '1' }, headers: { 'If-Match': '"9"' } }),
      ],
      [413, 'request_too_large', call('POST', path, { body: `{"amount":"1"${' '.repeat(65_536)}}` })],
      [
        415,
        'unsupported_media_type',
        call('POST', path, { body: 'x', headers: { 'Content-Type': 'text/plain' } }),
      ],
      [422, 'amount_precision', call('POST', path, { body: { amount: '0.001' } })],
    ];
    for (const [status, code, reply] of expected)
      expect(await reply).toMatchObject({ status, body: { code } });
  });

  it('names what was not found so with 404, and nothing else', () => {
    const codes = Object.entries(PROBLEMS);
    expect(codes.filter(([code]) => !/^[a-z]+(_[a-z]+)*$/.test(code))).toEqual([]);
    expect(codes.filter(([code, { status }]) => code.endsWith('_not_found') !== (status === 404))).toEqual(
      [],
    );
  });

  it('takes, returns and stores X-Correlation-Id; makes one from traceparent or anew', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const sent = { 'X-Correlation-Id': 'my-id "1"'.replaceAll(' ', '_') };
    const ids = [
      (await call('POST', '/v1/accounts', { body: opening('cor-1'), headers: { ...sent, traceparent } }))
        .headers,
      (await call('POST', '/v1/accounts/cor-1/trades', { body: trade, headers: { traceparent } })).headers,
      (await call('POST', '/v1/accounts/cor-1/deposits', { body: { amount: '1' } })).headers,
    ].map((headers) => headers.get('X-Correlation-Id'));
    expect(ids.slice(0, 2)).toEqual(['my-id_"1"', '4bf92f3577b34da6a3ce929d0e0e4736']);
    const { body } = await call('GET', '/v1/accounts/cor-1/events');
    expect(body.events).toMatchObject(ids.map((correlationId) => ({ metadata: { correlationId } })));
    const refused = await call('GET', '/v1/accounts/nobody', { headers: sent });
    expect(refused.body.correlationId).toBe('my-id_"1"');
  });

  it.each(['a b', '', 'x'.repeat(129)])('replaces the unusable correlation id "%s"', async (id) => {
    const reply = await call('GET', '/healthz', {
      headers: { 'X-Correlation-Id': id, traceparent: 'nonsense' },
    });
    expect(reply.headers.get('X-Correlation-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('records who sent a command', async () => {
    await call('POST', '/v1/accounts', { body: opening('who-1') });
    await call('POST', '/v1/accounts/who-1/trades', { body: trade, headers: { 'Idempotency-Key': 'k-1' } });
    const { body } = await call('GET', '/v1/accounts/who-1/events');
    expect(body.events).toMatchObject([
      { metadata: { userId: 'local-administrator', causationId: null } },
      { metadata: { userId: 'local-administrator', commandId: 'k-1', causationId: null } },
    ]);
  });

  it('answers healthz, readyz and openapi.json to anybody', async () => {
    const headers = { Authorization: 'Bearer wrong' };
    expect((await call('GET', '/healthz?probe=1', { headers })).status).toBe(200);
    expect((await call('GET', '/readyz', { headers })).body).toEqual({ status: 'ready' });
    expect((await call('GET', '/openapi.json', { headers })).body).toEqual(committed);
  });
});
