/** Large positions by holder: netted over every account, whatever the pages, and the same whoever gathers them and when. */
import { Decimal } from 'decimal.js';
import { describe, expect, it } from 'vitest';
import { Holders } from '../../actors/holders/holders.ts';
import { largeHolderRows, largeHolders, type Thresholds } from '../../reports/kinds/index.ts';
import type { Row } from '../../reports/kinds/kind.ts';
import { pageCsv } from '../../reports/page.ts';
import type { GatheredAccounts } from '../../schemas/holding.ts';
import {
  type HoldersPosition,
  type HoldersRead,
  type HoldingsStore,
  readHolders,
} from '../../workers/reads/holders.ts';
import { REPORT_ACCOUNTS_MAX, type ReportSource } from '../../workers/reads/report.ts';
import { numbersOf } from '../support/random.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const SEED = 20261128;
const END = Date.parse('2026-02-01T00:00:00Z');
const EVERYTHING: Thresholds = { minQuantity: '0', minValue: undefined };

interface TestAccount {
  readonly accountId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly openedAt: number;
  readonly positions: Readonly<Record<string, { quantity: string }>>;
  readonly lastTrades: Readonly<Record<string, { price: string; tradeId: string; executedAt: string }>>;
}

/** Accounts of few customers, in two currencies, long, short and flat. */
function randomAccounts(count: number, seed = SEED): Map<string, TestAccount> {
  const random = numbersOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const accounts = new Map<string, TestAccount>();
  for (let index = 0; index < count; index++) {
    const accountId = `a-${Math.floor(random() * 1e9)}-${index}`;
    const positions: Record<string, { quantity: string }> = {};
    const lastTrades: Record<string, { price: string; tradeId: string; executedAt: string }> = {};
    for (const symbol of ['IBM', 'BRK.B', 'BTC-USD']) {
      if (random() < 0.2) continue;
      positions[symbol] = { quantity: random() < 0.1 ? '0' : new Decimal(random() * 200 - 100).toFixed(3) };
      // A price may be unknown, where the only trade was cancelled.
      if (random() < 0.1) continue;
      const executedAt = `2026-01-${10 + Math.floor(random() * 20)}T00:00:00.000Z`;
      lastTrades[symbol] = {
        price: new Decimal((1 + random() * 50).toFixed(4)).toFixed(),
        tradeId: `t-${index}`,
        executedAt,
      };
    }
    const [customerId, currency] = [`c-${Math.floor(random() ** 2 * 9)}`, pick(['USD', 'USD', 'EUR'])];
    accounts.set(accountId, {
      accountId,
      customerId,
      currency,
      openedAt: END - 1_000,
      positions,
      lastTrades,
    });
  }
  return accounts;
}

function sourceOf(accounts: ReadonlyMap<string, TestAccount>): ReportSource {
  const ids = () => [...accounts.keys()].sort();
  return {
    list: async (afterId, limit) =>
      ids()
        .filter((id) => id > afterId)
        .slice(0, limit),
    owner: (id) => ({
      read: async ({ at = 0 } = {}) => {
        const account = accounts.get(id) as TestAccount;
        const state = account as never;
        return account.openedAt > at ? null : { state, version: 7, hash: `hash of ${id}`, recordedAt: 0 };
      },
      events: async () => '[]',
    }),
  };
}

/** The store as the platform has it, of this moment. */
function storeOf(): HoldingsStore & { readonly holders: Holders } {
  const holders = new Holders(sqliteStorage());
  return {
    holders,
    take: async (accounts) => ({ status: holders.take(accounts) ? 'taken' : 'missing' }),
    page: async (after, limit, customerId) => holders.page(after, limit, customerId),
  };
}

interface Asked {
  readonly customerId?: string;
  readonly limit?: number;
  readonly thresholds?: Thresholds;
}

type Page = Extract<HoldersRead, { status: 'read' }>;

async function pageOf(
  accounts: ReadonlyMap<string, TestAccount>,
  store: HoldingsStore,
  after: HoldersPosition | undefined,
  { customerId, limit = 10_000, thresholds = EVERYTHING }: Asked,
): Promise<Page> {
  const request = { end: END, keptEnd: END, customerId, after, limit };
  const read = await readHolders(
    sourceOf(accounts),
    () => store,
    request,
    (own) => largeHolderRows(own, thresholds),
  );
  if (read.status !== 'read') throw new Error(read.status);
  return read;
}

