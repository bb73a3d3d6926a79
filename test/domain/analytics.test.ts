/** The queries of docs/analytics.md over an archive in which trades were corrected and cancelled. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Analytics } from '../../local/archive/analytics.ts';
import { ArchiveWorld } from '../support/archive.ts';

const folder = mkdtempSync(path.join(tmpdir(), "folio's [analytics] *?-"));
const world = new ArchiveWorld();
const account = world.account('acc-1');
let analytics: Analytics;

/** One more than the places that a currency has among the top accounts. */
const YEN_ACCOUNTS = 21;

/** An account of another currency, whose numbers are larger than those of dollars. */
function tradeInYen(accountId: string, price: string): void {
  const other = world.account(accountId);
  const opening = {
    customerId: 'c',
    accountType: 'INDIVIDUAL',
    currency: 'JPY',
    initialBalance: '100000000',
  };
  other.run('OpenAccount', opening, world.now++);
  const executedAt = '2026-02-27T12:00:00.000Z';
  const trade = { tradeId: 't-1', symbol: 'SONY', side: 'BUY', quantity: '1', price, executedAt };
  other.run('ExecuteTrade', trade, world.now++);
  world.deliver(other.announce());
}

beforeAll(async () => {
  const run = (type: string, data: object) => account.run(type, data, world.now++);
  const trade = (tradeId: string, symbol: string, side: string, quantity: string, price: string) =>
    run('ExecuteTrade', {
      tradeId,
      symbol,
      side,
      quantity,
      price,
      fee: '1',
      executedAt: '2026-02-28T23:59:59.999Z',
    });
  const opening = { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD', initialBalance: '10000' };
  run('OpenAccount', opening);
  trade('t-1', 'IBM', 'BUY', '10', '100');
  trade('t-2', 'IBM', 'SELL', '5', '120');
  trade('t-3', 'IBM', 'SELL', '5', '130');
  trade('t-4', 'MSFT', 'BUY', '1', '50');
  run('CorrectTrade', { tradeId: 't-1', price: '90', reason: 'contract note' });
  run('CorrectTrade', { tradeId: 't-1', price: '80', fee: '2', reason: 'again' });
  run('CancelTrade', { tradeId: 't-3', reason: 'never was' });
  run('CancelTrade', { tradeId: 't-4', reason: 'never was' });
  world.deliver(account.announce());
  for (let place = 1; place <= YEN_ACCOUNTS; place++) tradeInYen(`yen-${place}`, `${1_000_000 * place}`);
  await world.checkpoint();
  world.bucket.export(folder);
  analytics = await Analytics.open(folder);
});

afterAll(() => {
  analytics?.close();
  rmSync(folder, { recursive: true });
});

async function rowsOf(query: string): Promise<Record<string, string | null>[]> {
  const { columns, rows } = await analytics.run(query);
  return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
}

describe('trades that were amended count as they are known now', () => {
  it('in the daily volume', async () => {
    expect(await rowsOf('daily_volume')).toEqual([
      expect.objectContaining({ day: '2026-02-27', currency: 'JPY', trades: `${YEN_ACCOUNTS}` }),
      expect.objectContaining({
        day: '2026-02-28',
        trades: '2',
        quantity: '15.00000000',
        turnover: '1400.00000000',
        fees: '3.00000000',
      }),
    ]);
  });

  it('in the profit by symbol, which is that of the account', async () => {
    const { IBM } = account.aggregate.current().state.positions;
    expect(IBM?.realizedPnl).toBe('200');
    expect(await rowsOf('profit_by_symbol')).toEqual([
      expect.objectContaining({ symbol: 'SONY', currency: 'JPY', realized_pnl: '0.00000000' }),
      expect.objectContaining({
        symbol: 'IBM',
        trades: '2',
        realized_pnl: '200.00000000',
        fees: '3.00000000',
      }),
    ]);
  });

  it('among the top accounts', async () => {
    const { cash } = account.aggregate.current().state;
    const inDollars = (await rowsOf('top_accounts')).filter(({ currency }) => currency === 'USD');
    expect(inDollars).toEqual([
      expect.objectContaining({
        account: 'acc-1',
        trades: '2',
        turnover: '1400.00000000',
        realized_pnl: '200.00000000',
        cash: `${cash}.00000000`,
      }),
    ]);
  });
});

it('the top accounts of one currency leave room for those of another', async () => {
  const places = (await rowsOf('top_accounts')).map(({ account, currency }) => `${currency} ${account}`);
  const yen = Array.from({ length: YEN_ACCOUNTS - 1 }, (_, place) => `JPY yen-${YEN_ACCOUNTS - place}`);
  expect(places).toEqual([...yen, 'USD acc-1']);
});

it('the audit of one account needs one that the archive has', async () => {
  await expect(analytics.run('account_audit')).rejects.toThrow('name it with --account');
  await expect(analytics.run('account_audit', "no'body")).rejects.toThrow(
    "the archive has no account no'body",
  );
  expect((await analytics.run('account_audit', 'acc-1')).rows).toHaveLength(9);
});

it('an amendment that leaves another balance than it says is among the faults', async () => {
  expect(await rowsOf('faults')).toEqual([]);
  const forged =
    "CASE WHEN event_type = 'TradeCancelled' THEN changes_cash + 1 ELSE changes_cash END AS changes_cash";
  const source =
    "read_parquet(getvariable('archive') || '/segments/*/account/*/*.parquet', union_by_name = true)";
  await analytics.sql(`CREATE OR REPLACE VIEW events AS SELECT * REPLACE (${forged}) FROM ${source}`);
  expect((await rowsOf('faults')).map(({ version }) => version)).toEqual(['8', '9']);
});

it('trades of an account whose opening is past its term are counted, in a currency that nobody knows any more', async () => {
  const aging = new ArchiveWorld();
  const old = aging.account('acc-old');
  const opening = { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD', initialBalance: '100' };
  old.run('OpenAccount', opening, aging.now++);
  await aging.checkpoint();
  const expired = [...aging.bucket.objects.keys()].filter((key) => key.startsWith('segments/'));
  const executedAt = '2026-02-27T12:00:00.000Z';
  const bought = { tradeId: 't-1', symbol: 'IBM', side: 'BUY', quantity: '1', price: '60', executedAt };
  old.run('ExecuteTrade', bought, aging.now++);
  await aging.checkpoint();
  for (const key of expired) aging.bucket.objects.delete(key);
  const copy = path.join(folder, 'aged');
  aging.bucket.export(copy);
  const aged = await Analytics.open(copy);
  const lines = async (query: string) => (await aged.run(query)).rows;
  expect(await lines('daily_volume')).toEqual([
    ['2026-02-27', 'unknown', '1', '1.00000000', '60.00000000', '0.00000000'],
  ]);
  expect(await lines('top_accounts')).toEqual([
    ['acc-old', 'unknown', '1', '60.00000000', '0.00000000', '40.00000000'],
  ]);
  expect(await lines('profit_by_symbol')).toEqual([
    ['IBM', 'unknown', '1', '0.00000000', '0.00000000', '0.00000000'],
  ]);
  expect(await lines('faults')).toEqual([['acc-old', '2', 'does not follow on version 0']]);
  aged.close();
});
