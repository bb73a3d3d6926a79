/** Statements as PDF: every figure is on its pages, in its place and once, and the bytes depend on nothing but the statement. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import bidiFactory from 'bidi-js';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Document } from '../../reports/document.ts';
import { figureText } from '../../reports/figures.ts';
import { layoutDocument } from '../../reports/pdf/layout.ts';
import { wrapFigure, wrapText } from '../../reports/pdf/lines.ts';
import { MARGIN, type Mark, PAGE_HEIGHT, PAGE_WIDTH, type TextMark } from '../../reports/pdf/pages.ts';
import { documentPdf, needsWide } from '../../reports/pdf/pdf.ts';
import { needsWideFont, openFont, setText } from '../../reports/pdf/typeface.ts';
import { statementDocument } from '../../reports/statement/document.ts';
import type { Statement } from '../../reports/statement/statement.ts';
import { holds } from '../support/property.ts';
import { randomAccount, StatedActor } from '../support/statement.ts';

const fontFolder = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
const wide = openFont(readFileSync(join(fontFolder, 'ttf/DejaVuSans.ttf')));
const noPause = async () => undefined;
const pdfOf = (document: Document) =>
  documentPdf(document, { wide: needsWide(document) ? wide : undefined, pause: noPause });

/** Every letter half as wide as high: places can be worked out by hand. */
const typesetter = {
  wide: undefined,
  measure: (_: string, size: number, text: string) => (size / 2) * text.length,
};

const emptyDocument: Document = {
  title: '',
  subtitle: '',
  running: '',
  lists: [],
  tables: [],
  notes: [],
  asOf: '2026-01-01T00:00:00.000Z',
};

const isText = (mark: Mark): mark is TextMark => 'text' in mark;

async function longStatement(movements: number): Promise<Statement> {
  const statement = await (await randomAccount(2, 150)).statement();
  const repeated = Array.from(
    { length: movements },
    (_, index) => statement.movements[index % statement.movements.length] as Statement['movements'][number],
  );
  return { ...statement, movements: repeated };
}

/** Objects and texts of a file, read without the library that wrote it. */
function readPdf(bytes: Uint8Array): { raw: string; texts: string[]; pages: number } {
  const raw = Buffer.from(bytes).toString('latin1');
  const texts: string[] = [];
  for (const { 1: body = '' } of raw.matchAll(/stream\n([\s\S]*?)\nendstream/g)) {
    const content = inflated(Buffer.from(body, 'latin1'));
    for (const { 1: shown = '' } of content?.matchAll(/\(((?:[^\\)]|\\.)*)\) Tj/g) ?? []) {
      texts.push(shown.replace(/\\(.)/g, '$1'));
    }
  }
  return { raw, texts, pages: raw.match(/\/Type \/Page\b/g)?.length ?? 0 };
}

function inflated(body: Buffer): string | undefined {
  try {
    return inflateSync(body).toString('latin1');
  } catch {
    return undefined;
  }
}

describe('lines', () => {
  const widthOf = (text: string) => text.length;

  it('are cut between words, and within one only where it is wider than a line', () => {
    expect(wrapText('one two three', 8, widthOf)).toEqual(['one two', 'three']);
    expect(wrapText('one', 8, widthOf)).toEqual(['one']);
    expect(wrapText('', 8, widthOf)).toEqual(['']);
    expect(wrapText('a verylongwordindeed b', 6, widthOf)).toEqual(['a', 'verylo', 'ngword', 'indeed', 'b']);
    expect(wrapText('😀😀😀', 4, widthOf)).toEqual(['😀😀', '😀']);
    expect(wrapText('😀', 1, widthOf)).toEqual(['😀']);
  });

  it('of figures are cut between groups of digits', () => {
    expect(wrapFigure('123,456,789.12345678', 14, widthOf)).toEqual(['123,456,', '789.12345678']);
  });

  it('lose nothing and are not too wide', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '😀'), maxLength: 60 });
    const property = fc.property(text, fc.integer({ min: 2, max: 12 }), (whole, width) => {
      const lines = wrapText(whole, width, widthOf);
      expect(lines.join('').replaceAll(' ', '')).toBe(whole.replaceAll(' ', ''));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    });
    holds(property, { seed: 20_262, runs: 500 });
  });
});

