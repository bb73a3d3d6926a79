/**
 * Reads invoices from the UCI Online Retail data set (CSV, or CSV.gz), as a stream. A row is a line of an invoice; the rows
 * of an invoice follow each other.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { DECIMALS, Exact, plain } from '../exact.ts';
import {
  type Invoice,
  InvoiceError,
  type InvoiceKind,
  type InvoiceLine,
  type InvoiceSource,
} from './invoice.ts';

/** A row has some hundred characters: one above this is a file of another kind. */
const ROW_CHARACTERS_MAX = 65_536;

/** Characters of an id (contract). */
const ID_LENGTH_MAX = 64;

/** Characters kept of a description. */
const NAME_LENGTH_MAX = 200;

/** Enough of a strange header to recognise the file by. */
const HEADER_SHOWN_MAX = 200;

/** Column names of the data set's editions, in lower case. */
const COLUMNS = {
  invoice: ['invoiceno', 'invoice'],
  product: ['stockcode'],
  name: ['description'],
  quantity: ['quantity'],
  at: ['invoicedate'],
  price: ['unitprice', 'price'],
  customer: ['customerid', 'customer id'],
  country: ['country'],
} as const;

type Column = keyof typeof COLUMNS;

/** A row, taken apart and not yet judged. */
type Row = Readonly<Record<Column, string>>;

const WHOLE = /^-?\d{1,9}$/;
const DECIMAL = /^-?\d{1,15}(\.\d+)?$/;
const ISO_MINUTE = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/;
const US_MINUTE = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/;

/** The invoices in `file`. Iterating throws an {@link InvoiceError} on what cannot be read; iterate once. */
export function openInvoices(file: string): InvoiceSource {
  return new InvoiceFile(file);
}

class InvoiceFile implements InvoiceSource {
  readonly name: string;
  rows = 0;
  skipped = 0;
  readonly #file: string;
  /** How often a number has begun an invoice: rows of one that do not follow each other make a second one. */
  readonly #parts = new Map<string, number>();