async function pagesOf(
  accounts: ReadonlyMap<string, TestAccount>,
  asked: Asked = {},
  store: HoldingsStore = storeOf(),
): Promise<Page[]> {
  const pages: Page[] = [];
  do pages.push(await pageOf(accounts, store, pages.at(-1)?.next, asked));
  while (pages.at(-1)?.next !== undefined);
  return pages;
}

const rowsOf = (pages: readonly Page[]): Row[] => pages.flatMap(({ rows }) => [...rows]);
const sum = (rows: readonly Row[], column: string) =>
  rows.reduce((total, row) => total.plus(row[column] as string), new Decimal(0)).toFixed();

/** Totals worked out in another way: over all accounts at once. */
function plainTotals(accounts: ReadonlyMap<string, TestAccount>) {
  const groups = Map.groupBy(
    [...accounts.values()].flatMap((account) =>
      Object.entries(account.positions)
        .filter(([, { quantity }]) => !new Decimal(quantity).isZero())
        .map(([symbol, { quantity }]) => ({ ...account, symbol, held: new Decimal(quantity) })),
    ),
    ({ customerId, symbol, currency }) => [customerId, symbol, currency].join(' '),
  );
  return [...groups.keys()].sort().map((key) => {
    const own = groups.get(key) ?? [];
    const [customerId = '', symbol = ''] = key.split(' ');
    const inAll = [...groups.entries()]
      .filter(([other]) => other.startsWith(`${customerId} ${symbol} `))
      .flatMap(([, held]) => held);
    const add = (held: readonly { held: Decimal }[]) =>
      Decimal.sum(0, ...held.map((one) => one.held)).toFixed();
    const prices = own
      .filter((one) => one.lastTrades[symbol] !== undefined)
      .sort((a, b) => (a.accountId < b.accountId ? -1 : 1))
      .map((one) => ({
        accountId: one.accountId,
        ...(one.lastTrades[symbol] as { price: string; executedAt: string }),
      }))
      .sort((a, b) => (a.executedAt === b.executedAt ? 0 : a.executedAt < b.executedAt ? 1 : -1));
    const price = prices[0]?.price ?? null;
    const worth = (held: readonly Decimal[]) =>
      price === null ? null : Decimal.sum(0, ...held.map((one) => one.times(price))).toFixed();
    return {
      key,
      accounts: own.length,
      quantity: add(own),
      longQuantity: add(own.filter(({ held }) => held.gt(0))),
      shortQuantity: new Decimal(add(own.filter(({ held }) => held.lt(0)))).abs().toFixed(),
      quantityInAllCurrencies: add(inAll),
      price,
      priceAccountId: prices[0]?.accountId ?? null,
      marketValue: worth(own.map(({ held }) => held)),
      grossValue: worth(own.map(({ held }) => held.abs())),
    };
  });
}

