/** The reconciler against the real bindings: each thing is really broken, found, named, mended and closed. */
import { runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AggregateKey, keyOf } from '../../queues/kernel/positions.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { rowOwners } from '../../queues/reconciler/rowOwners.ts';
import { LATE_MS } from '../../queues/reconciler/verdict.ts';
import { partOf } from '../../schemas/partition.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { viewDatabases } from '../../workers/env.ts';
import { WALK_PARTS } from '../../workers/reconciliation.ts';
import { handleScheduled } from '../../workers/scheduled.ts';
import { viewDatabase } from '../../workers/viewDatabase.ts';
import { WORKING_CALL_MS } from '../../workers/workingCall.ts';
import { call, eventually, opened, testEnv, verdict } from '../support/api.ts';
import { rowsOf, upTo } from '../support/projection.ts';

interface Found {
  readonly findingId: string;
  readonly reason: string;
  readonly openedAt: string;
}

const REASON = { reason: 'found by the test' };
const ids = upTo(4).map((number) => `rec-${number}`);

const findings = async (query = '') =>
  (await call('GET', `/v1/reconciliation${query}`)).body.findings as unknown as Found[];
const dollars = async () => {
  const { sums } = (await call('GET', '/v1/reconciliation')).body;
  return (sums as Record<string, unknown>[]).find(({ currency }) => currency === 'USD') ?? {};
};
const look = async (aggregateId: string) =>
  (await call('POST', '/v1/reconciliation/check', { body: { aggregateType: 'account', aggregateId } })).body;
const repair = async (body: object = REASON) => call('POST', '/v1/reconciliation/repair', { body });

const databaseFor = (aggregateId: string) =>
  viewDatabases(testEnv)[partOf(aggregateId, viewDatabases(testEnv).length)] as D1Database;

/** The live table of a view for an aggregate. */
async function tableOf(view: string, aggregateId: string): Promise<string> {
  const [row] = await rowsOf<{ live: string }>(
    partOf(aggregateId, viewDatabases(testEnv).length),
    'SELECT live FROM views WHERE view = ?',
    view,
  );
  return `${view}_${row?.live ?? 'blue'}`;
}

async function broken(view: string, aggregateId: string, sql: (table: string) => string): Promise<void> {
  const { meta } = await databaseFor(aggregateId)
    .prepare(sql(await tableOf(view, aggregateId)))
    .run();
  expect(meta.changes).toBeGreaterThan(0);
}

/** What an operator sees of an account's cash in the view. */
const shownCash = async (id: string) =>
  (
    (await call('GET', `/v1/accounts/${id}/portfolio`, { headers: { 'Cache-Control': 'no-cache' } })).body
      .cash as { total: string }
  ).total;

/** Up to which version an account is archived. */
async function archivedOf(aggregateId: string): Promise<number | undefined> {
  const archivist = testEnv.ARCHIVIST.getByName('archivist');
  return (await archivist.positions([{ aggregateType: 'account', aggregateId }]))[0]?.version;
}

/** The reconciler's own log, as the feed has it. */
async function log(): Promise<
  { eventType: string; data: Record<string, unknown>; metadata: { userId: string } }[]
> {
  const events = await testEnv.RECONCILIATIONS.getByName('platform').events(1, 1_000);
  return JSON.parse(events);
}

/** Does something as it would be done when whatever is late is too late. */
async function muchLater<Result>(act: () => Promise<Result>): Promise<Result> {
  const now = Date.now() + 2 * LATE_MS;
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
  try {
    return await act();
  } finally {
    clock.mockRestore();
  }
}

beforeAll(async () => {
  for (const id of ids) {
    await opened(id);
    for (const number of upTo(3)) {
      const body = { tradeId: `t-${number}`, symbol: 'IBM', quantity: '2', price: '10', side: 'BUY' };
      expect((await call('POST', `/v1/accounts/${id}/trades`, { body })).status).toBe(201);
    }
  }
  await eventually(async () => {
    const { body } = await call('GET', '/v1/views?heads=true');
    for (const { eventsBehind } of body.views as { eventsBehind: number }[]) expect(eventsBehind).toBe(0);
  });
});

