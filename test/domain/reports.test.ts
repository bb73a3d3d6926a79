/** Reports are complete, come in pages of any size, and are made again to the byte whatever came later. */
import { parse } from 'csv-parse/sync';
import { Decimal } from 'decimal.js';
import { describe, expect, it } from 'vitest';
import {
  largePositions,
  orderToTrade,
  positions,
  tradeBlotter,
  transactionReport,
} from '../../reports/kinds/index.ts';
import type { EventKind, Row, StateKind } from '../../reports/kinds/kind.ts';
import { isIsin, RTS22_FIELDS } from '../../reports/kinds/rts22.ts';
import { pageCsv } from '../../reports/page.ts';
import { tradeEventOf } from '../../reports/trades.ts';
import { accountEvents } from '../../schemas/account.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import { timeText } from '../../schemas/time.ts';
import {
  REPORT_EVENTS_MAX,
  type ReportRead,
  type ReportRequest,
  type RowMaking,
  readReport,
  stateRows,
} from '../../workers/reads/report.ts';
import { EPOCH, randomAccount, StatedActor } from '../support/statement.ts';

const EVENT_KINDS: readonly EventKind[] = [tradeBlotter, orderToTrade, transactionReport];
const DAY_MS = 86_400_000;

/** Accounts by id, as the platform has them. */
type Accounts = Map<string, StatedActor>;

const MAKINGS: readonly [string, RowMaking, EventKind | StateKind<never>][] = [
  ...EVENT_KINDS.map((kind): [string, RowMaking, EventKind] => [kind.name, { of: 'events', kind }, kind]),
  ['positions', stateRows(positions, undefined), positions],
  ['large-positions', stateRows(largePositions, { minQuantity: '50', minValue: '1000' }), largePositions],
];

async function freshAccounts(): Promise<Accounts> {
  const accounts: Accounts = new Map();
  for (const [index, id] of ['b', 'd', 'a', 'c', 'e'].entries())
    accounts.set(id, await randomAccount(index + 1, 90));
  return accounts;
}

let shared: Promise<Accounts> | undefined;

/** The same accounts for every test that leaves them alone. */
function someAccounts(): Promise<Accounts> {
  shared ??= freshAccounts();
  return shared;
}

function sourceOf(accounts: Accounts) {
  return {
    list: async (afterId: string, limit: number) =>
      [...accounts.keys()]
        .filter((id) => id > afterId)
        .sort()
        .slice(0, limit),
    owner: (id: string) => (accounts.get(id) as StatedActor).owner,
  };
}

const WHOLE: ReportRequest = {
  from: undefined,
  end: EPOCH + 400 * DAY_MS,
  accountId: undefined,
  after: undefined,
  limit: 100_000,
};

const read = (
  accounts: Accounts,
  making: RowMaking,
  request: Partial<ReportRequest> = {},
): Promise<ReportRead> => readReport(sourceOf(accounts), { ...WHOLE, ...request }, making);

/** Every page, each as its JSON. */
async function pagesOf(
  accounts: Accounts,
  making: RowMaking,
  request: Partial<ReportRequest>,
): Promise<ReportRead[]> {
  const pages: ReportRead[] = [];
  for (let after: ReportRequest['after']; ; ) {
    const page = await read(accounts, making, { ...request, after });
    pages.push(page);
    if (page.next === undefined) return pages;
    after = page.next;
  }
}

/** The envelopes of an account's trades in a period, straight from its log. */
function tradesIn(actor: StatedActor, from: number, end: number): EventEnvelope[] {
  const events = JSON.parse(actor.core.events(1, 1_000)) as EventEnvelope[];
  return events.filter(
    ({ eventType, recordedAt }) =>
      eventType.startsWith('Trade') && Date.parse(recordedAt) >= from && Date.parse(recordedAt) < end,
  );
}

