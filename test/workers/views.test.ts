import { beforeAll, describe, expect, it, vi } from 'vitest';
import { partOf } from '../../schemas/partition.ts';
import { VIEWS } from '../../schemas/tables/views.ts';
import { viewDatabases } from '../../workers/env.ts';
import { call, testEnv } from '../support/api.ts';
import { rowsOf, upTo } from '../support/projection.ts';

/** The views that accounts are in. */
const ACCOUNT_VIEWS: readonly string[] = ['accounts', 'positions', 'trades', 'journal'];

const ids = upTo(10).map((number) => `acc-${number}`);

/** Sends trades of every account as one batch, and waits until the views have them. */
async function tradeEverywhere(round: number): Promise<void> {
  const commands = ids.flatMap((aggregateId) =>
    upTo(5).map((number) => ({
      commandId: `t-${round}-${number}`,
      aggregateType: 'account',
      aggregateId,
      type: 'ExecuteTrade',
      data: { tradeId: `t-${round}-${number}`, symbol: 'IBM', quantity: '1', price: '2', side: 'BUY' },
    })),
  );
  const { body } = await call('POST', '/v1/commands', { body: { commands } });
  expect(body.accepted).toBe(commands.length);
  await level();
}

/** Waits until no view lacks an event. */
async function level(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { body } = await call('GET', '/v1/views?heads=true');
      const behind = (body.views as { eventsBehind: number }[]).map(({ eventsBehind }) => eventsBehind);
      expect(behind).toEqual(VIEWS.map(() => 0));
    },
    { timeout: 20_000, interval: 50 },
  );
}