describe('large positions by holder', () => {
  it('are netted over all accounts of a customer, their gross beside them', async () => {
    const accounts = randomAccounts(120);
    const [page] = await pagesOf(accounts);
    const totals = (page?.rows ?? []).filter(({ level }) => level === 'CUSTOMER');
    const expected = plainTotals(accounts);
    expect(totals.map((row) => [row.customerId, row.symbol, row.currency].join(' '))).toEqual(
      expected.map(({ key }) => key),
    );
    for (const [index, { key: _, ...total }] of expected.entries())
      expect(totals[index]).toMatchObject(total);
    expect(expected.length).toBeGreaterThan(30);
    expect(expected.some(({ quantity, longQuantity }) => quantity !== longQuantity)).toBe(true);
  });

  it('have their accounts listed below them, which add up', async () => {
    const [page] = await pagesOf(randomAccounts(120));
    const rows = page?.rows ?? [];
    for (const [index, total] of rows.entries()) {
      expect(largeHolders.row.parse(total)).toEqual(total);
      if (total.level !== 'CUSTOMER') continue;
      const listed = rows.slice(index + 1, index + 1 + (total.accounts as number));
      expect(new Set(listed.map(({ level }) => level))).toEqual(new Set(['ACCOUNT']));
      expect(new Set(listed.map(({ customerId }) => customerId))).toEqual(new Set([total.customerId]));
      const columns = ['quantity', 'longQuantity', 'shortQuantity'];
      if (total.price !== null) columns.push('marketValue', 'grossValue');
      for (const column of columns) expect(sum(listed, column)).toBe(total[column]);
    }
  });

  it("reach a threshold by the customer's total alone, and by units whatever the currency", async () => {
    const held = (accountId: string, quantity: string, currency = 'USD', customerId = 'c') => {
      const lastTrades = { IBM: { price: '10', tradeId: 't', executedAt: '2026-01-10T00:00:00.000Z' } };
      return { accountId, customerId, currency, openedAt: 0, positions: { IBM: { quantity } }, lastTrades };
    };
    const list = [
      held('1', '60'),
      held('2', '50'),
      held('3', '-100', 'USD', 'd'),
      held('4', '90', 'USD', 'd'),
    ];
    const accounts = new Map([...list, held('5', '-30', 'EUR')].map((one) => [one.accountId, one]));
    const reached = async (thresholds: Thresholds) =>
      rowsOf(await pagesOf(accounts, { thresholds })).map((row) => [
        row.customerId,
        row.accountId,
        row.reached,
      ]);
    // Neither account reaches 100, together they do; the second customer is short 100 and long 90.
    expect(await reached({ minQuantity: undefined, minValue: '1100' })).toEqual([
      ['c', null, 'VALUE'],
      ['c', '1', null],
      ['c', '2', null],
    ]);
    expect(await reached({ minQuantity: undefined, minValue: '1100.01' })).toEqual([]);
    expect((await reached({ minQuantity: '80', minValue: '300' })).filter(([, id]) => id === null)).toEqual([
      ['c', null, 'QUANTITY_AND_VALUE'],
      ['c', null, 'QUANTITY_AND_VALUE'],
    ]);
    expect(await reached({ minQuantity: '80.1', minValue: undefined })).toEqual([]);
    expect((await reached({ minQuantity: '10', minValue: undefined })).map(([id]) => id)).toContain('d');
  });

  it.each([1, 5, 100])('come in pages of %i rows as in one', async (limit) => {
    const accounts = randomAccounts(120);
    const whole = rowsOf(await pagesOf(accounts));
    const pages = await pagesOf(accounts, { limit });
    expect(rowsOf(pages)).toEqual(whole);
    expect(pages.length).toBeGreaterThan(2);
    for (const { rows } of pages) expect(rows[0]?.level).toBe('CUSTOMER');
    expect(rowsOf(await pagesOf(accounts, { limit, customerId: 'c-3' }))).toEqual(
      whole.filter(({ customerId }) => customerId === 'c-3'),
    );
  });

  it('are read account after account, page by page, whoever has begun it and where others read meanwhile', async () => {
    const accounts = randomAccounts(REPORT_ACCOUNTS_MAX * 2 + 10);
    const pages = await pagesOf(accounts);
    const heads = pages.flatMap((page) => page.heads.map(({ aggregateId }) => aggregateId));
    expect(heads).toEqual([...accounts.keys()].sort());
    expect(pages.slice(0, 3).map(({ rows }) => rows.length > 0)).toEqual([false, false, true]);
    // Two readers of one store, one a page behind, and one that comes when all is there.
    const store = storeOf();
    const first = await pageOf(accounts, store, undefined, {});
    const second = await pageOf(accounts, store, first.next, {});
    expect(await pageOf(accounts, store, undefined, {})).toEqual(first);
    const third = await pageOf(accounts, store, second.next, {});
    expect([first, second, third]).toEqual(pages.slice(0, 3));
    expect(await pagesOf(accounts, {}, store)).toEqual(pages);
  });

  it('are made again to the byte when accounts were opened since', async () => {
    const accounts = randomAccounts(80);
    const asCsv = (pages: readonly Page[]) =>
      pages.map(({ rows, heads }) => {
        const facts = {
          report: 'large-holders',
          from: null,
          to: null,
          asOf: 'x',
          emptyFields: [],
          nextCursor: null,
        };
        return pageCsv(largeHolders.columns, { ...facts, rows, heads });
      });
    const before = await pagesOf(accounts, { limit: 20 });
    for (const [id, account] of randomAccounts(60, 7)) accounts.set(`0${id}`, { ...account, openedAt: END });
    const again = await pagesOf(accounts, { limit: 20 });
    expect(JSON.stringify(again)).toBe(JSON.stringify(before));
    expect(asCsv(again)).toEqual(asCsv(before));
  });

  it('are begun again where what was gathered is gone', async () => {
    const accounts = randomAccounts(REPORT_ACCOUNTS_MAX + 10);
    const pages = await pagesOf(accounts, { limit: 10 });
    for (const { next } of pages.slice(0, 2)) {
      await expect(pageOf(accounts, storeOf(), next, {})).rejects.toThrow('expired');
    }
  });

  it('are begun again where it goes between two looks for one page: no page ends for that', async () => {
    const accounts = randomAccounts(40);
    const whole = storeOf();
    const [{ rows }] = (await pagesOf(accounts, {}, whole)) as [Page];
    expect(rows.length).toBeGreaterThan(20);
    let looks = 0;
    const going: HoldingsStore = {
      ...whole,
      page: async (after, _, customerId) => (looks++ === 0 ? whole.page(after, 10, customerId) : undefined),
    };
    await expect(pageOf(accounts, going, undefined, { limit: rows.length - 1 })).rejects.toThrow('expired');
    expect(looks).toBe(2);
  });

  it.each([
    ['nothing where one page has all', 40, 10_000, []],
    ['the earlier moment where one page has not all rows', 40, 5, [END - 1]],
    ['the earlier moment where one page has not all accounts', REPORT_ACCOUNTS_MAX + 10, 10_000, [END - 1]],
  ])('keep %s', async (_, count, limit, expected) => {
    const accounts = randomAccounts(count);
    const opened = { ...([...accounts.values()][0] as TestAccount), accountId: '0', openedAt: END - 1 };
    accounts.set('0', opened);
    const kept: number[] = [];
    const storeAt = (end: number): HoldingsStore => {
      kept.push(end);
      return storeOf();
    };
    const request = { end: END, keptEnd: END - 1, customerId: undefined, after: undefined, limit };
    const read = await readHolders(sourceOf(accounts), storeAt, request, (own) =>
      largeHolderRows(own, EVERYTHING),
    );
    const { end, heads } = read as Page;
    expect(kept).toEqual(expected);
    expect(end).toBe(expected[0] ?? END);
    const isThere = heads.some(({ aggregateId }) => aggregateId === '0');
    expect(isThere, 'what was recorded since is not in it').toBe(expected.length === 0);
  });
});