afterEach(async () => {
  expect(await findings()).toEqual([]);
});

describe('a view', () => {
  it.each([
    [
      'accounts',
      'a row is gone',
      (table: string) => `DELETE FROM ${table} WHERE account_id = 'rec-1'`,
      'there is no row',
    ],
    [
      'accounts',
      'a balance was changed',
      (table: string) => `UPDATE ${table} SET cash = '7' WHERE account_id = 'rec-1'`,
      'shows 7, the owner has 99940',
    ],
    [
      'accounts',
      'the version is that of no event yet',
      (table: string) => `UPDATE ${table} SET version = 9 WHERE account_id = 'rec-1'`,
      'shows 9, the owner has 4',
    ],
    [
      'accounts',
      'what is stored as JSON is none any more',
      (table: string) => `UPDATE ${table} SET limits = '{' WHERE account_id = 'rec-1'`,
      expect.stringMatching(/^what its rows say cannot be read \(/),
    ],
    [
      'positions',
      'a holding was changed',
      (table: string) => `UPDATE ${table} SET quantity = '5' WHERE account_id = 'rec-1'`,
      'shows IBM 5 10 60 0, the owner has IBM 6 10 60 0',
    ],
    [
      'trades',
      'a trade is gone',
      (table: string) => `DELETE FROM ${table} WHERE account_id = 'rec-1' AND version = 3`,
      'there are 2 trades, and 3 events of one',
    ],
  ])('%s: %s: it is found, named, mended by one call and closed', async (view, _, sql, reason) => {
    const before = await rowsOf(partOf('rec-1', 2), `SELECT * FROM ${await tableOf(view, 'rec-1')}`);
    await broken(view, 'rec-1', sql);
    expect(await look('rec-1')).toMatchObject({ checked: 1, opened: 1, closed: 0 });
    // Found again, it is the same finding.
    expect(await look('rec-1')).toMatchObject({ opened: 0, closed: 0 });
    const findingId = `view.${view}.account.rec-1`;
    expect(await findings()).toMatchObject([{ findingId, check: 'view', where: view, reason }]);
    const { status, body } = await repair();
    expect([status, body]).toEqual([
      200,
      { results: [{ findingId, status: 'CLOSED', detail: null }], next: null },
    ]);
    const after = await rowsOf(partOf('rec-1', 2), `SELECT * FROM ${await tableOf(view, 'rec-1')}`);
    const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(after)).toEqual(sorted(before));
    const events = (await log()).slice(-2);
    expect(events).toMatchObject([
      { eventType: 'FindingOpened', data: { findingId, reason } },
      { eventType: 'FindingClosed', data: { findingId, end: 'REPAIRED', remark: REASON.reason } },
    ]);
    expect(events[1]?.metadata.userId).toBe('local-administrator');
  });

  it('journal: events that are gone come back by a rebuild, where they were', async () => {
    const feed = async () =>
      ((await call('GET', '/v1/events?aggregateId=rec-2')).body.events as { eventId: string }[]).map(
        ({ eventId }) => eventId,
      );
    const before = await feed();
    await broken(
      'journal',
      'rec-2',
      (table) => `DELETE FROM ${table} WHERE aggregate_id = 'rec-2' AND from_version > 1`,
    );
    await look('rec-2');
    expect(await findings('?check=view')).toMatchObject([{ findingId: 'view.journal.account.rec-2' }]);
    for (;;) {
      const { status, body } = await repair();
      if (status === 202) continue;
      expect(body.results).toMatchObject([{ status: 'CLOSED' }]);
      break;
    }
    expect(await feed()).toEqual(before);
  });

  it.each([
    ['wrong', "json_set(types, '$.TradeExecuted', (types ->> 'TradeExecuted') + 1)"],
    ['gone', "'{}'"],
  ])(
    'journal: counts of types that are %s are its own fault, and what is held against them comes right',
    async (_, types) => {
      await broken(
        'journal',
        'rec-2',
        (table) =>
          `UPDATE ${table} SET types = ${types} WHERE aggregate_id = 'rec-2' AND types ->> 'TradeExecuted' > 0`,
      );
      await look('rec-2');
      expect(await findings()).toMatchObject([
        { findingId: 'view.journal.account.rec-2', reason: expect.stringMatching(/ranges name other types/) },
        { findingId: 'view.trades.account.rec-2' },
      ]);
      const ends: string[] = [];
      for (let next: unknown; ; ) {
        const { status, body } = await repair({ ...REASON, ...(next == null ? {} : { after: next }) });
        ends.push(...(body.results as { status: string }[]).map((result) => result.status));
        if (status === 200) break;
        next = body.next;
      }
      expect(ends.filter((end) => end !== 'UNFINISHED')).toEqual(['CLOSED', 'CLOSED']);
    },
  );

  it.each(['types', 'events'])(
    'journal: %s that are no JSON any more are found, and keep no look from finding what else is wrong',
    async (column) => {
      const newest = (table: string) =>
        `SELECT max(position) FROM ${table} WHERE aggregate_id = 'rec-2' AND types ->> 'TradeExecuted' > 0`;
      await broken(
        'journal',
        'rec-2',
        (table) => `UPDATE ${table} SET ${column} = '{' WHERE position = (${newest(table)})`,
      );
      await broken(
        'accounts',
        'rec-4',
        (table) => `UPDATE ${table} SET cash = '7' WHERE account_id = 'rec-4'`,
      );
      const { body } = await call('POST', '/v1/reconciliation/check', { body: {} });
      expect(body).toMatchObject({ unanswered: 0 });
      expect((await findings()).map(({ findingId }) => findingId)).toEqual(
        expect.arrayContaining(['view.journal.account.rec-2', 'view.accounts.account.rec-4']),
      );
      for (let status = 202; status === 202; ) status = (await repair()).status;
    },
  );

  it('that is mended otherwise is closed by the next look, and by no operator', async () => {
    await broken('accounts', 'rec-3', (table) => `UPDATE ${table} SET cash = '7' WHERE account_id = 'rec-3'`);
    await look('rec-3');
    await broken(
      'accounts',
      'rec-3',
      (table) => `UPDATE ${table} SET cash = '99940' WHERE account_id = 'rec-3'`,
    );
    expect(await look('rec-3')).toMatchObject({ opened: 0, closed: 1 });
    expect((await log()).at(-1)).toMatchObject({
      eventType: 'FindingClosed',
      data: { end: 'RIGHT_AGAIN', remark: null },
    });
  });

  it('that has lost where it stands is found, and mended by one call', async () => {
    const before = await shownCash('rec-1');
    await databaseFor('rec-1')
      .prepare("DELETE FROM view_positions WHERE aggregate_id = 'rec-1' AND view IN ('trades', 'accounts')")
      .run();
    expect(await look('rec-1')).toMatchObject({ opened: 2, closed: 0 });
    expect(await findings()).toMatchObject(
      ['accounts', 'trades'].map((view) => ({
        findingId: `view.${view}.account.rec-1`,
        reason: 'shows more than the events that it has taken',
      })),
    );
    expect((await repair()).body.results).toMatchObject([{ status: 'CLOSED' }, { status: 'CLOSED' }]);
    const { body } = await call('GET', '/v1/parked');
    expect(body.parked).toEqual([]);
    expect(await shownCash('rec-1')).toBe(before);
    expect((await call('GET', '/v1/accounts/rec-1/trades')).body.trades).toHaveLength(3);
  });

  it.each(['accounts', 'journal'])('%s: a repair ends the rebuild that somebody has left', async (view) => {
    const id = view === 'accounts' ? 'account_id' : 'aggregate_id';
    await broken(view, 'rec-3', (table) => `DELETE FROM ${table} WHERE ${id} = 'rec-3'`);
    await look('rec-3');
    const clock = vi.spyOn(Date, 'now');
    const now = Date.now();
    let calls = 0;
    clock.mockImplementation(() => now + WORKING_CALL_MS * calls++);
    const left = await call('POST', '/v1/views/rebuild', { body: { views: ['accounts'] } });
    clock.mockRestore();
    expect(left.body.status).toBe('BUILDING');
    for (let rounds = 0, status = 202; status === 202; rounds++) {
      expect(rounds).toBeLessThan(20);
      status = (await repair()).status;
    }
  });

  it('that does not know an aggregate yet, or lacks its newest events, is late and nothing else', async () => {
    for (const database of viewDatabases(testEnv)) {
      await database.prepare("DELETE FROM view_positions WHERE aggregate_id = 'rec-4'").run();
      for (const view of ['accounts', 'positions', 'trades'])
        await database
          .prepare(`DELETE FROM ${await tableOf(view, 'rec-4')} WHERE account_id = 'rec-4'`)
          .run();
    }
    await databaseFor('rec-4')
      .prepare(`DELETE FROM ${await tableOf('journal', 'rec-4')} WHERE aggregate_id = 'rec-4'`)
      .run();
    expect(await look('rec-4')).toMatchObject({ opened: 0 });
    await handleScheduled(testEnv, Date.now());
    expect(await shownCash('rec-4')).toBe('99940');
  });
});

