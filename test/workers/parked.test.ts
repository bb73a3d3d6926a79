/** The operator's way with everything parked: dead letters and poison events, listed, looked at, mended, gone. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { partOf } from '../../schemas/partition.ts';
import { accountStub, actorStub } from '../../workers/aggregates.ts';
import { viewDatabases } from '../../workers/env.ts';
import { handleQueue } from '../../workers/queue.ts';
import { call, type Reply, testEnv, verdict } from '../support/api.ts';
import { rowsOf, upTo } from '../support/projection.ts';

interface Thing {
  readonly id: string;
  readonly kind: string;
  readonly where: string;
  readonly aggregateId: string | null;
  readonly fromVersion: number | null;
  readonly toVersion: number | null;
  readonly reason: string;
}

const ids = upTo(3).map((number) => `acc-${number}`);
const things = async (query = '') =>
  (await call('GET', `/v1/parked${query}`)).body.parked as unknown as Thing[];
const idsOf = async (query = '') => (await things(query)).map(({ id }) => id);
const retry = (id: string) => call('POST', `/v1/parked/${id}/retry`);

beforeAll(async () => {
  for (const accountId of ids) {
    const opening = { accountId, customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' };
    await call('POST', '/v1/accounts', { body: { ...opening, initialBalance: '100000' } });
    await trade(accountId, `first-${accountId}`);
  }
  await level();
});

async function trade(accountId: string, tradeId: string): Promise<number> {
  const sent = { symbol: 'IBM', quantity: '1', price: '2', side: 'BUY', tradeId };
  return Number((await call('POST', `/v1/accounts/${accountId}/trades`, { body: sent })).body.version);
}

/** Waits until the views have every trade that was made. */
async function level(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { body } = await call('GET', '/v1/views?heads=true');
      for (const { view, eventsBehind } of body.views as { view: string; eventsBehind: number }[]) {
        expect(eventsBehind, view).toBe(0);
      }
    },
    { timeout: 20_000, interval: 50 },
  );
}

/** Hands messages of some versions of accounts to the consumer of a group's dead letters. */
async function die(group: string, ranges: readonly [accountId: string, from: number, limit: number][]) {
  const texts = await Promise.all(
    ranges.map(([id, from, limit]) => accountStub(testEnv, id).messages(from, limit)),
  );
  await deliverDead(group, texts.flat());
}

async function deliverDead(group: string, bodies: readonly string[]): Promise<string[]> {
  const said: string[] = [];
  const messages = bodies.map((body, index) => ({
    id: `id-${index}`,
    body,
    attempts: 11,
    ack: () => void said.push('ack'),
    retry: () => void said.push('retry'),
  }));
  await handleQueue({ queue: `folio-${group}-dead`, messages } as unknown as MessageBatch, testEnv);
  return said;
}