beforeAll(async () => {
  for (const accountId of ids) {
    const opening = { accountId, customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' };
    await call('POST', '/v1/accounts', { body: { ...opening, initialBalance: '100000' } });
  }
  await tradeEverywhere(0);
});

/** Sends a request until it says that it is done. */
async function toTheEnd(path: string, body?: unknown) {
  for (;;) {
    const reply = await call('POST', path, body === undefined ? {} : { body });
    if (reply.status !== 202) return reply.body;
  }
}

const portfolios = () =>
  Promise.all(ids.map(async (id) => (await call('GET', `/v1/accounts/${id}/portfolio`)).body));

describe('views over HTTP', () => {
  it('say how they stand', async () => {
    const { body } = await call('GET', '/v1/views');
    expect(body.rebuild).toBe(null);
    expect(body.views).toMatchObject(
      VIEWS.map((view) => ({
        view,
        // All of them are accounts.
        aggregates: ACCOUNT_VIEWS.includes(view) ? 10 : 0,
        parked: 0,
        eventsBehind: null,
        databases: [
          { live: 'blue', building: false, kept: false },
          { live: 'blue', building: false, kept: false },
        ],
      })),
    );
  });

  it('are rebuilt in every database by one call, a reader of the feed notices nothing', async () => {
    const before = await portfolios();
    const page = await call('GET', '/v1/events?limit=30');
    const rebuilt = await toTheEnd('/v1/views/rebuild');
    expect(rebuilt).toMatchObject({
      status: 'SWITCHED',
      views: VIEWS,
      aggregatesTotal: 10,
      aggregatesDone: 10,
      aggregatesVerified: 10,
      eventsApplied: 60,
      differencesFound: 0,
    });
    const { body } = await call('GET', '/v1/views');
    expect(body.rebuild).toEqual(rebuilt);
    expect(body.views).toMatchObject(
      VIEWS.map(() => ({ databases: Array(2).fill({ live: 'green', building: false, kept: true }) })),
    );
    expect(await portfolios()).toEqual(before);
    const rest = await call('GET', `/v1/events?limit=1000&after=${page.body.next}`);
    const seen = [page, rest].flatMap((reply) => reply.body.events as { eventId: string }[]);
    expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(60);
    expect(seen.length).toBe(60);
    await tradeEverywhere(1);
    const later = await call('GET', `/v1/events?limit=1000&after=${rest.body.next}`);
    expect((later.body.events as unknown[]).length).toBe(50);
  });

  it('are rebuilt one by one where that is asked for, and gone back to', async () => {
    const rebuilt = await toTheEnd('/v1/views/rebuild', { views: ['trades'] });
    expect(rebuilt).toMatchObject({ status: 'SWITCHED', views: ['trades'], kind: 'rebuild' });
    const rolledBack = await toTheEnd('/v1/views/trades/rollback');
    expect(rolledBack).toMatchObject({
      status: 'SWITCHED',
      views: ['trades'],
      kind: 'revert',
      eventsApplied: 0,
    });
    await tradeEverywhere(2);
    const { body } = await call('GET', '/v1/accounts/acc-1/trades');
    expect((body.trades as unknown[]).length).toBe(15);
  });

  it('refuse nonsense', async () => {
    const refusals = await Promise.all([
      call('POST', '/v1/views/rebuild', { body: { views: [] } }),
      call('POST', '/v1/views/rebuild', { body: { views: ['trades', 'trades'] } }),
      call('POST', '/v1/views/rebuild', { body: { views: ['nonsense'] } }),
      call('POST', '/v1/views/nonsense/rollback'),
      call('GET', '/v1/views?heads=yes'),
      call('GET', '/v1/views/trades/parked?limit=0'),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual(Array(6).fill(400));
    const unparked = await call('POST', '/v1/views/trades/parked/account/acc-1/resume');
    expect(unparked).toMatchObject({ status: 404, body: { code: 'not_parked' } });
  });

  it('show what is parked and let it go on', async () => {
    const part = partOf('acc-1', viewDatabases(testEnv).length);
    const database = viewDatabases(testEnv)[part] as D1Database;
    const [live] = await rowsOf<{ live: string }>(part, "SELECT live FROM views WHERE view = 'trades'");
    const table = `trades_${live?.live}`;
    // A row that is there already is in the way of the trade of that version, as a fault in a projector would be.
    const { body } = await call('GET', '/v1/accounts/acc-1');
    const inTheWay = Number(body.version) + 1;
    await database
      .prepare(
        `INSERT INTO ${table} SELECT account_id, ?, trade_id, symbol, side, quantity, price, notional, fee, realized_pnl,
           executed_at, recorded_at FROM ${table} WHERE account_id = 'acc-1' LIMIT 1`,
      )
      .bind(inTheWay)
      .run();
    const sent = { symbol: 'IBM', quantity: '1', price: '2', side: 'BUY' };
    await call('POST', '/v1/accounts/acc-1/trades', { body: { ...sent, tradeId: 'poison' } });
    await call('POST', '/v1/accounts/acc-1/trades', { body: { ...sent, tradeId: 'behind' } });
    await expect
      .poll(async () => (await call('GET', '/v1/views/trades/parked')).body.parked, { timeout: 20_000 })
      .toMatchObject([
        { aggregateType: 'account', aggregateId: 'acc-1', version: inTheWay - 1, parkedVersion: inTheWay },
      ]);
    await vi.waitFor(async () => {
      const portfolio = await call('GET', `/v1/accounts/acc-1/portfolio?minVersion=${inTheWay + 1}`);
      expect(portfolio.headers.get('X-Read-Source')).toBe('view');
    });
    const feed = await call('GET', '/v1/events?aggregateId=acc-1&type=TradeExecuted&limit=1000');
    expect((feed.body.events as unknown[]).length).toBe(17);
    const again = await call('POST', '/v1/views/trades/parked/account/acc-1/resume');
    expect(again.body).toMatchObject({
      status: 'PARKED',
      version: inTheWay - 1,
      head: inTheWay + 1,
      parked: { parkedVersion: inTheWay },
    });
    await database
      .prepare(`DELETE FROM ${table} WHERE account_id = 'acc-1' AND version = ?`)
      .bind(inTheWay)
      .run();
    const resumed = await call('POST', '/v1/views/trades/parked/account/acc-1/resume');
    expect(resumed.body).toMatchObject({
      view: 'trades',
      status: 'RESUMED',
      version: inTheWay + 1,
      head: inTheWay + 1,
      parked: null,
    });
    expect((await call('GET', '/v1/views/trades/parked')).body.parked).toEqual([]);
    const rows = await rowsOf(
      part,
      `SELECT version FROM ${table} WHERE account_id = 'acc-1' AND version >= ?`,
      inTheWay,
    );
    expect(rows).toEqual([{ version: inTheWay }, { version: inTheWay + 1 }]);
  });

  it('give up a rebuild on request', async () => {
    const { body } = await call('POST', '/v1/views/rebuild/cancel');
    expect(body).toMatchObject({ status: 'SWITCHED' });
  });
});