describe('rows of what no log knows', () => {
  const everything = async () => (await call('POST', '/v1/reconciliation/check', { body: {} })).body;
  const orders = async () => (await call('GET', '/v1/orders')).body.orders as { orderId: string }[];
  const placed = async (orderId: string) =>
    databaseFor(orderId)
      .prepare(
        `INSERT INTO ${await tableOf('orders', orderId)} (order_id, customer_id, status, currency, total, lines, units, version, ` +
          "placed_at, updated_at) VALUES (?, 'c', 'CONFIRMED', 'USD', '7', 1, '1', 2, 0, 0)",
      )
      .bind(orderId)
      .run();
  const stands = (view: string, aggregateType: string, id: string) =>
    databaseFor(id)
      .prepare(
        'INSERT INTO view_positions (view, colour, aggregate_type, aggregate_id, version, previous, claim) ' +
          "SELECT ?1, coalesce((SELECT live FROM views WHERE view = ?1), 'blue'), ?2, ?3, 2, 1, 'test'",
      )
      .bind(view, aggregateType, id)
      .run();

  it('are found wherever they are, by the walk as by a look at everything, and one call removes them', async () => {
    await placed('gone-1');
    await stands('orders', 'order', 'gone-1');
    await placed('gone-2');
    await databaseFor('gone-3')
      .prepare(
        `INSERT INTO ${await tableOf('order_history', 'gone-3')} (aggregate_type, aggregate_id, version, order_id, event_type, words, ` +
          "recorded_at) VALUES ('payment', 'gone-3', 1, 'gone-1', 'PaymentDeclined', 'Declined', 0)",
      )
      .run();
    await databaseFor('gone-4')
      .prepare(
        `INSERT INTO ${await tableOf('journal', 'gone-4')} SELECT position + 1000, aggregate_type, 'gone-4', 1, 1, previous_hash, ` +
          `recorded_from, recorded_to, types, events FROM ${await tableOf('journal', 'gone-4')} LIMIT 1`,
      )
      .run();
    expect((await orders()).map(({ orderId }) => orderId).sort()).toEqual(['gone-1', 'gone-2']);
    await handleScheduled(testEnv, Date.now());
    const stray = 'shows more than the events that it has taken';
    const found = await findings();
    expect(found.map(({ findingId, reason }) => [findingId, reason])).toEqual([
      [expect.stringMatching(/^view\.journal\.[A-Za-z]+\.gone-4$/), stray],
      ['view.order_history.payment.gone-3', stray],
      ['view.orders.order.gone-1', 'its log does not go that far'],
      ['view.orders.order.gone-2', stray],
    ]);
    expect(await everything()).toMatchObject({ opened: 0, closed: 0 });
    for (;;) {
      const { status, body } = await repair();
      if (status === 202) continue;
      for (const result of body.results as { status: string }[]) expect(result.status).toBe('CLOSED');
      if ((await findings()).length === 0) break;
    }
    expect(await orders()).toEqual([]);
    expect(await everything()).toMatchObject({ opened: 0, closed: 0 });
  });

  it('are no finding any more once they are gone, whoever removed them', async () => {
    await placed('gone-5');
    expect(await everything()).toMatchObject({ opened: 1 });
    await broken('orders', 'gone-5', (table) => `DELETE FROM ${table} WHERE order_id = 'gone-5'`);
    expect(await everything()).toMatchObject({ closed: 1 });
  });

  it('are looked for page by page, each owner of rows once', async () => {
    const owners = async (database: D1Database, limit: number) => {
      const found: string[] = [];
      for (let after: AggregateKey | null = null; ; ) {
        const page = await rowOwners(viewDatabase(database), projectors, after, limit);
        found.push(...page.map(keyOf));
        after = page.at(-1) ?? null;
        if (page.length < limit) return found;
      }
    };
    for (const database of viewDatabases(testEnv)) {
      const whole = await owners(database, 1_000);
      expect(whole.length).toBeGreaterThan(1);
      expect(new Set(whole).size).toBe(whole.length);
      for (const limit of [1, 2, 3]) expect(await owners(database, limit)).toEqual(whole);
    }
  });
});