describe('letters', () => {
  it('are those of the built-in fonts where these have them', () => {
    expect(setText('Überweisung – 5 €', 'bold', wide)).toEqual([{ face: 'bold', text: 'Überweisung – 5 €' }]);
  });

  it('come from the wide font where the built-in ones lack them, and are named where both do', () => {
    expect(setText('Иванов', 'regular', wide)).toEqual([{ face: 'wide', text: 'Иванов' }]);
    expect(setText('Łódź 張', 'regular', wide)).toEqual([{ face: 'wide', text: 'Łódź [U+5F35]' }]);
    expect(setText('a 張', 'regular', wide)).toEqual([{ face: 'regular', text: 'a [U+5F35]' }]);
    expect(setText('Иван', 'regular', undefined)).toEqual([
      { face: 'regular', text: '[U+0418][U+0432][U+0430][U+043D]' },
    ]);
  });

  /** The characters as they are drawn, from left to right. */
  const drawn = (text: string) =>
    setText(text, 'regular', wide)
      .flatMap((piece) => wide.layout(piece.text).glyphs.flatMap(({ codePoints }) => codePoints))
      .map((codePoint) => String.fromCodePoint(codePoint).replace('\u00a0', ' '))
      .join('');

  it.each([
    ['שלום עולם', 'םלוע םולש'],
    ['fee 1.5 · שלום (עולם) 123 test', 'fee 1.5 · 123 (םלוע) םולש test'],
    ['رقم ٤٧١١ من', 'نم ٤٧١١ مقر'],
    ['نامه ۱۲۳', '۱۲۳ همان'],
  ])('that run from right to left are drawn so, and figures among them are not: %s', (text, expected) => {
    expect(drawn(text)).toBe(expected);
  });

  it('stand in the order of the Unicode Bidirectional Algorithm whatever they are mixed with', () => {
    const bidi = bidiFactory();
    const unit = fc.constantFrom(
      'א',
      'ב',
      'ج',
      'Ж',
      'b',
      ' ',
      '1',
      '2',
      '٤',
      '۵',
      '(',
      ')',
      '-',
      '.',
      '·',
      '%',
    );
    const property = fc.property(fc.string({ unit, minLength: 1, maxLength: 24 }), (text) => {
      fc.pre(needsWideFont(text));
      const levels = bidi.getEmbeddingLevels(text, 'ltr');
      // What is cut into lines has no space at its end, where the algorithm has a rule of its own.
      fc.pre(text === text.trim());
      expect(drawn(text)).toBe(bidi.getReorderedString(text, levels));
    });
    holds(property, { seed: 20_264, runs: 500 });
  });

  it('of a text with several runs stand side by side', () => {
    const page = layoutDocument({ ...emptyDocument, subtitle: 'a שלום b' }, { ...typesetter, wide })[0] ?? [];
    const pieces = page.filter(isText).filter(({ face }) => face === 'wide');
    expect(pieces).toHaveLength(3);
    pieces.reduce((left, { x, text, size }) => {
      expect(x).toBeCloseTo(left);
      return left + (size / 2) * text.length;
    }, MARGIN);
  });
});