describe('holdings of a moment', () => {
  const gathered = (
    afterAccountId: string,
    lastAccountId: string,
    ids: string[],
    isLast = false,
  ): GatheredAccounts => ({
    ...{ afterAccountId, lastAccountId, isLast },
    holdings: ids.map((accountId) => ({
      ...{ customerId: 'c', symbol: 'IBM', currency: 'USD', accountId, quantity: '1' },
      ...{ price: null, priceTradeId: null, pricedAt: null },
    })),
  });

  it('are taken once, in pieces of any size, and never with a gap', () => {
    const holders = new Holders(sqliteStorage());
    expect(holders.take(gathered('b', 'c', ['c']))).toBe(false);
    expect(holders.take(gathered('', 'b', ['a', 'b']))).toBe(true);
    expect(holders.take(gathered('', 'b', ['a', 'b']))).toBe(true);
    expect(holders.take(gathered('a', 'd', ['b', 'c', 'd']))).toBe(true);
    expect(holders.page(null, 100, null)).toBeUndefined();
    expect(holders.take(gathered('d', 'd', [], true))).toBe(true);
    expect(holders.take(gathered('b', 'c', ['c']))).toBe(true);
    expect(holders.page(null, 100, null)?.map(({ accountId }) => accountId)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of one holder in one symbol stay together, however many there are', () => {
    const holders = new Holders(sqliteStorage());
    const ids = Array.from({ length: 9_000 }, (_, index) => `a-${10_000 + index}`);
    expect(holders.take(gathered('', 'z', ids, true))).toBe(true);
    expect(holders.page(null, 10, null)).toHaveLength(9_000);
    expect(holders.page({ customerId: 'c', symbol: 'IBM' }, 10, null)).toEqual([]);
  });
});