describe('an announcement that nobody heard', () => {
  it('is a finding after an hour, of every view, and one call brings all of them up; the archive takes it when it is looked at', async () => {
    const tables = await Promise.all(
      ['accounts', 'positions', 'trades', 'journal'].map((view) => tableOf(view, 'rec-4')),
    );
    const forget = tables.map((table) =>
      databaseFor('rec-4').prepare(
        `DELETE FROM ${table} WHERE ${table.startsWith('journal') ? 'aggregate_id' : 'account_id'} = 'rec-4'`,
      ),
    );
    forget.push(databaseFor('rec-4').prepare("DELETE FROM view_positions WHERE aggregate_id = 'rec-4'"));
    await databaseFor('rec-4').batch(forget);
    const late = ['accounts', 'journal', 'positions', 'trades'].map((view) => `view.${view}.account.rec-4`);
    await muchLater(async () => {
      expect(await archivedOf('rec-4')).toBe(0);
      expect(await look('rec-4')).toMatchObject({ opened: 4, closed: 0 });
      expect(await findings()).toMatchObject(late.map((findingId) => ({ findingId })));
      expect(await archivedOf('rec-4')).toBe(4);
      const { status, body } = await repair();
      expect(status).toBe(200);
      expect((body.results as { status: string }[]).map((result) => result.status)).toEqual(
        Array(4).fill('CLOSED'),
      );
    });
    expect(await shownCash('rec-4')).toBe('99940');
  });
});