describe('the pages of a statement', () => {
  it('have their heads, their numbers, and all between the margins', async () => {
    const document = statementDocument(await longStatement(200));
    const pages = layoutDocument(document, typesetter);
    expect(pages.length).toBeGreaterThan(4);
    pages.forEach((page, index) => {
      const texts = page.filter(isText);
      expect(texts.map(({ text }) => text)).toContain(`Page ${index + 1} of ${pages.length}`);
      if (index > 0) expect(texts[0]?.text).toBe(document.running);
      for (const { x, y, text, size } of texts) {
        expect(x).toBeGreaterThanOrEqual(MARGIN);
        expect(x + (size / 2) * text.length).toBeLessThanOrEqual(PAGE_WIDTH - MARGIN + 0.01);
        expect(y).toBeGreaterThanOrEqual(MARGIN);
        expect(y + size).toBeLessThanOrEqual(PAGE_HEIGHT - MARGIN + 0.01);
      }
    });
    const heads = pages.map(
      (page) => page.filter(isText).filter(({ text }) => text === 'Recorded (UTC)').length,
    );
    const withMovements = pages.map((page) =>
      page.filter(isText).some(({ text }) => /^\d{4}-\d\d-\d\d \d\d:/.test(text)),
    );
    expect(heads).toEqual(withMovements.map((has) => (has ? 1 : 0)));
  });

  it('have every movement once and in order, each whole on its page', async () => {
    const statement = await longStatement(150);
    const pages = layoutDocument(statementDocument(statement), typesetter);
    const rows = pages.flatMap((page) => {
      const texts = page.filter(isText);
      const times = texts.filter(({ text }) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(text));
      return times.map(({ y, text }) => ({
        text,
        beside: texts.filter((other) => other.y === y).map((other) => other.text),
      }));
    });
    expect(rows).toHaveLength(statement.movements.length);
    statement.movements.forEach(({ recordedAt, amount, balance }, index) => {
      const row = rows[index];
      expect(row?.text).toBe(recordedAt.replace('T', ' ').replace('Z', ''));
      expect(row?.beside).toContain(figureText(amount, 2));
      expect(row?.beside).toContain(figureText(balance, 2));
    });
  });

  it('let figures end at the same place', async () => {
    const statement = await longStatement(30);
    const [page = []] = layoutDocument(statementDocument(statement), typesetter);
    const amounts = new Set(statement.movements.map(({ amount }) => amount));
    const others = statement.movements.filter(({ balance }) => !amounts.has(balance));
    const balances = new Set(others.map(({ balance }) => figureText(balance, 2)));
    const shown = page.filter(isText).filter(({ text, size }) => size === 8 && balances.has(text));
    expect(shown.length).toBeGreaterThan(10);
    const ends = shown.map(({ x, text, size }) => (x + (size / 2) * text.length).toFixed(3));
    expect(new Set(ends)).toEqual(new Set([(PAGE_WIDTH - MARGIN - 3).toFixed(3)]));
  });

  it('hold texts of any length', async () => {
    const actor = new StatedActor();
    const customerId = 'W'.repeat(64);
    await actor.run('OpenAccount', { customerId, accountType: 'INDIVIDUAL', currency: 'USD' });
    await actor.run('DepositFunds', { amount: '999999999999999', reference: 'W'.repeat(256) });
    const [page = []] = layoutDocument(statementDocument(await actor.statement()), typesetter);
    const texts = page.filter(isText);
    for (const { x, text, size } of texts) {
      expect(x + (size / 2) * text.length).toBeLessThanOrEqual(PAGE_WIDTH - MARGIN + 0.01);
    }
    const letters = texts.map(({ text }) => /^W+$/.exec(text)?.[0].length ?? 0);
    expect(letters.reduce((sum, length) => sum + length, 0)).toBe(256 + 64);
  });

  it('hold a name of the account of any length at the head of each', async () => {
    const document = {
      ...statementDocument(await longStatement(200)),
      running: `Account ${'W'.repeat(200)}`,
    };
    for (const page of layoutDocument(document, typesetter).slice(1)) {
      const heads = page.filter(isText).filter(({ text }) => text.includes('WW'));
      expect(heads.map(({ text }) => text).join('')).toContain('W'.repeat(200));
      for (const { x, text, size } of heads)
        expect(x + (size / 2) * text.length).toBeLessThanOrEqual(PAGE_WIDTH - MARGIN + 0.01);
    }
  });
});

describe('the file of a statement', () => {
  it('is a whole PDF that says every balance', async () => {
    const statement = await longStatement(120);
    const { raw, texts, pages } = readPdf(await pdfOf(statementDocument(statement)));
    expect(raw.startsWith('%PDF-1.7\n')).toBe(true);
    expect(raw.endsWith('%%EOF\n')).toBe(true);
    expect(pages).toBeGreaterThan(3);
    const at = Number(/startxref\n(\d+)\n/.exec(raw)?.[1]);
    expect(raw.slice(at, at + 5)).toBe('xref\n');
    const offsets = Array.from(raw.slice(at).matchAll(/^(\d{10}) 00000 n/gm), ([, offset]) => Number(offset));
    offsets.forEach((offset, index) => {
      const head = `${index + 1} 0 obj`;
      expect(raw.slice(offset, offset + head.length)).toBe(head);
    });
    const balances = statement.movements.map(({ balance }) => figureText(balance, 2));
    const counts = (list: readonly string[]) =>
      balances.map((balance) => list.filter((text) => text === balance).length);
    const needed = counts(balances);
    counts(texts).forEach((count, index) => {
      expect(count).toBeGreaterThanOrEqual(needed[index] as number);
    });
  });

  it('is the same to the byte whenever it is made, wide letters included', async () => {
    const actor = await randomAccount(3, 80);
    for (const reference of ['Иванов', 'محمد علي', '張偉'])
      await actor.run('DepositFunds', { amount: '1', reference });
    const document = statementDocument(await actor.statement());
    expect(needsWide(document)).toBe(true);
    const first = await pdfOf(document);
    vi.useFakeTimers({ now: Date.parse('2099-12-31T23:59:59Z'), toFake: ['Date'] });
    try {
      await pdfOf(statementDocument(await (await randomAccount(4, 50)).statement()));
      expect(Buffer.compare(await pdfOf(document), first)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(Buffer.from(first).toString('latin1')).toContain(
      `(D:${document.asOf.slice(0, 19).replace(/[-T:]/g, '')}Z)`,
    );
  });

  it('gives others their turn while it is made', async () => {
    let turns = 0;
    const pause = async () => {
      turns++;
    };
    await documentPdf(statementDocument(await longStatement(400)), { wide: undefined, pause });
    expect(turns).toBeGreaterThan(2);
  });
});
