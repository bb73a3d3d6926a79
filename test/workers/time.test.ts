/** Both axes of time over HTTP: what is said of trades later, and what was, as it was known then and as it is known now. */
import { beforeAll, describe, expect, it } from 'vitest';
import { AGGREGATE_TYPES, type AggregateType } from '../../schemas/aggregates.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { call, eventually, footprint, opened, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { confirmed, SHIPPING } from '../support/shop.ts';

const IBM = { symbol: 'IBM', quantity: '10', price: '189.12', side: 'BUY' };

const book = (id: string, tradeId: string, more: object = {}) =>
  call('POST', `/v1/accounts/${id}/trades`, { body: { ...IBM, tradeId, ...more } });
const amend = (id: string, tradeId: string, resource: 'correct' | 'cancel', body: object, headers = {}) =>
  call('POST', `/v1/accounts/${id}/trades/${tradeId}/${resource}`, { body, headers });

describe('a trade', () => {
  it('is corrected and cancelled by further events, in cash, position and every view', async () => {
    const id = await opened('amend-1');
    await book(id, 't-1');
    await book(id, 't-2', { price: '200', fee: '1' });
    const corrected = await amend(id, 't-1', 'correct', { price: '188.12', reason: 'contract note' });
    expect(corrected.body).toMatchObject({
      version: 4,
      events: [{ eventType: 'TradeCorrected' }],
      tradeId: 't-1',
      cash: '96117.8',
      position: { symbol: 'IBM', quantity: '20', averageCost: '194.06', realizedPnl: '0' },
    });
    const cancelled = await amend(id, 't-2', 'cancel', { reason: 'booked twice' });
    expect(cancelled.body).toMatchObject({
      version: 5,
      cash: '98118.8',
      position: { averageCost: '188.12' },
    });
    const state = await call('GET', `/v1/accounts/${id}`);
    expect(state.body).toMatchObject({ cash: { total: '98118.8' }, fees: '0', version: 5 });
    const view = await eventually(async () => {
      const reply = await call('GET', `/v1/accounts/${id}/portfolio?minVersion=5`);
      expect(reply.headers.get('X-Read-Source')).toBe('view');
      return reply;
    });
    expect(view.body).toEqual(state.body);
    const { body } = await call('GET', `/v1/accounts/${id}/trades`);
    expect(body.trades).toMatchObject([
      { tradeId: 't-2', price: '200', status: 'CANCELLED', amendedVersion: 5 },
      { tradeId: 't-1', price: '188.12', notional: '1881.2', status: 'CORRECTED', amendedVersion: 4 },
    ]);
    const events = await call('GET', `/v1/events?aggregateId=${id}&type=TradeCorrected`);
    expect(events.body.events).toMatchObject([
      { data: { tradeVersion: 2, reason: 'contract note', changes: { cash: '10', realizedPnl: '0' } } },
    ]);
    expect((await call('GET', `/v1/audit/account/${id}`)).body).toMatchObject({ ok: true, eventsChecked: 5 });
  });

  it('is amended once however often it is asked, and not on top of another version', async () => {
    const id = await opened('amend-2');
    await book(id, 't-1');
    const again = { 'Idempotency-Key': 'fix-1' };
    const correction = { price: '188.12', reason: 'contract note' };
    const first = await amend(id, 't-1', 'correct', correction, again);
    const second = await amend(id, 't-1', 'correct', correction, again);
    expect([second.status, second.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(second.body).toEqual(first.body);
    expect(verdict(await amend(id, 't-1', 'correct', { ...correction, price: '1' }, again))).toBe(
      '409 command_id_reused',
    );
    expect(verdict(await amend(id, 't-1', 'cancel', { reason: 'x' }, { 'If-Match': '"2"' }))).toBe(
      '412 version_conflict',
    );
  });

  it.each<[outcome: string, tradeId: string, resource: 'correct' | 'cancel', body: object]>([
    ['404 trade_not_found', 't-9', 'cancel', { reason: 'x' }],
    ['422 trade_already_cancelled', 't-2', 'cancel', { reason: 'x' }],
    ['422 nothing_to_correct', 't-1', 'correct', { price: '189.12', reason: 'x' }],
    ['422 insufficient_funds', 't-1', 'correct', { price: '99999999', reason: 'x' }],
    ['422 insufficient_position', 't-1', 'correct', { side: 'SELL', reason: 'x' }],
    ['400 invalid_request ', 't-1', 'correct', { reason: 'x' }],
    ['400 invalid_request reason', 't-1', 'correct', { price: '1' }],
    ['400 invalid_request reason', 't-1', 'cancel', {}],
    ['400 invalid_request reason', 't-1', 'cancel', { reason: 'a\nb' }],
    ['400 invalid_request price', 't-1', 'correct', { price: '0', reason: 'x' }],
    ['400 invalid_request symbol', 't-1', 'correct', { price: '1', symbol: 'AAPL', reason: 'x' }],
    ['400 invalid_request tradeId', 't-1', 'correct', { price: '1', tradeId: 't-2', reason: 'x' }],
    ['400 invalid_request tradeId', 'a%20b', 'cancel', { reason: 'x' }],
  ])('is not amended, with %s: %s %s %j', async (outcome, tradeId, resource, body) => {
    if ((await footprint('amend-3')).version === 0) {
      const id = await opened('amend-3');
      await book(id, 't-1');
      await book(id, 't-2');
      await amend(id, 't-2', 'cancel', { reason: 'x' });
    }
    const before = await footprint('amend-3');
    expect(verdict(await amend('amend-3', tradeId, resource, body))).toBe(outcome);
    expect(await footprint('amend-3')).toEqual(before);
  });

  it('is amended in a batch, among other commands and in their order', async () => {
    const id = await opened('amend-4');
    const command = (commandId: string, type: string, data: object) => ({
      commandId,
      aggregateType: 'account',
      aggregateId: id,
      type,
      data,
    });
    const { body } = await call('POST', '/v1/commands', {
      body: {
        commands: [
          command('t-1', 'ExecuteTrade', { ...IBM, tradeId: 't-1' }),
          command('c-1', 'CorrectTrade', { tradeId: 't-1', quantity: '9', reason: 'x' }),
          command('c-2', 'CancelTrade', { tradeId: 't-1', reason: 'x' }),
          command('c-3', 'CancelTrade', { tradeId: 't-1', reason: 'x' }),
          command('c-4', 'CorrectTrade', { tradeId: 't-1', reason: 'x' }),
        ],
      },
    });
    expect(body).toMatchObject({
      accepted: 3,
      refused: 2,
      results: [{}, {}, { version: 4 }, { code: 'trade_already_cancelled' }, { code: 'invalid_request' }],
    });
    expect((await call('GET', `/v1/accounts/${id}`)).body).toMatchObject({ cash: { total: '100000' } });
  });
});

/** One of every type of aggregate that has a state to read: its path and its id. */
const STATES: Readonly<Partial<Record<AggregateType, readonly [path: string, id: string]>>> = {
  account: ['accounts', 'past-a'],
  product: ['products', 'past-o'],
  inventory: ['inventory', 'tea'],
  order: ['orders', 'past-o'],
  payment: ['payments', 'past-o'],
  shipment: ['shipments', 'past-o-1'],
  saga: ['sagas', 'fulfil-past-o'],
  serviceKey: ['service-keys', 'past-k'],
  subject: ['subjects', 'past-s'],
};

describe('the state of an aggregate', () => {
  beforeAll(async () => {
    await opened('past-a');
    await book('past-a', 't-1');
    await amend('past-a', 't-1', 'cancel', { reason: 'x' });
    await call('PUT', '/v1/products/past-o', { body: { name: 'Tea', unitPrice: '1', currency: 'GBP' } });
    await call('PUT', '/v1/products/past-o', { body: { name: 'Tea', unitPrice: '2', currency: 'GBP' } });
    await confirmed('past-o');
    await call('POST', '/v1/orders/past-o/ship', { body: SHIPPING });
    await call('POST', '/v1/service-keys', {
      body: { keyId: 'past-k', roles: ['auditor'], description: 'books', secretHash: 'a'.repeat(64) },
    });
    await call('POST', '/v1/service-keys/past-k/revoke', { body: { reason: 'lost' } });
    await call('PUT', '/v1/subjects/past-s/hold', { body: { reason: 'case 7' } });
  });

  it('of every type is one that this test reads, unless it shows none or only findings, which are its events', () => {
    const shown = AGGREGATE_TYPES.filter((type) => type !== 'accessLog' && type !== 'reconciliation');
    expect(Object.keys(STATES).sort()).toEqual(shown.sort());
    for (const [path] of Object.values(STATES)) {
      const route = ROUTES.find((one) => one.method === 'get' && one.path === `/v1/${path}/{id}`);
      expect(Object.keys(route?.query?.shape ?? {}), path).toEqual(['version', 'at']);
    }
  });

  it.each(Object.entries(STATES))(
    'of type %s is read at every version and time',
    async (type, [path, id]) => {
      const at = `/v1/${path}/${id}`;
      const head = await actorStub(testEnv, { aggregateType: type, aggregateId: id }).head();
      expect(head, `${type} has a past`).toBeGreaterThan(0);
      const states: object[] = [];
      for (let version = 1; version <= head; version++) {
        const reply = await call('GET', `${at}?version=${version}`);
        expect([reply.status, reply.headers.get('ETag')]).toEqual([200, `"${version}"`]);
        states.push(reply.body);
      }
      // Its saga may still be at it.
      const now = await call('GET', at);
      if (now.headers.get('ETag') === `"${head}"`) expect(states.at(-1)).toEqual(now.body);
      const times = JSON.parse(
        await actorStub(testEnv, { aggregateType: type, aggregateId: id }).events(1, head),
      ) as { version: number; recordedAt: string }[];
      for (const { recordedAt } of times) {
        const last = times.filter((event) => event.recordedAt <= recordedAt).length;
        const then = await call('GET', `${at}?at=${recordedAt}`);
        if (then.headers.get('ETag') === `"${last}"`) expect(then.body).toEqual(states[last - 1]);
        else expect(last, 'only what has come since').toBe(head);
      }
      const first = Date.parse(times[0]?.recordedAt ?? '');
      const before = new Date(first - 1).toISOString();
      for (const query of [`at=${before}`, 'version=0', 'at=0001-01-01T00:00:00Z'])
        expect((await call('GET', `${at}?${query}`)).status, query).toBe(404);
      const bad: Record<string, string> = {
        [`version=${head + 1}`]: `version: must be at most ${head}, the newest version`,
        'version=999999999999999': `version: must be at most ${head}, the newest version`,
        'version=-1': 'version: must be a whole number',
        'at=2999-01-01T00:00:00Z': 'at: must have passed: it is ',
        'at=yesterday': 'at: must be an RFC 3339 time',
        'version=1&at=2026-01-01T00:00:00Z': 'at: cannot be given together with version',
      };
      for (const [query, detail] of Object.entries(bad)) {
        const { status, body } = await call('GET', `${at}?${query}`);
        expect([status, String(body.detail).slice(0, detail.length)], query).toEqual([400, detail]);
      }
    },
  );

  it('of one that there never was is not found, at whatever moment', async () => {
    for (const [path] of Object.values(STATES)) {
      for (const query of ['', '?version=1', '?at=2020-01-01T00:00:00Z'])
        expect((await call('GET', `/v1/${path}/nobody${query}`)).status, path).toBe(404);
    }
  });
});

describe('a moment of an account', () => {
  const get = (path: string) => call('GET', `/v1/accounts/known-1/${path}`);
  const timeOf = async (version: number) => {
    const { body } = await get(`events?fromVersion=${version}&limit=1`);
    return (body.events as { recordedAt: string }[])[0]?.recordedAt as string;
  };

  beforeAll(async () => {
    await opened('known-1');
    await book('known-1', 't-1', { price: '100' });
    await book('known-1', 't-2', { side: 'SELL', quantity: '4', price: '110' });
    await call('POST', '/v1/accounts/known-1/deposits', { body: { amount: '50' } });
    // Between two milliseconds, so that a time tells what is before from what is after.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await amend('known-1', 't-1', 'correct', { price: '90', reason: 'contract note' });
    await amend('known-1', 't-2', 'cancel', { reason: 'booked twice' });
  });

  it('is shown as it was recorded, and as it is known', async () => {
    const at = await timeOf(4);
    const recorded = await get(`portfolio?at=${at}`);
    expect(recorded.headers.get('X-Read-Source')).toBe('actor');
    expect(recorded.body).toMatchObject({
      cash: { total: '99490' },
      positions: [{ quantity: '6', averageCost: '100', realizedPnl: '40' }],
      version: 4,
      asOf: { at, version: 4, recordedAt: at, knowledge: 'recorded', knownVersion: 4 },
    });
    const { asOf: _, ...state } = recorded.body;
    expect(state).toEqual((await call('GET', '/v1/accounts/known-1?version=4')).body);
    const known = await get(`portfolio?version=4&knowledge=known`);
    expect(known.body).toMatchObject({
      cash: { total: '99150' },
      positions: [{ quantity: '10', averageCost: '90', realizedPnl: '0' }],
      version: 4,
      asOf: { at: null, version: 4, knowledge: 'known', knownVersion: 6 },
    });
    const between = await get(`portfolio?version=4&knowledge=known&knownVersion=5`);
    expect(between.body).toMatchObject({
      cash: { total: '99590' },
      positions: [{ quantity: '6', averageCost: '90', realizedPnl: '80' }],
      asOf: { knownVersion: 5 },
    });
    const tags = [recorded, known, between].map(({ headers }) => headers.get('ETag'));
    expect(new Set(tags).size).toBe(3);
    const held = await call('GET', '/v1/accounts/known-1/portfolio?version=4&knowledge=known', {
      headers: { 'If-None-Match': String(tags[1]) },
    });
    expect(held.status).toBe(304);
    // Once everything is recorded there is nothing else to know.
    const last = await get('portfolio?version=6&knowledge=known');
    const now = await call('GET', '/v1/accounts/known-1');
    expect(last.body).toMatchObject({ ...now.body, asOf: { knownVersion: 6 } });
  });

  it('says what the difference is, and what made it', async () => {
    const { body } = await get('portfolio/difference?version=4');
    expect(body).toMatchObject({
      accountId: 'known-1',
      asOf: { version: 4, knownVersion: 6 },
      recorded: { cash: { total: '99490' } },
      known: { cash: { total: '99150' } },
      difference: {
        cash: '-340',
        fees: '0',
        positions: [{ symbol: 'IBM', quantity: '4', averageCost: '-10', realizedPnl: '-40' }],
      },
      amendments: [
        {
          version: 5,
          eventType: 'TradeCorrected',
          tradeId: 't-1',
          tradeVersion: 2,
          changes: { cash: '100' },
        },
        { version: 6, eventType: 'TradeCancelled', tradeId: 't-2', changes: { cash: '-440' } },
      ],
      amendmentsTotal: 2,
    });
    expect((await get('portfolio/difference?version=4&knownVersion=4')).body).toMatchObject({
      difference: { cash: '0', fees: '0', positions: [] },
      amendments: [],
      amendmentsTotal: 0,
    });
  });

  it('is in a balance history, both ways', async () => {
    const today = (await timeOf(1)).slice(0, 10);
    const until = await timeOf(4);
    const to = new Date(Date.parse(until) + 1).toISOString();
    const recorded = await get(`balance-history?to=${to}`);
    expect(recorded.body).toEqual({
      accountId: 'known-1',
      currency: 'USD',
      interval: 'day',
      asOf: { version: 4, knowledge: 'recorded', knownVersion: 4 },
      periods: [
        {
          period: today,
          from: `${today}T00:00:00.000Z`,
          to,
          opening: '0',
          closing: '99490',
          minimum: '99000',
          maximum: '100000',
        },
      ],
    });
    const known = await get(`balance-history?to=${to}&knowledge=known&interval=month`);
    expect(known.body).toMatchObject({
      asOf: { version: 4, knowledge: 'known', knownVersion: 6 },
      periods: [{ period: today.slice(0, 7), closing: '99150', minimum: '99100', maximum: '100000' }],
    });
    const now = await get('balance-history?interval=week');
    expect(now.body).toMatchObject({ asOf: { version: 6 }, periods: [{ closing: '99150' }] });
  });

  it.each([
    ['portfolio?at=2999-01-01T00:00:00Z', '400 invalid_request at'],
    ['portfolio?version=7', '400 invalid_request version'],
    ['portfolio?version=0', '404 account_not_found'],
    ['portfolio?at=2001-01-01T00:00:00Z', '404 account_not_found'],
    ['portfolio?version=1&at=2001-01-01T00:00:00Z', '400 invalid_request at'],
    ['portfolio?version=1&minVersion=1', '400 invalid_request minVersion'],
    ['portfolio?knowledge=known', '400 invalid_request knowledge'],
    ['portfolio?version=1&knowledge=then', '400 invalid_request knowledge'],
    ['portfolio?version=1&knownVersion=2', '400 invalid_request knownVersion'],
    ['portfolio?version=2&knowledge=known&knownVersion=1', '400 invalid_request knownVersion'],
    ['portfolio?version=2&knowledge=known&knownVersion=7', '400 invalid_request knownVersion'],
    ['portfolio/difference', '400 invalid_request at'],
    ['portfolio/difference?version=2&knownVersion=1', '400 invalid_request knownVersion'],
    ['portfolio/difference?version=9', '400 invalid_request version'],
    ['balance-history?interval=year', '400 invalid_request interval'],
    ['balance-history?from=2999-01-01T00:00:00Z', '400 invalid_request from'],
    ['balance-history?to=2999-01-01T00:00:00Z', '400 invalid_request to'],
    ['balance-history?to=2001-01-01T00:00:00Z', '404 account_not_found'],
    ['balance-history?from=2002-01-01T00:00:00Z&to=2001-01-01T00:00:00Z', '400 invalid_request to'],
    ['balance-history?from=yesterday', '400 invalid_request from'],
    ['balance-history?knownVersion=3', '400 invalid_request knownVersion'],
    ['balance-history?knowledge=known&knownVersion=3', '400 invalid_request knownVersion'],
    ['balance-history?knowledge=known&knownVersion=99', '400 invalid_request knownVersion'],
  ])('is not shown where it cannot be: %s', async (path, outcome) => {
    expect(verdict(await get(path))).toBe(outcome);
    const nobody = verdict(await call('GET', `/v1/accounts/nobody/${path}`));
    expect([outcome, '404 account_not_found']).toContain(nobody);
  });
});

describe('what has no state but its events', () => {
  it('is told as of a time by the events of the log of refused access up to then', async () => {
    const day = new Date().toISOString().slice(0, 10);
    expect((await call('GET', '/v1/key-backups', { headers: await as('trader') })).status).toBe(403);
    const upTo = (to: string) =>
      call('GET', `/v1/events?aggregateType=accessLog&aggregateId=${day}&to=${to}`).then(
        ({ body }) => body.events,
      );
    await eventually(async () =>
      expect(await upTo('2999-01-01T00:00:00Z')).toMatchObject([
        { eventType: 'AccessDenied', data: { userId: 'user:trader', operation: 'getKeyBackups' } },
      ]),
    );
    expect(await upTo(`${day}T00:00:00Z`)).toEqual([]);
  });
});