describe('a segment of the archive', () => {
  it('that is gone from the bucket is found by a tick, made anew from the logs, and is the same to the byte', async () => {
    const { objects } = await testEnv.ARCHIVE.list({ prefix: 'segments/' });
    const keys = objects.map(({ key }) => key);
    const key = keys.find((one) => one.includes('/account/')) as string;
    const before = await (await testEnv.ARCHIVE.get(key))?.arrayBuffer();
    await testEnv.ARCHIVE.delete(key);
    await handleScheduled(testEnv, Date.now());
    const sequence = /(\d{12})-/.exec(key)?.[1];
    const findingId = `segment.bucket.manifest.${sequence}`;
    expect(await findings()).toMatchObject([{ findingId, reason: 'the segment is gone' }]);
    expect((await repair()).body.results).toEqual([{ findingId, status: 'CLOSED', detail: null }]);
    expect(await (await testEnv.ARCHIVE.get(key))?.arrayBuffer()).toEqual(before);
  });

  it('whose manifest is gone stays found, and a repair says that none can help', async () => {
    const key = 'manifests/000000000001.json';
    const before = (await (await testEnv.ARCHIVE.get(key))?.arrayBuffer()) as ArrayBuffer;
    await testEnv.ARCHIVE.delete(key);
    await handleScheduled(testEnv, Date.now());
    const findingId = 'segment.bucket.manifest.000000000001';
    expect(await findings()).toMatchObject([{ findingId, reason: 'the manifest is gone' }]);
    const detail = 'it cannot be repaired: the manifest is gone';
    expect((await repair()).body.results).toEqual([{ findingId, status: 'OPEN', detail }]);
    await testEnv.ARCHIVE.put(key, before);
    expect((await repair()).body.results).toMatchObject([{ findingId, status: 'CLOSED' }]);
  });
});