  constructor(file: string) {
    this.name = basename(file);
    this.#file = file;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Invoice> {
    const parser = parse({
      bom: true,
      max_record_size: ROW_CHARACTERS_MAX,
      skip_empty_lines: true,
      trim: true,
    });
    const source = createReadStream(this.#file);
    const stages = this.#file.endsWith('.gz') ? [createGunzip(), parser] : [parser];
    // A failure of any stage destroys the parser with it and so reaches the loop below, where it gets its words.
    pipeline([source, ...stages]).catch(() => undefined);
    try {
      yield* this.#invoices(parser as AsyncIterable<readonly string[]>);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async *#invoices(records: AsyncIterable<readonly string[]>): AsyncGenerator<Invoice> {
    let columns: Record<Column, number> | undefined;
    let rows: Row[] = [];
    for await (const record of records) {
      if (columns === undefined) {
        columns = findColumns(record);
        continue;
      }
      const row = takeApart(columns, record);
      this.rows += 1;
      if (rows.length > 0 && rows[0]?.invoice !== row.invoice) {
        yield* this.#invoice(rows);
        rows = [];
      }
      rows.push(row);
    }
    if (columns === undefined) throw new InvoiceError('the file is empty');
    yield* this.#invoice(rows);
  }

  *#invoice(rows: readonly Row[]): Generator<Invoice> {
    const [first] = rows;
    if (first === undefined) return;
    const line = this.rows - rows.length + 2;
    const lines = rows.flatMap((row, index) => {
      try {
        return readLine(row) ?? [];
      } catch (error) {
        throw new InvoiceError(`line ${line + index}: ${(error as Error).message}`);
      }
    });
    this.skipped += rows.length - lines.length;
    if (lines.length === 0) return;
    const part = (this.#parts.get(first.invoice) ?? 0) + 1;
    this.#parts.set(first.invoice, part);
    const number = idOf(part === 1 ? first.invoice : `${first.invoice}-${part}`);
    const at = readTime(first.at);
    if (number === undefined) throw new InvoiceError(`line ${line}: "${first.invoice}" is no invoice number`);
    if (at === undefined) throw new InvoiceError(`line ${line}: "${first.at}" is no date`);
    // Some editions write ids as floating point numbers.
    const customerId = idOf(first.customer.replace(/\.0$/, ''));
    const kind = kindOf(number, customerId, lines);
    yield { number, kind, customerId, country: first.country || 'Unspecified', at, lines };
  }

  #explain(error: unknown): Error {
    const where = (message: string) => new InvoiceError(`${this.#file}: ${message}`);
    if (error instanceof InvoiceError) return where(error.message);
    if (error instanceof CsvError) return where(`line ${error.lines}: ${error.message}`);
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'ENOENT') return where('there is no such file');
    return where(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function findColumns(header: readonly string[]): Record<Column, number> {
  const names = header.map((name) => name.toLowerCase());
  const found = Object.entries(COLUMNS).map(([column, known]) => {
    const index = names.findIndex((name) => (known as readonly string[]).includes(name));
    if (index >= 0) return [column, index];
    const shown = header.join(', ').slice(0, HEADER_SHOWN_MAX);
    throw new InvoiceError(`no column ${known.join(' or ')}; the header has: ${shown}`);
  });
  return Object.fromEntries(found);
}

function takeApart(columns: Record<Column, number>, record: readonly string[]): Row {
  const fields = Object.entries(columns).map(([column, index]) => [column, record[index] ?? '']);
  return Object.fromEntries(fields);
}

/** The line of a row, or undefined where it sells nothing. Throws where it cannot be read. */
function readLine({ product, name, quantity, price }: Row): InvoiceLine | undefined {
  const productId = idOf(product);
  if (productId === undefined) throw new Error(`"${product}" is no stock code`);
  if (!WHOLE.test(quantity)) throw new Error(`the quantity "${quantity}" is no whole number`);
  if (!DECIMAL.test(price)) throw new Error(`the price "${price}" is no number`);
  const unitPrice = new Exact(price);
  if (unitPrice.decimalPlaces() > DECIMALS)
    throw new Error(`the price ${price} has more than ${DECIMALS} decimals`);
  if (Number(quantity) === 0 || unitPrice.isNegative()) return undefined;
  return { productId, name: nameOf(name), quantity: Number(quantity), unitPrice: plain(unitPrice.abs()) };
}

/** A text of the file as an id of the platform: what ids may not have becomes `_`. */
function idOf(text: string): string | undefined {
  const id = text.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, ID_LENGTH_MAX);
  return id === '' ? undefined : id;
}

/** Descriptions came through several character sets: what was lost on the way is left out. */
function nameOf(text: string): string {
  return text
    .replace(/[\p{Cc}\ufffd]/gu, '')
    .trim()
    .slice(0, NAME_LENGTH_MAX);
}

function kindOf(number: string, customerId: string | undefined, lines: readonly InvoiceLine[]): InvoiceKind {
  if (number.startsWith('C')) return 'CREDIT';
  // Nobody's invoice for nothing is how the shop wrote down what was found, broken or lost.
  const isFree = lines.every(({ unitPrice }) => unitPrice === '0');
  return isFree && customerId === undefined ? 'ADJUSTMENT' : 'SALE';
}

/** The file's times have no zone; they are taken for UTC. */
function readTime(text: string): string | undefined {
  const iso = ISO_MINUTE.exec(text)?.slice(1);
  const us = US_MINUTE.exec(text)?.slice(1);
  const [year, month, day, hour, minute, second = '0'] =
    us === undefined ? (iso ?? []) : [us[2 + 0], us[0], us[1], us[3], us[4]];
  if (year === undefined) return undefined;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = new Date(
    Date.UTC(fields[0], fields[1] - 1, ...(fields.slice(2) as [number, number, number, number])),
  );
  // Date.UTC rolls 30 February over to March.
  const isReal = time.getUTCMonth() === fields[1] - 1 && time.getUTCDate() === fields[2];
  return isReal ? time.toISOString() : undefined;
}
