/** Reads a tape of trades from CSV or gzipped CSV, as a stream: a tape of millions of trades needs no memory. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { DECIMALS, Exact, plain } from './exact.ts';
import { TapeError } from './tapeError.ts';
import { mapHeader, type TapeLayout, type TapeOptions } from './tapeLayout.ts';

export { TapeError } from './tapeError.ts';
export { TAPE_FLAGS, type TapeOptions, tapeOptions } from './tapeLayout.ts';

/** One trade of the tape: real, and not yet anybody's. */
export interface TapeTrade {
  readonly symbol: string;
  /** Decimal, at most 8 places. */
  readonly price: string;
  /** Decimal, at most 8 places. */
  readonly quantity: string;
  /** RFC 3339 in UTC, to the millisecond; undefined where the tape has no time. */
  readonly executedAt: string | undefined;
  /** The taker's side, where the tape tells. */
  readonly side?: 'BUY' | 'SELL';
}

/** Trades in the tape's order. The counters tell about what has been read so far. */
export interface Tape extends AsyncIterable<TapeTrade> {
  /** For people: where the trades are from. */
  readonly name: string;
  /** Rows read, skipped ones included, the header not. */
  readonly rows: number;
  /** Rows without a price or a size, which venues send as corrections: counted and left out. */
  readonly skipped: number;
}

/** A row of real market data has some hundred characters: one above this is a file of another kind. */
const ROW_CHARACTERS_MAX = 65_536;

/** Digits before the point that the contract takes. */
const INTEGER_DIGITS_MAX = 15;

const NUMBER = /^\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._/-]{0,31}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const SIDES: Readonly<Record<string, 'BUY' | 'SELL'>> = { BUY: 'BUY', B: 'BUY', SELL: 'SELL', S: 'SELL' };

/**
 * The tape in `file`, CSV with a header, gzipped if its name ends in `.gz`. Columns are recognised by their names or
 * mapped by `options`. Iterating throws a {@link TapeError} on a file, column or row that cannot be read; iterate once.
 */
export function openTape(file: string, options: TapeOptions = {}): Tape {
  return new CsvTape(file, options);
}

class CsvTape implements Tape {
  readonly name: string;
  rows = 0;
  skipped = 0;
  readonly #file: string;
  readonly #options: TapeOptions;
  #layout: TapeLayout | undefined;

  constructor(file: string, options: TapeOptions) {
    this.name = basename(file);
    this.#file = file;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TapeTrade> {
    const parser = parse({
      bom: true,
      max_record_size: ROW_CHARACTERS_MAX,
      // The typings let a row without named columns become a row only; the parser passes on whatever it becomes.
      on_record: (row, { lines }) => this.#read(row, lines) as unknown as string[] | null,
      skip_empty_lines: true,
      trim: true,
    });
    const source = createReadStream(this.#file);
    const stages = this.#file.endsWith('.gz') ? [createGunzip(), parser] : [parser];
    // A failure of any stage destroys the parser with it and so reaches the loop below, where it gets its words.
    pipeline([source, ...stages]).catch(() => undefined);
    try {
      yield* parser as AsyncIterable<TapeTrade>;
    } catch (error) {
      throw this.#explain(error);
    }
    if (this.#layout === undefined) throw new TapeError(`${this.#file}: the file is empty`);
  }

  #read(row: readonly string[], line: number): TapeTrade | null {
    if (this.#layout === undefined) {
      this.#layout = mapHeader(this.#file, row, this.#options);
      return null;
    }
    this.rows += 1;
    try {
      const trade = readTrade(this.#layout, row);
      if (trade === undefined) this.skipped += 1;
      return trade ?? null;
    } catch (error) {
      if (error instanceof TapeError) throw new TapeError(`${this.#file}, line ${line}: ${error.message}`);
      throw error;
    }
  }

  #explain(error: unknown): Error {
    if (error instanceof TapeError) return error;
    if (error instanceof CsvError)
      return new TapeError(`${this.#file}, line ${error.lines}: ${error.message}`);
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'ENOENT') return new TapeError(`${this.#file}: there is no such file`);
    return new TapeError(
      `${this.#file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The trade of a row, or undefined where price or size is zero. */
function readTrade(layout: TapeLayout, row: readonly string[]): TapeTrade | undefined {
  const price = readNumber('price', row[layout.price.index] ?? '', layout.price.factor);
  const quantity = readNumber('quantity', row[layout.quantity.index] ?? '', layout.quantity.factor);
  if (price === '0' || quantity === '0') return undefined;
  const trade = { symbol: readSymbol(layout, row), price, quantity, executedAt: readTime(layout, row) };
  return layout.side === undefined ? trade : { ...trade, side: readSide(row[layout.side] ?? '') };
}

/** Exact, whatever the notation: an exponent or a scale only moves the point. */
function readNumber(what: string, text: string, factor: Exact): string {
  if (!NUMBER.test(text)) throw new TapeError(`the ${what} "${text}" is no positive number`);
  const value = new Exact(text).times(factor);
  if (value.decimalPlaces() > DECIMALS) {
    throw new TapeError(`the ${what} ${text} has more than ${DECIMALS} decimals`);
  }
  const number = plain(value);
  const point = number.indexOf('.');
  if ((point < 0 ? number.length : point) > INTEGER_DIGITS_MAX) {
    throw new TapeError(`the ${what} ${text} has more than ${INTEGER_DIGITS_MAX} digits before the point`);
  }
  return number;
}

function readSymbol(layout: TapeLayout, row: readonly string[]): string {
  if (typeof layout.symbol === 'string') return layout.symbol;
  const symbol = (row[layout.symbol] ?? '').toUpperCase();
  if (!SYMBOL.test(symbol)) throw new TapeError(`"${symbol}" is no symbol`);
  return symbol;
}

function readSide(text: string): 'BUY' | 'SELL' {
  const side = SIDES[text.toUpperCase()];
  if (side === undefined) throw new TapeError(`the side "${text}" is neither BUY nor SELL`);
  return side;
}

function readTime(layout: TapeLayout, row: readonly string[]): string | undefined {
  if (layout.time === undefined) return undefined;
  const text = row[layout.time] ?? '';
  if (layout.milliseconds !== undefined) {
    const ms = row[layout.milliseconds] ?? '';
    const time = /^\d{1,8}$/.test(ms) ? layout.newYork(text, Number(ms)) : undefined;
    if (time === undefined)
      throw new TapeError(`"${text}" and "${ms}" are no New York date and milliseconds`);
    return time;
  }
  const epoch = /^\d+$/.test(text) ? epochMilliseconds(text) : undefined;
  const milliseconds = epoch ?? (RFC3339.test(text) && isRealDay(text) ? Date.parse(text) : Number.NaN);
  if (Number.isNaN(milliseconds)) {
    throw new TapeError(
      `"${text}" is neither an RFC 3339 time nor seconds, milliseconds or microseconds since 1970`,
    );
  }
  return new Date(milliseconds).toISOString();
}

/** Date.parse rolls 30 February over to March. */
function isRealDay(text: string): boolean {
  const day = text.slice(0, 10);
  return Number(day.slice(8)) <= 28 || new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** Seconds, milliseconds or microseconds since 1970, told apart by their digits: right from 2001 to 2286. */
function epochMilliseconds(digits: string): number | undefined {
  if (digits.length === 10) return Number(digits) * 1_000;
  if (digits.length === 13) return Number(digits);
  if (digits.length === 16) return Math.floor(Number(digits) / 1_000);
  return undefined;
}