describe('a transfer', () => {
  it('out without in is found, brought by one call, and by another not again', async () => {
    await opened('rec-5');
    await opened('rec-6', { initialBalance: '1' });
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const transfer = { transferId: 'lost-1', toAccountId: 'rec-6', amount: '30', currency: 'USD', expiresAt };
    const context = { userId: 'test', correlationId: 'test', causationId: null };
    const outcomes = await actorStub(testEnv, { aggregateType: 'account', aggregateId: 'rec-5' }).execute(
      [
        { commandId: 'reserve', type: 'ReserveFunds', data: transfer },
        { commandId: 'settle', type: 'SettleFunds', data: { transferId: 'lost-1' } },
      ],
      context,
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(await look('rec-5')).toMatchObject({ opened: 0 });
    expect(await look('rec-6')).toMatchObject({ opened: 0 });
    expect(await dollars()).toMatchObject({ inTransit: '30', difference: '0' });
    const named = { ...REASON, findingIds: ['transfer.out.account.rec-5'] };
    await muchLater(async () => {
      await look('rec-5');
      expect(await findings('?check=transfer')).toMatchObject([
        { reason: 'transfer lost-1 of 30 left for rec-6 and has not reached it', version: 3 },
      ]);
      expect((await repair(named)).body.results).toMatchObject([{ status: 'CLOSED' }]);
      expect((await repair(named)).body.results).toEqual([]);
      // Whatever else was late by then.
      await repair();
    });
    expect((await call('GET', '/v1/accounts/rec-6')).body.cash).toMatchObject({ total: '31' });
    await look('rec-6');
    expect(await dollars()).toMatchObject({ inTransit: '0', difference: '0' });
  });
});

describe('the sums of a currency', () => {
  it('are of all accounts once the walk was everywhere, and a finding where they are not zero', async () => {
    await handleScheduled(testEnv, Date.now());
    const before = await dollars();
    expect(before).toMatchObject({ eventsBehind: 0, inTransit: '0', difference: '0' });
    const accounts = [...ids, 'rec-5', 'rec-6'].map(
      async (id) => (await call('GET', `/v1/accounts/${id}`)).body,
    );
    const cash = (await Promise.all(accounts)).map((account) => (account.cash as { total: string }).total);
    expect(before).toMatchObject({
      accounts: cash.length,
      held: String(cash.reduce((a, b) => a + Number(b), 0)),
    });
    const ledger = testEnv.GENERAL_LEDGER.getByName('ledger');
    const hold = (held: unknown) =>
      runInDurableObject(ledger as never, (_, { storage }) => {
        storage.sql.exec("UPDATE sums SET held = ? WHERE currency = 'USD'", held as string);
      });
    await hold('7');
    await handleScheduled(testEnv, Date.now());
    const { difference, inTransit, held } = await dollars();
    const less = String(difference).replace('-', '');
    expect([held, inTransit]).toEqual(['7', '0']);
    expect(await findings('?check=sum')).toMatchObject([
      {
        findingId: 'sum.cash.currency.USD',
        reason: `accounts hold 7 and 0 is in transit, ${less} less than the ${before.held} that came in`,
      },
    ]);
    await hold(before.held);
    await handleScheduled(testEnv, Date.now());
  });
});

describe('the walk', () => {
  it('comes by by itself with every tick, and says when it was everywhere', async () => {
    await broken('positions', 'rec-3', (table) => `DELETE FROM ${table} WHERE account_id = 'rec-3'`);
    // Not while logs are being put back, which nobody has heard of yet.
    await handleScheduled({ ...testEnv, RESTORE: 'open' }, Date.now());
    expect(await findings()).toEqual([]);
    await handleScheduled(testEnv, Date.now());
    const { body } = await call('GET', '/v1/reconciliation');
    expect(body).toMatchObject({ open: 1, isFull: false, roundEndedAt: expect.any(String) });
    expect(await findings()).toMatchObject([{ findingId: 'view.positions.account.rec-3' }]);
    expect((await log()).at(-1)?.metadata.userId).toBe('reconciler');
    await repair({ ...REASON, findingIds: ['view.positions.account.rec-3'] });
  });

  it('passes one part after the other where all share a thread, the sweep as well', async () => {
    let under = 0;
    let most = 0;
    let calls = 0;
    const counted = (part: object) =>
      new Proxy(part, {
        get:
          (target, name) =>
          async (...parameters: unknown[]) => {
            calls++;
            most = Math.max(most, ++under);
            try {
              return await Reflect.get(target, name).apply(target, parameters);
            } finally {
              under--;
            }
          },
      });
    const { DIRECTORY } = testEnv;
    const getByName = (name: string) => counted(DIRECTORY.getByName(name));
    await handleScheduled({ ...testEnv, DIRECTORY: { getByName } as typeof DIRECTORY }, Date.now());
    expect(calls).toBeGreaterThan(WALK_PARTS);
    expect(most).toBe(1);
  });

  it('finds nothing while there is trading', async () => {
    const trades = ids.flatMap((id) =>
      upTo(20).map((number) => {
        const body = { tradeId: `busy-${number}`, symbol: 'MSFT', quantity: '1', price: '3', side: 'BUY' };
        return call('POST', `/v1/accounts/${id}/trades`, { body });
      }),
    );
    const looks = upTo(3).map(() => handleScheduled(testEnv, Date.now()));
    await Promise.all([...trades, ...looks]);
    const { body } = await call('POST', '/v1/reconciliation/check', { body: {} });
    expect(body).toMatchObject({ opened: 0, closed: 0, nextCursor: null });
    expect(body.checked).toBeGreaterThanOrEqual(ids.length);
  });
});

describe('nonsense', () => {
  it.each([
    ['GET', '/v1/reconciliation?check=x', undefined, '400 invalid_request check'],
    ['GET', '/v1/reconciliation?cursor=x', undefined, '400 invalid_request cursor'],
    ['POST', '/v1/reconciliation/check', { aggregateId: 'rec-1' }, '400 invalid_request aggregateId'],
    ['POST', '/v1/reconciliation/check', { cursor: 'x' }, '400 invalid_request cursor'],
    ['POST', '/v1/reconciliation/repair', {}, '400 invalid_request reason'],
    [
      'POST',
      '/v1/reconciliation/repair',
      { ...REASON, findingIds: ['x'] },
      '400 invalid_request findingIds[0]',
    ],
  ])('%s %s %j is refused', async (method, path, body, expected) => {
    expect(verdict(await call(method, path, body === undefined ? {} : { body }))).toBe(expected);
  });

  it('names findings that are not open: nothing is repaired', async () => {
    const { body } = await repair({ ...REASON, findingIds: ['view.accounts.account.nobody'] });
    expect(body).toEqual({ results: [], next: null });
  });
});