for (const [name, making, kind] of MAKINGS) {
  describe(name, () => {
    it('has rows of its own schema and columns, and names every log that it covers', async () => {
      const accounts = await someAccounts();
      const { rows, heads, next } = await read(accounts, making);
      expect(next).toBeUndefined();
      expect(rows.length).toBeGreaterThan(3);
      for (const row of rows) {
        expect(kind.row.parse(row)).toEqual(row);
        expect(Object.keys(row).filter((name) => !kind.columns.includes(name))).toEqual([]);
      }
      expect(heads.map(({ aggregateId, version }) => [aggregateId, version])).toEqual(
        ['a', 'b', 'c', 'd', 'e'].map((id) => [id, accounts.get(id)?.core.head()]),
      );
    });

    it.each([1, 7, 40])('comes in pages of %i rows as it does in one', async (limit) => {
      const accounts = await someAccounts();
      const whole = await read(accounts, making, { from: EPOCH + 5 * DAY_MS });
      const pages = await pagesOf(accounts, making, { from: EPOCH + 5 * DAY_MS, limit });
      expect(pages.flatMap(({ rows }) => rows)).toEqual(whole.rows);
      const heads = new Map(pages.flatMap((page) => page.heads).map((head) => [head.aggregateId, head]));
      expect([...heads.values()]).toEqual(whole.heads);
      // Two rows of a correction stay together, and so do the holdings of an account.
      if (making.of === 'events')
        for (const { rows } of pages) expect(rows.length).toBeLessThanOrEqual(Math.max(limit, 2));
    });

    it('is made again to the byte, page by page, when more has happened and accounts were opened', async () => {
      const accounts = await freshAccounts();
      const end = EPOCH + 12 * DAY_MS;
      const request = { from: EPOCH + 2 * DAY_MS, end, limit: 11 };
      const first = await pagesOf(accounts, making, request);
      for (const actor of accounts.values()) {
        actor.world.now = Math.max(actor.world.now, end);
        for (let more = 0; more < 3; more++) {
          await actor.run('ExecuteTrade', {
            tradeId: `late-${more}`,
            symbol: 'IBM',
            side: 'BUY',
            quantity: '1',
            price: '1',
          });
        }
        const [trade] = tradesIn(actor, 0, end);
        await actor.run('CancelTrade', { tradeId: trade?.data.tradeId, reason: 'late' });
      }
      for (let more = 0; more < 60; more++) {
        const actor = new StatedActor();
        actor.world.now = end;
        await actor.run('OpenAccount', {
          customerId: 'new',
          accountType: 'INDIVIDUAL',
          currency: 'EUR',
          initialBalance: '5',
        });
        accounts.set(`b${more}`, actor);
      }
      expect(JSON.stringify(await pagesOf(accounts, making, request))).toBe(JSON.stringify(first));
      const text = ({ rows, heads }: ReportRead) =>
        pageCsv(kind.columns, {
          ...{
            report: kind.name,
            from: null,
            to: null,
            asOf: timeText(end),
            emptyFields: [],
            nextCursor: null,
          },
          ...{ rows, heads },
        });
      const again = await pagesOf(accounts, making, request);
      expect(again.map(text)).toEqual(first.map(text));
      expect(JSON.stringify(await pagesOf(accounts, making, { ...request, end: end + 1 }))).not.toBe(
        JSON.stringify(first),
      );
    });

    it('is about one account where one is named', async () => {
      const accounts = await someAccounts();
      const whole = await read(accounts, making);
      const { rows, heads, next } = await read(accounts, making, { accountId: 'c', limit: 100_000 });
      expect(rows).toEqual(whole.rows.filter(({ accountId }) => accountId === 'c'));
      expect(heads).toMatchObject([{ aggregateId: 'c' }]);
      expect(next).toBeUndefined();
      const pages = await pagesOf(accounts, making, { accountId: 'c', limit: 3 });
      expect(pages.flatMap((page) => page.rows)).toEqual(rows);
    });

    it('has as CSV every row and every head', async () => {
      const accounts = await someAccounts();
      const { rows, heads } = await read(accounts, making);
      const page = {
        report: kind.name,
        from: null,
        to: null,
        asOf: timeText(WHOLE.end),
        emptyFields: [],
        nextCursor: null,
      };
      const table = parse(pageCsv(kind.columns, { ...page, rows, heads }), {
        columns: true,
        record_delimiter: '\r\n',
      }) as Record<string, string>[];
      const shown = table.filter(({ record }) => record === 'row');
      expect(shown).toHaveLength(rows.length);
      shown.forEach((cells, index) => {
        for (const name of kind.columns) expect(cells[name]).toBe(String((rows[index] as Row)[name] ?? ''));
      });
      expect(table.filter(({ record }) => record === 'head')).toMatchObject(
        heads.map(({ aggregateId, version, hash }) => ({
          accountId: aggregateId,
          headVersion: String(version),
          headHash: hash,
        })),
      );
    });
  });
}

