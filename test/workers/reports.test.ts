/** Statements and reports through the API. */

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { exports } from 'cloudflare:workers';
import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  KEPT_AT_LEAST_MS,
  KEPT_MOMENTS,
  KEPT_MS,
  MOMENTS_MAX,
  MOMENTS_OF_ONE_MAX,
  SHARED_MOMENT_MS,
} from '../../schemas/holding.ts';
import type { Role } from '../../schemas/role.ts';
import { handleScheduled } from '../../workers/scheduled.ts';
import { call, eventually, opened, type Reply, TEST_TOKEN, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

/** A reply as bytes. */
async function download(path: string): Promise<{ headers: Headers; bytes: Uint8Array; text: string }> {
  const headers = { Authorization: `Bearer ${TEST_TOKEN}` };
  const response = await worker.fetch(`http://folio.test${path}`, { headers });
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { headers: response.headers, bytes, text: new TextDecoder().decode(bytes) };
}

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
    ['?format=xml', '400 invalid_request format'],
    ['?version=-1', '400 invalid_request version'],
    ['?until=2026-01-02T00:00:00Z', '400 invalid_request until'],
    ['?to=2001-01-01T00:00:00Z', '404 account_not_found'],
    ['?version=0', '404 account_not_found'],
    ['?version=99', '400 invalid_request version'],
    ['?from=2999-01-01T00:00:00Z', '400 invalid_request from'],
    ['?from=2999-01-01T00:00:00Z&to=2999-02-01T00:00:00Z', '400 invalid_request from'],
  ])('refuses %s', async (query, expected) => {
    await call('POST', '/v1/accounts', {
      body: { accountId: 'stm-2', customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' },
    });
    expect(verdict(await statement('stm-2', query))).toBe(expected);
  });

  it.each(['csv', 'html', 'pdf'])('as %s is the same to the byte when more has happened', async (format) => {
    const id = `stm-${format}`;
    await opened(id);
    await traded(id, 't-1', 'BUY', '10', '100');
    const first = await download(`/v1/accounts/${id}/statement?format=${format}`);
    await traded(id, 't-2', 'SELL', '10', '90');
    const again = await download(`/v1/accounts/${id}/statement?format=${format}&version=2`);
    expect(again.bytes).toEqual(first.bytes);
    const now = await download(`/v1/accounts/${id}/statement?format=${format}`);
    expect(now.bytes).not.toEqual(first.bytes);
    expect((await call('GET', `/v1/accounts/${id}/statement?format=${format}`)).status).toBe(200);
  });

  it('is a file as CSV', async () => {
    await opened('stm-file');
    const { headers, text } = await download('/v1/accounts/stm-file/statement?format=csv');
    expect(headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('Content-Disposition')).toBe('attachment; filename="statement-stm-file-1.csv"');
    expect(text).toContain('\r\nfact,accountId,stm-file,');
  });

  it('is a page as HTML that may have its style and nothing else', async () => {
    await opened('stm-page');
    const { headers, text } = await download('/v1/accounts/stm-page/statement?format=html');
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    const style = hash('sha256', /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? '', 'base64');
    expect(headers.get('Content-Security-Policy')).toContain(
      `default-src 'none'; style-src 'sha256-${style}'`,
    );
    // A hash allows a style sheet, and no element's own style: that would be ignored.
    expect(text).not.toMatch(/<[^>]*\sstyle=/);
    expect(text).toContain('<col class="share-37">');
    expect(text).toContain('.share-37 { width: 37%; }');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  it('is not there where there is no account', async () => {
    expect(verdict(await statement('nobody'))).toBe('404 account_not_found');
  });
});

describe('a report', () => {
  const report = (query: string) => call('GET', `/v1/reports/${query}`);

  it('covers what is some seconds old, and comes again to the byte by its asOf', async () => {
    await opened('rep-1');
    await opened('rep-2');
    await traded('rep-1', 't-1', 'BUY', '10', '100');
    await traded('rep-2', 't-1', 'BUY', '20', '100');
    const first = await eventually(async () => {
      const { body } = await report('trade-blotter?limit=1000');
      const accounts = (body.rows as { accountId: string }[]).map(({ accountId }) => accountId);
      expect(accounts).toEqual(expect.arrayContaining(['rep-1', 'rep-2']));
      return body;
    });
    const { asOf } = first;
    await traded('rep-1', 'later-1', 'SELL', '10', '120');
    await opened('rep-15');
    for (const kind of ['trade-blotter', 'transaction-report', 'order-to-trade', 'positions']) {
      const path = `/v1/reports/${kind}?asOf=${asOf}`;
      const [json, csv] = [await download(path), await download(`${path}&format=csv`)];
      await traded('rep-2', `more-${kind}`, 'BUY', '1', '1');
      expect((await download(path)).bytes).toEqual(json.bytes);
      expect((await download(`${path}&format=csv`)).bytes).toEqual(csv.bytes);
      expect(csv.headers.get('Content-Disposition')).toContain(`filename="${kind}-`);
      expect(json.text).not.toContain('"later-1"');
    }
    expect((await report(`trade-blotter?limit=1000&asOf=${asOf}`)).body).toEqual(first);
  });

  it('goes on page by page', async () => {
    const whole = await eventually(async () => {
      const { body } = await report('positions?limit=1000');
      expect((body.heads as unknown[]).length).toBeGreaterThan(5);
      return body;
    });
    const rows: unknown[] = [];
    for (let query = `limit=1&asOf=${whole.asOf}`; ; ) {
      const { body } = await report(`positions?${query}`);
      rows.push(...(body.rows as unknown[]));
      if (body.nextCursor === null) break;
      query = `limit=1&cursor=${body.nextCursor}`;
    }
    expect(rows).toEqual(whole.rows);
  });

  it('finds large positions by the thresholds that are sent', async () => {
    await opened('rep-3');
    await traded('rep-3', 't-1', 'BUY', '30', '100');
    await eventually(async () => {
      const { body } = await report('large-positions?accountId=rep-3&minValue=2999.99');
      expect(body.rows).toMatchObject([{ accountId: 'rep-3', marketValue: '3000', reached: 'VALUE' }]);
    });
    expect((await report('large-positions?accountId=rep-3&minValue=3000.01')).body.rows).toEqual([]);
  });

  it('finds holders that are large over several accounts, and comes again to the byte by its asOf', async () => {
    await opened('hold-3', { customerId: 'holder-too' });
    await traded('hold-3', 't-4', 'BUY', '1', '100');
    for (const id of ['hold-1', 'hold-2']) await opened(id, { customerId: 'holder' });
    await traded('hold-1', 't-1', 'BUY', '30', '100');
    await traded('hold-2', 't-2', 'BUY', '20', '110');
    const { asOf } = await eventually(async () => {
      const { body } = await report('large-holders?customerId=holder&minQuantity=50');
      expect(body.rows).toMatchObject([
        { level: 'CUSTOMER', quantity: '50', price: '110', marketValue: '5500', reached: 'QUANTITY' },
        { level: 'ACCOUNT', accountId: 'hold-1', quantity: '30', marketValue: '3300' },
        { level: 'ACCOUNT', accountId: 'hold-2', quantity: '20', marketValue: '2200' },
      ]);
      return body;
    });
    const path = `/v1/reports/large-holders?minQuantity=1&limit=1&asOf=${asOf}`;
    const [json, csv] = [await download(path), await download(`${path}&format=csv`)];
    await traded('hold-1', 't-3', 'SELL', '30', '100');
    expect((await download(path)).bytes).toEqual(json.bytes);
    expect((await download(`${path}&format=csv`)).bytes).toEqual(csv.bytes);
    const { nextCursor } = JSON.parse(json.text) as { nextCursor: string };
    expect((await report(`large-holders?minQuantity=1&cursor=${nextCursor}`)).status).toBe(200);
    const { end } = JSON.parse(Buffer.from(nextCursor, 'base64url').toString());
    const other = Buffer.from(JSON.stringify({ end: end - 1, customerId: 'a', symbol: 'IBM' }));
    const kept = testEnv.HOLDERS.getByName(String(end));
    expect(await runDurableObjectAlarm(kept), 'a day later').toBe(true);
    for (const [cursor, moment] of [
      [nextCursor, end],
      [other.toString('base64url'), end - 1],
    ]) {
      const expired = await report(`large-holders?minQuantity=1&cursor=${cursor}`);
      expect(verdict(expired)).toBe('400 invalid_request cursor');
      const stored = await runInDurableObject(testEnv.HOLDERS.getByName(String(moment)), (_, { storage }) =>
        storage.sql.exec('SELECT name FROM sqlite_master').toArray(),
      );
      expect(stored, 'whoever comes too late leaves nothing').toEqual([]);
    }
  });

  it('keeps holdings of so many moments, refuses one more, and has them forgotten though an alarm was lost', async () => {
    for (const id of ['kept-1', 'kept-2']) {
      await opened(id, { customerId: id });
      await traded(id, 't-1', 'BUY', '1', '1');
    }
    const [asOf, later] = await eventually(async () => {
      const { body } = await report('large-holders?minQuantity=1&customerId=kept-2');
      expect(body.rows).toHaveLength(2);
      return [String(body.asOf), new Date(Date.parse(String(body.asOf)) + 1).toISOString()];
    });
    const first = await report(`large-holders?minQuantity=1&limit=1&asOf=${asOf}`);
    const moment = String(Date.parse(String(first.body.asOf)));
    const stored = () =>
      runInDurableObject(testEnv.HOLDERS.getByName(moment), async (_, { storage }) => {
        await storage.deleteAlarm();
        return storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'holdings'").toArray();
      });
    expect(await stored()).toHaveLength(1);
    const register = testEnv.HOLDERS.getByName(KEPT_MOMENTS);
    const aged = (milliseconds: number) =>
      runInDurableObject(register, (_, { storage }) => {
        storage.sql.exec('UPDATE moments SET begun_at = begun_at - ?', milliseconds);
      });
    for (let other = 1; other < MOMENTS_MAX; other++) await register.admit(String(other), null);
    const refused = await report(`large-holders?minQuantity=1&limit=1&asOf=${later}`);
    expect(verdict(refused)).toBe('429 too_many_reports');
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(3_000);
    expect((await report('large-holders?minQuantity=1')).status, 'one page keeps nothing').toBe(200);
    await aged(KEPT_MS);
    await handleScheduled(testEnv, 0);
    expect(await stored()).toEqual([]);
    expect((await report(`large-holders?minQuantity=1&limit=1&asOf=${later}`)).status).toBe(200);
  });

  it('that one caller names leave room for those of others, and for those that all share', async () => {
    const register = testEnv.HOLDERS.getByName(KEPT_MOMENTS);
    for (let own = 1; own <= MOMENTS_OF_ONE_MAX; own++) await register.admit(String(own), 'user:auditor');
    const asked = async (role: Role, more: string) => {
      const path = `/v1/reports/large-holders?minQuantity=1&limit=1${more}`;
      return verdict(await call('GET', path, { headers: await as(role) }));
    };
    const named = `&asOf=${(await report('large-holders?minQuantity=1')).body.asOf}`;
    expect(await asked('auditor', named)).toBe('429 too_many_reports');
    expect(await asked('auditor', '')).toBe('200');
    expect(await asked('risk', named)).toBe('200');
    // What another has begun is there for everybody.
    expect(await asked('auditor', named)).toBe('200');
  });

  it('of several pages share a minute where no moment is named, so that asking again keeps no other', async () => {
    const register = testEnv.HOLDERS.getByName(KEPT_MOMENTS);
    const kept = () =>
      runInDurableObject(register, (_, { storage }) =>
        storage.sql.exec<{ moment: string }>('SELECT moment FROM moments').toArray(),
      );
    const before = (await kept()).length;
    const moments = new Set<number>();
    for (const asked of ['limit=1', 'limit=2', 'limit=1&to=2999-01-01T00:00:00Z']) {
      const { body } = await report(`large-holders?minQuantity=1&${asked}`);
      moments.add(Date.parse(String(body.asOf)));
    }
    for (const moment of moments) expect(moment % SHARED_MOMENT_MS).toBe(0);
    // The minute may end between two of them.
    expect(moments.size).toBeLessThanOrEqual(2);
    expect((await kept()).length - before).toBeLessThanOrEqual(moments.size);
    expect(KEPT_AT_LEAST_MS / SHARED_MOMENT_MS).toBeLessThan(MOMENTS_MAX);
  });

  it.each([
    ['positions?from=2999-01-01T00:00:00Z', '400 invalid_request from'],
    ['trade-blotter?from=2999-01-01T00:00:00Z&to=2999-02-01T00:00:00Z', '400 invalid_request from'],
    ['trade-blotter?asOf=2999-01-01T00:00:00Z', '400 invalid_request asOf'],
    ['trade-blotter?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', '400 invalid_request to'],
    ['trade-blotter?limit=10001', '400 invalid_request limit'],
    ['trade-blotter?minValue=1', '400 invalid_request minValue'],
    ['trade-blotter?format=pdf', '400 invalid_request format'],
    ['trade-blotter?cursor=abc', '400 invalid_request cursor'],
    ['large-positions', '400 invalid_request minValue'],
    ['large-positions?minQuantity=-1', '400 invalid_request minQuantity'],
    ['large-positions?minQuantity=1e3', '400 invalid_request minQuantity'],
    ['large-holders', '400 invalid_request minValue'],
    ['large-holders?minValue=1&accountId=a', '400 invalid_request accountId'],
    ['large-holders?minValue=1&asOf=2999-01-01T00:00:00Z', '400 invalid_request asOf'],
    ['large-holders?minValue=1&cursor=abc', '400 invalid_request cursor'],
    ['anything', '404 route_not_found'],
  ])('refuses %s', async (query, expected) => {
    expect(verdict(await report(query))).toBe(expected);
  });

  it('refuses a cursor of another report', async () => {
    const { body } = await eventually(async () => {
      const reply = await report('positions?limit=1');
      expect(reply.body.nextCursor).not.toBeNull();
      return reply;
    });
    const other = await report(`positions?limit=1&asOf=2026-01-01T00:00:00Z&cursor=${body.nextCursor}`);
    expect(verdict(other)).toBe('400 invalid_request cursor');
  });
});