describe('dead letters', () => {
  it('wait until what killed them is mended, and are gone then', async () => {
    const database = viewDatabases(testEnv)[partOf('acc-1', 2)] as D1Database;
    await database.prepare('ALTER TABLE views RENAME TO views_away').run();
    await die('views', [['acc-1', 1, 2]]);
    const [thing] = (await things()) as [Thing];
    expect(thing).toMatchObject({
      id: 'message.views.account.acc-1',
      kind: 'message',
      where: 'views',
      aggregateId: 'acc-1',
      fromVersion: 1,
      toVersion: 2,
    });
    expect(thing.reason).toMatch(/no such table: views/);
    expect((await call('GET', '/v1/parked')).body.unanswered).toEqual(['saga', 'view']);
    const all = await call('POST', '/v1/parked/retry', { body: {} });
    expect(all.body).toMatchObject({
      resumed: 0,
      stillParked: 1,
      unanswered: ['saga', 'view'],
      nextCursor: null,
    });
    const still = await retry(thing.id);
    expect(still.body).toMatchObject({ status: 'PARKED', version: 0 });
    await database.prepare('ALTER TABLE views_away RENAME TO views').run();
    expect((await retry(thing.id)).body).toEqual({
      id: thing.id,
      status: 'RESUMED',
      version: 2,
      reason: null,
    });
    expect(await things()).toEqual([]);
    expect(verdict(await retry(thing.id))).toBe('404 parked_not_found');
  });

  it('of a group that takes them in the end are none', async () => {
    await die('archive', [['acc-1', 1, 1]]);
    await die('views', [['acc-1', 1, 1]]);
    expect(await things()).toEqual([]);
  });

  it('of every queue are kept, listed in pages and by kind and group, and shown with the events around them', async () => {
    await die('streams', [
      ['acc-1', 2, 1],
      ['acc-2', 1, 2],
    ]);
    await die('sinks', [['acc-3', 2, 1]]);
    expect(await deliverDead('sinks', ['no json'])).toEqual(['ack']);
    const all = await idsOf();
    expect(all).toEqual([
      'message.sinks.account.acc-3',
      'message.sinks.text.id-0',
      'message.streams.account.acc-1',
      'message.streams.account.acc-2',
    ]);
    expect(await idsOf('?where=streams')).toEqual(all.slice(2));
    expect(await idsOf('?kind=view')).toEqual([]);
    const paged: string[] = [];
    for (let cursor = ''; ; ) {
      const { body }: Reply = await call('GET', `/v1/parked?limit=1${cursor}`);
      paged.push(...(body.parked as unknown as Thing[]).map(({ id }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(paged).toEqual(all);
    const { body } = await call('GET', '/v1/parked/message.streams.account.acc-1');
    expect(body).toMatchObject({
      head: 2,
      parked: { fromVersion: 2, toVersion: 2, reason: 'the consumer group streams has no consumer' },
      events: [{ eventType: 'AccountOpened' }, { eventType: 'TradeExecuted', version: 2 }],
      text: null,
    });
    expect((await call('GET', '/v1/parked/message.sinks.text.id-0')).body).toMatchObject({
      text: 'no json',
      events: [],
    });
  });

  it('are tried again all at once, and what fails stays', async () => {
    const reply = await call('POST', '/v1/parked/retry', { body: { where: 'streams' } });
    expect(reply).toMatchObject({ status: 200, body: { resumed: 0, stillParked: 2, nextCursor: null } });
    expect((await call('POST', '/v1/parked/retry', { body: {} })).body).toMatchObject({ stillParked: 4 });
    expect((await idsOf()).length).toBe(4);
  });
});

describe('an event that a view cannot take', () => {
  const part = () => partOf('acc-1', viewDatabases(testEnv).length);
  let table = '';
  let inTheWay = 0;

  /** Puts a row in the way of the next trade's, as a fault in a projector would be. */
  beforeAll(async () => {
    const [live] = await rowsOf<{ live: string }>(part(), "SELECT live FROM views WHERE view = 'trades'");
    table = `trades_${live?.live ?? 'blue'}`;
    inTheWay = Number((await call('GET', '/v1/accounts/acc-1')).body.version) + 1;
    await (viewDatabases(testEnv)[part()] as D1Database)
      .prepare(
        `INSERT INTO ${table} SELECT account_id, ?, trade_id, symbol, side, quantity, price, notional, fee, realized_pnl,
           executed_at, recorded_at, status, amended_version FROM ${table} WHERE account_id = 'acc-1' LIMIT 1`,
      )
      .bind(inTheWay)
      .run();
    await trade('acc-1', 'poison');
    await trade('acc-1', 'behind');
    await vi.waitFor(async () => expect(await idsOf('?kind=view')).toEqual(['view.trades.account.acc-1']), {
      timeout: 20_000,
    });
  });

  it('is listed, shown with its reason and the events around it, and says so in the replies of that view', async () => {
    const { body } = await call('GET', '/v1/parked/view.trades.account.acc-1');
    expect(body).toMatchObject({
      parked: { kind: 'view', where: 'trades', fromVersion: inTheWay, toVersion: null },
      head: inTheWay + 1,
    });
    expect((body.parked as unknown as Thing).reason).toMatch(/UNIQUE constraint failed/);
    expect((body.events as { version: number }[]).map(({ version }) => version)).toEqual(upTo(inTheWay + 1));
    const trades = await call('GET', '/v1/accounts/acc-1/trades');
    expect(trades.headers.get('X-View-Stale-Since')).toBe(String(inTheWay));
    for (const well of ['/v1/accounts/acc-2/trades', '/v1/events?aggregateId=acc-1']) {
      expect((await call('GET', well)).headers.has('X-View-Stale-Since'), well).toBe(false);
    }
  });

  it('leaves the other views of its aggregate alone', async () => {
    await vi.waitFor(async () => {
      const portfolio = await call('GET', `/v1/accounts/acc-1/portfolio?minVersion=${inTheWay + 1}`);
      expect(portfolio.headers.get('X-Read-Source')).toBe('view');
      expect(portfolio.headers.has('X-View-Stale-Since')).toBe(false);
    });
    const feed = await call('GET', '/v1/events?aggregateId=acc-1&type=TradeExecuted');
    expect((feed.body.events as unknown[]).length).toBe(3);
  });

  it('goes on once it is mended, with what waited behind it', async () => {
    const again = await retry('view.trades.account.acc-1');
    expect(again.body).toMatchObject({ status: 'PARKED', version: inTheWay - 1 });
    await (viewDatabases(testEnv)[part()] as D1Database)
      .prepare(`DELETE FROM ${table} WHERE account_id = 'acc-1' AND version = ?`)
      .bind(inTheWay)
      .run();
    const all = await call('POST', '/v1/parked/retry', { body: { kind: 'view' } });
    expect(all).toMatchObject({ status: 200, body: { resumed: 1, stillParked: 0, nextCursor: null } });
    expect(await idsOf('?kind=view')).toEqual([]);
    const sql = `SELECT version FROM ${table} WHERE account_id = 'acc-1' AND version >= ?`;
    expect(await rowsOf(part(), sql, inTheWay)).toEqual([{ version: inTheWay }, { version: inTheWay + 1 }]);
    expect((await call('GET', '/v1/accounts/acc-1/trades')).headers.has('X-View-Stale-Since')).toBe(false);
  });

  it('of a portfolio makes it say since when it is stale, whoever answers', async () => {
    await (viewDatabases(testEnv)[partOf('acc-2', 2)] as D1Database)
      .prepare(
        "UPDATE view_positions SET parked_version = 3, parked_reason = 'x', parked_at = 1 " +
          "WHERE view = 'positions' AND aggregate_id = 'acc-2'",
      )
      .run();
    const view = await call('GET', '/v1/accounts/acc-2/portfolio', {
      headers: { 'Cache-Control': 'no-cache' },
    });
    expect(view.headers.get('X-View-Stale-Since')).toBe('3');
    expect(view.headers.get('X-Read-Source')).toBe('view');
    const actor = await call('GET', '/v1/accounts/acc-2/portfolio?minVersion=3');
    expect(actor.headers.get('X-View-Stale-Since')).toBe('3');
    expect(actor.headers.get('X-Read-Source')).toBe('actor');
    await retry('view.positions.account.acc-2');
    expect(
      (
        await call('GET', '/v1/accounts/acc-2/portfolio', { headers: { 'Cache-Control': 'no-cache' } })
      ).headers.has('X-View-Stale-Since'),
    ).toBe(false);
  });
});

describe('lists of a view that cannot go on with an order', () => {
  it('say so of the order, and how many there are', async () => {
    const order = {
      orderId: 'o-1',
      customerId: 'c-1',
      currency: 'EUR',
      items: [{ productId: 'p-1', quantity: '2', unitPrice: '3' }],
      payment: { method: 'card', token: 'tok_ok' },
      shipTo: { name: 'A', line1: 'B', city: 'C', country: 'DE' },
    };
    await call('POST', '/v1/orders', { body: order });
    const orders = async () => call('GET', '/v1/orders');
    await vi.waitFor(async () => expect((await orders()).body.orders).toMatchObject([{ orderId: 'o-1' }]), {
      timeout: 20_000,
    });
    const well = await orders();
    expect(well.headers.has('X-View-Parked')).toBe(false);
    expect((well.body.orders as object[])[0]).not.toHaveProperty('staleSince');
    await (viewDatabases(testEnv)[partOf('o-1', 2)] as D1Database)
      .prepare(
        "UPDATE view_positions SET parked_version = version + 1, parked_reason = 'x', parked_at = 1 " +
          "WHERE view IN ('orders', 'sales', 'order_history') AND aggregate_id = 'o-1'",
      )
      .run();
    const stale = await orders();
    expect(stale.headers.get('X-View-Parked')).toBe('1');
    expect(stale.body.orders).toMatchObject([{ orderId: 'o-1', staleSince: expect.any(Number) }]);
    expect((await call('GET', '/v1/sales?by=day')).headers.get('X-View-Parked')).toBe('1');
    const history = await call('GET', '/v1/orders/o-1/history');
    expect(history.headers.get('X-View-Stale-Since')).toMatch(/^\d+$/);
    expect((await retry('view.order_history.order.o-1')).body).toMatchObject({ status: 'RESUMED' });
    await call('POST', '/v1/parked/retry', { body: { kind: 'view' } });
    expect((await orders()).headers.has('X-View-Parked')).toBe(false);
  });
});

describe('a saga that can be neither finished nor undone', () => {
  const id = 'saga.order-fulfilment.saga.fulfil-o-9';
  const fulfilment = async () => (await call('GET', '/v1/sagas/fulfil-o-9')).body;

  it('is listed with its reason, shown with the end of its log, and tried again', async () => {
    await call('POST', '/v1/inventory/p-9/receipts', { body: { quantity: '5' } });
    const order = {
      orderId: 'o-9',
      customerId: 'c-1',
      currency: 'EUR',
      items: [{ productId: 'p-9', quantity: '2', unitPrice: '3' }],
      payment: { method: 'card', token: 'tok_capture_decline' },
      shipTo: { line1: 'B', country: 'DE' },
    };
    await call('POST', '/v1/orders', { body: order });
    const wait = { timeout: 20_000, interval: 50 };
    await vi.waitFor(async () => {
      expect((await call('GET', '/v1/orders/o-9')).body.status).toBe('CONFIRMED');
    }, wait);
    await call('POST', '/v1/orders/o-9/ship', { body: { carrier: 'DHL', trackingNumber: '1' } });
    await vi.waitFor(async () => expect((await fulfilment()).status).toBe('PARKED'), wait);
    await vi.waitFor(async () => expect(await idsOf('?kind=saga')).toEqual([id]), wait);
    expect(await idsOf('?where=order-fulfilment')).toEqual([id]);
    const parkedSagas = () => call('GET', '/v1/sagas?status=PARKED&definition=order-fulfilment');
    expect((await parkedSagas()).body).toMatchObject({
      sagas: [{ sagaId: 'fulfil-o-9', reason: 'capture-payment: CaptureFailed', endedAt: null }],
      nextCursor: null,
    });
    const { body } = await call('GET', `/v1/parked/${id}`);
    expect(body).toMatchObject({
      parked: { kind: 'saga', where: 'order-fulfilment', aggregateType: 'saga', aggregateId: 'fulfil-o-9' },
    });
    expect((body.parked as unknown as Thing).reason).not.toBe('');
    expect((body.events as { eventType: string }[]).map(({ eventType }) => eventType)).toContain(
      'SagaParked',
    );
    expect((await retry(id)).body).toMatchObject({ id, status: 'RESUMED', reason: null });
    const saga = actorStub(testEnv, { aggregateType: 'saga', aggregateId: 'fulfil-o-9' });
    const log = JSON.parse(await saga.events(1, 100)) as {
      eventType: string;
      metadata: { userId: string };
    }[];
    const retried = log.find(({ eventType }) => eventType === 'SagaRetried');
    expect(retried?.metadata.userId).toBe('local-administrator');
    // The card declines every capture, so that it parks again and is there for the next operator.
    await vi.waitFor(async () => expect((await fulfilment()).status).toBe('PARKED'), wait);
    // The goods have left: there is no way back, only on.
    const path = '/v1/sagas/fulfil-o-9';
    const because = { body: { reason: 'the bank was called' } };
    expect(verdict(await call('POST', `${path}/compensate`, because))).toBe('422 saga_past_pivot');
    expect(verdict(await call('POST', `${path}/retry`, because))).toBe('202');
    await vi.waitFor(async () => expect((await fulfilment()).status).toBe('PARKED'), wait);
    await vi.waitFor(async () => expect((await parkedSagas()).body.sagas).toHaveLength(1), wait);
    expect(verdict(await retry('saga.order-fulfilment.saga.nobody'))).toBe('404 parked_not_found');
    expect(verdict(await call('GET', '/v1/parked/saga.funds-transfer.saga.fulfil-o-9'))).toBe(
      '404 parked_not_found',
    );
  });
});

describe('nonsense', () => {
  it('is refused by name', async () => {
    const answers = await Promise.all([
      call('GET', '/v1/parked?kind=order'),
      call('GET', '/v1/parked?cursor=x'),
      call('GET', '/v1/parked?limit=0'),
      call('GET', '/v1/parked/x'),
      call('POST', '/v1/parked/view.trades/retry'),
      call('POST', '/v1/parked/retry', { body: { kind: 'order' } }),
    ]);
    expect(answers.map(verdict)).toEqual([
      '400 invalid_request kind',
      '400 invalid_request cursor',
      '400 invalid_request limit',
      '400 invalid_request id',
      '400 invalid_request id',
      '400 invalid_request kind',
    ]);
    const unknown = [
      'view.trades.account.nobody',
      'view.nothing.account.acc-1',
      'message.views.account.acc-1',
    ];
    for (const id of unknown) {
      expect(verdict(await call('GET', `/v1/parked/${id}`)), id).toBe('404 parked_not_found');
      expect(verdict(await retry(id)), id).toBe('404 parked_not_found');
    }
  });
});
