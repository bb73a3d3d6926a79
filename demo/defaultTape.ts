/**
 * The tape of a demonstration without a file: real prices from the npm package `vega-datasets`, which is installed with
 * the repository, so that it needs no network.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { Exact, plain } from './exact.ts';
import { newYorkClock } from './newYorkTime.ts';
import { type Random, seededRandom } from './random.ts';
import type { Tape, TapeTrade } from './tape.ts';

/** A trading day and what is known of it: some real prices per symbol, in the order in which they happened if known. */
interface Day {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly prices: ReadonlyMap<string, readonly string[]>;
}

/** New York's session, 09:30 to 16:00, in milliseconds after midnight. */
const SESSION_START_MS = 9.5 * 3_600_000;
const SESSION_MS = 6.5 * 3_600_000;

/** A lot as people trade it: 1 to 500 shares. */
const SHARES_MAX = 500;

/** Part of the trades in fractions of a share, as brokers offer them: six decimals exercise the rounding rules. */
const FRACTIONAL_SHARE = 0.15;

const MICRO_SHARES = 1_000_000;

/**
 * `trades` trades at real prices, the same for the same seed. The days are those on which the S&P 500 traded from
 * 2000-01-03 to 2010-03-31. A day offers the index's four prices of that day (SPX: open, high, low, close), the price of
 * its month for AAPL, AMZN, GOOG, IBM and MSFT (the data has one a month; GOOG from August 2004), and from 2009-06-01 to
 * 2009-07-31 the day's four prices of the volatility index (VIX). The trades are spread evenly over the days in order of
 * time: fewer trades than days skip days, more repeat a day's prices, so any number of trades passes over the whole
 * period once. Symbols, prices of the day and quantities are drawn from the seed; no price is made up. Sides are open.
 */
export function defaultTape(trades: number, seed: number): Tape {
  return new DefaultTape(trades, seed);
}

class DefaultTape implements Tape {
  readonly name = 'S&P 500, five stocks and the VIX, 2000-2010 (vega-datasets)';
  rows = 0;
  readonly skipped = 0;
  readonly #trades: number;
  readonly #random: Random;

  constructor(trades: number, seed: number) {
    this.#trades = trades;
    this.#random = seededRandom(seed);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TapeTrade> {
    const days = readDays();
    const clock = newYorkClock();
    for (const [index, day] of days.entries()) {
      const before = Math.floor((index * this.#trades) / days.length);
      const count = Math.floor(((index + 1) * this.#trades) / days.length) - before;
      const symbols = [...day.prices.keys()];
      for (let n = 0; n < count; n++) {
        const symbol = this.#random.pick(symbols);
        const executedAt = clock(day.date, SESSION_START_MS + Math.floor((SESSION_MS * n) / count));
        this.rows += 1;
        yield {
          symbol,
          price: this.#random.pick(day.prices.get(symbol) ?? []),
          quantity: this.#quantity(),
          executedAt,
        };
      }
    }
  }

  #quantity(): string {
    const shares = 1 + this.#random.integer(SHARES_MAX);
    if (!this.#random.chance(FRACTIONAL_SHARE)) return String(shares);
    return plain(new Exact(1 + this.#random.integer(shares * MICRO_SHARES)).div(MICRO_SHARES));
  }
}

function readDays(): Day[] {
  const folder = join(createRequire(import.meta.url).resolve('vega-datasets'), '..', '..', 'data');
  const stocks = readStocks(join(folder, 'stocks.csv'));
  const vix = readVix(join(folder, 'ohlc.json'));
  const lastMonth = [...stocks.keys()].sort().at(-1) ?? '';
  const days: Day[] = [];
  for (const [day, open, high, low, close] of readRows(join(folder, 'sp500-2000.csv'))) {
    const date = (day ?? '').replaceAll('-', '');
    const month = date.slice(0, 6);
    if (month > lastMonth) break;
    const prices = new Map(stocks.get(month));
    prices.set('SPX', [open, high, low, close].map(canonical));
    const volatility = vix.get(date);
    if (volatility !== undefined) prices.set('VIX', volatility);
    days.push({ date, prices });
  }
  if (days.length === 0) throw new Error(`${folder} has no days of trading: run npm ci`);
  return days;
}

/** `YYYYMM` → symbol → the month's price. */
function readStocks(file: string): Map<string, Map<string, readonly string[]>> {
  const months = new Map<string, Map<string, readonly string[]>>();
  for (const [symbol = '', date = '', price] of readRows(file)) {
    const month = new Date(`${date} UTC`).toISOString().slice(0, 7).replace('-', '');
    const prices = months.get(month) ?? new Map<string, readonly string[]>();
    months.set(month, prices.set(symbol, [canonical(price)]));
  }
  return months;
}

/** `YYYYMMDD` → the day's prices. */
function readVix(file: string): Map<string, readonly string[]> {
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Record<
    'date' | 'open' | 'high' | 'low' | 'close',
    unknown
  >[];
  return new Map(
    rows.map(({ date, open, high, low, close }) => [
      String(date).replaceAll('-', ''),
      [open, high, low, close].map((price) => canonical(String(price))),
    ]),
  );
}

/** The rows below the header. The files are ours to rely on: the package's version is pinned. */
function readRows(file: string): string[][] {
  return (parse(readFileSync(file)) as string[][]).slice(1);
}

/** The same price without trailing zeros. */
function canonical(price: string | undefined): string {
  return plain(new Exact(price ?? ''));
}