describe('a report of an account with a long log', () => {
  /** An account whose log has deposits alone, but for its last event. */
  async function longAccount(deposits: number): Promise<StatedActor> {
    const actor = await randomAccount(1, 5);
    const [trade] = tradesIn(actor, 0, WHOLE.end);
    const read = actor.core.read({ at: WHOLE.end });
    const event = (version: number) =>
      version > deposits
        ? { ...trade, version }
        : { version, eventType: 'FundsDeposited', schemaVersion: 1, data: {} };
    const owner = {
      read: async () => read && { ...read, version: deposits + 1 },
      events: async (from: number, limit: number) =>
        JSON.stringify(Array.from({ length: limit }, (_, index) => event(from + index))),
    };
    return { ...actor, core: actor.core, owner } as unknown as StatedActor;
  }

  it('comes in pages of so many events, also where nearly all of them are about no trade', async () => {
    const deposits = 3 * REPORT_EVENTS_MAX;
    const accounts: Accounts = new Map([
      ['a', await longAccount(deposits)],
      ['b', await longAccount(10)],
    ]);
    const pages = await pagesOf(accounts, { of: 'events', kind: tradeBlotter }, {});
    expect(pages.map(({ rows }) => rows.map(({ accountId }) => accountId))).toEqual([[], [], [], ['a', 'b']]);
    expect(pages.map(({ next }) => next?.version)).toEqual([
      ...[1, 2, 3].map((page) => page * REPORT_EVENTS_MAX),
      undefined,
    ]);
  });
});

describe('the trade blotter', () => {
  it('has every event about a trade in the period, and no other', async () => {
    const accounts = await someAccounts();
    const [from, end] = [EPOCH + 3 * DAY_MS, EPOCH + 9 * DAY_MS];
    const { rows } = await read(accounts, { of: 'events', kind: tradeBlotter }, { from, end });
    const expected = [...accounts.keys()]
      .sort()
      .flatMap((id) => tradesIn(accounts.get(id) as StatedActor, from, end));
    expect(rows.map(({ eventId }) => eventId)).toEqual(expected.map(({ eventId }) => eventId));
    expect(rows.map(({ tradeId, price = null }) => [tradeId, price])).toEqual(
      expected.map(({ data }) => [data.tradeId, data.price ?? null]),
    );
  });
});

describe('the trail', () => {
  it('leads from a command to its event and its trade', async () => {
    const accounts = await someAccounts();
    const { rows } = await read(accounts, { of: 'events', kind: orderToTrade }, { accountId: 'a' });
    const log = tradesIn(accounts.get('a') as StatedActor, 0, WHOLE.end);
    expect(rows.map(({ commandId, hash, userId }) => [commandId, hash, userId])).toEqual(
      log.map(({ metadata, hash }) => [metadata.commandId, hash, metadata.userId]),
    );
  });
});

describe('the position report', () => {
  it('says what each account held at both ends, and what it made in between', async () => {
    const accounts = await someAccounts();
    const [from, end] = [EPOCH + 4 * DAY_MS, EPOCH + 10 * DAY_MS];
    const { rows } = await read(accounts, stateRows(positions, undefined), { from, end });
    for (const row of rows) {
      const { core } = accounts.get(String(row.accountId)) as StatedActor;
      const symbol = String(row.symbol);
      const before = core.read({ at: from - 1 })?.state.positions[symbol];
      const after = core.read({ at: end - 1 })?.state.positions[symbol];
      expect(row).toMatchObject({ quantity: after?.quantity, openingQuantity: before?.quantity ?? '0' });
      expect(row.realizedPnl).toBe(
        new Decimal(after?.realizedPnl ?? 0).minus(before?.realizedPnl ?? 0).toFixed(),
      );
      expect(row.marketValue).toBe(new Decimal(row.quantity as string).times(row.price as string).toFixed());
    }
  });

  it('calls large what reaches a threshold, long or short', async () => {
    const accounts = await someAccounts();
    const all = await read(accounts, stateRows(positions, undefined));
    const large = await read(accounts, stateRows(largePositions, { minQuantity: '60', minValue: '3000' }));
    const reached = (row: Row) => [
      new Decimal(row.quantity as string).abs().gte(60) ? 'QUANTITY' : '',
      new Decimal(row.marketValue as string).abs().gte(3000) ? 'VALUE' : '',
    ];
    const expected: Row[] = all.rows.flatMap((row) => {
      const words = reached(row).filter(Boolean);
      return words.length === 0 ? [] : [{ ...row, reached: words.join('_AND_') }];
    });
    expect(large.rows).toEqual(expected);
    expect(new Set(expected.map((row) => row.reached)).size).toBeGreaterThan(1);
    expect(expected.some(({ quantity }) => String(quantity).startsWith('-'))).toBe(true);
    const onlyValue = await read(
      accounts,
      stateRows(largePositions, { minQuantity: undefined, minValue: '3000' }),
    );
    expect(onlyValue.rows.every((row) => row.reached === 'VALUE')).toBe(true);
  });
});

describe('the transaction report', () => {
  async function reported(...commands: readonly [string, object][]): Promise<readonly Row[]> {
    const actor = new StatedActor();
    await actor.run('OpenAccount', {
      customerId: 'c',
      accountType: 'INDIVIDUAL',
      currency: 'EUR',
      initialBalance: '10000',
    });
    await actor.run('SetLimits', { allowShort: true });
    for (const [type, data] of commands) {
      actor.world.now += 1_000;
      expect(await actor.run(type, data)).toBe('accepted');
    }
    return (await read(new Map([['acc', actor]]), { of: 'events', kind: transactionReport })).rows;
  }

  const trade = (
    tradeId: string,
    side: string,
    quantity: string,
    symbol = 'US0378331005',
  ): [string, object] => [
    'ExecuteTrade',
    { tradeId, symbol, side, quantity, price: '10', executedAt: timeText(EPOCH) },
  ];

  it('has the 65 fields of the regulation, each with a column of its own', () => {
    expect(RTS22_FIELDS).toHaveLength(65);
    expect(RTS22_FIELDS.map(({ number }) => number)).toEqual(
      Array.from({ length: 65 }, (_, index) => index + 1),
    );
    expect(new Set(transactionReport.columns).size).toBe(transactionReport.columns.length);
    const withData = RTS22_FIELDS.filter(({ source }) => source !== undefined).map(({ column }) => column);
    expect([...withData, ...(transactionReport.emptyColumns ?? [])].sort()).toEqual(
      RTS22_FIELDS.map(({ column }) => column).sort(),
    );
  });

  it('fills what there is data for, and nothing else', async () => {
    const [row = {}] = await reported(trade('t-1', 'BUY', '5'));
    expect(row).toMatchObject({
      accountSide: 'BUYER',
      reportStatus: 'NEWT',
      tradingDateTime: timeText(EPOCH),
      quantity: '5',
      price: '10',
      priceCurrency: 'EUR',
      instrumentId: 'US0378331005',
      shortSelling: null,
      securitiesFinancingTransaction: 'false',
    });
    expect(row.transactionReferenceNumber).toMatch(/^[0-9A-F]{40}$/);
    for (const column of transactionReport.emptyColumns ?? []) expect(row).not.toHaveProperty(column);
  });

  it('says of a sale whether it was short', async () => {
    const rows = await reported(
      trade('t-1', 'BUY', '5'),
      trade('t-2', 'SELL', '5'),
      trade('t-3', 'SELL', '1'),
    );
    expect(rows.map(({ shortSelling }) => shortSelling)).toEqual([null, 'SELL', 'SESH']);
  });

  it('cancels what is corrected and reports it anew, under one reference', async () => {
    const rows = await reported(
      trade('t-1', 'BUY', '5'),
      ['CorrectTrade', { tradeId: 't-1', quantity: '6', reason: 'typo' }],
      ['CancelTrade', { tradeId: 't-1', reason: 'never was' }],
      trade('t-2', 'BUY', '1', 'IBM'),
    );
    expect(rows.map(({ reportStatus, quantity }) => [reportStatus, quantity])).toEqual([
      ['NEWT', '5'],
      ['CANC', null],
      ['NEWT', '6'],
      ['CANC', null],
      ['NEWT', '1'],
    ]);
    const references = rows.map((row) => row.transactionReferenceNumber);
    expect(new Set(references.slice(0, 4)).size).toBe(1);
    expect(references[4]).not.toBe(references[0]);
    expect(rows[4]?.instrumentId).toBeNull();
  });

  it.each([
    ['US0378331005', true],
    ['DE0005140008', true],
    ['GB0002634946', true],
    ['US0378331004', false],
    ['IBM', false],
    ['BTC-USD', false],
    ['US037833100X', false],
  ])('takes %s for an ISIN: %s', (symbol, expected) => {
    expect(isIsin(symbol)).toBe(expected);
  });
});

describe('events about trades', () => {
  it('are told apart for every type that there is, and no unknown one is left out', () => {
    const data = { tradeVersion: 1, reason: 'r' };
    for (const eventType of Object.keys(accountEvents)) {
      const schemaVersion = eventType === 'AccountOpened' ? 2 : 1;
      const told = tradeEventOf({ eventType, schemaVersion, data } as unknown as EventEnvelope);
      expect(told !== undefined, eventType).toBe(/^Trade(Executed|Corrected|Cancelled)$/.test(eventType));
    }
    expect(() => tradeEventOf({ eventType: 'TradeBusted', data: {} } as unknown as EventEnvelope)).toThrow(
      'TradeBusted',
    );
  });
});
