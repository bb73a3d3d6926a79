import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultTape } from '../../demo/defaultTape.ts';
import { newYorkClock } from '../../demo/newYorkTime.ts';
import { seededRandom } from '../../demo/random.ts';
import {
  openTape,
  TAPE_FLAGS,
  TapeError,
  type TapeOptions,
  type TapeTrade,
  tapeOptions,
} from '../../demo/tape.ts';

const DATA = new URL('../../../shared/data/', import.meta.url).pathname;
const IBM = `${DATA}equity-ticks/ibm_trades_20131007-20131011.csv.gz`;
const CRYPTO = `${DATA}crypto/coinbase_btcusd_trades_20230905.csv.gz`;
const hasData = existsSync(IBM) && existsSync(CRYPTO);
if (!hasData) console.warn(`SKIPPED: ${DATA} is missing, the tape reader is not tried on real files`);

const folder = mkdtempSync(join(tmpdir(), 'folio-tape-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Buffer, name = 'tape.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options?: TapeOptions): Promise<TapeTrade[]> {
  return Array.fromAsync(openTape(path, options));
}

describe('openTape', () => {
  it('recognises the columns of equity ticks: symbol from the name, scaled price, New York time', async () => {
    const content =
      'date,ms,price_e4,size,exchange\n20131007,14430270,1815200,283,P\n20131007,34200000,1,1,P\n';
    const path = file(gzipSync(content), 'ibm_trades_20131007.csv.gz');
    expect(await read(path)).toEqual([
      { symbol: 'IBM', price: '181.52', quantity: '283', executedAt: '2013-10-07T08:00:30.270Z' },
      { symbol: 'IBM', price: '0.0001', quantity: '1', executedAt: '2013-10-07T13:30:00.000Z' },
    ]);
  });

  it('recognises crypto trades: quoted fields, exponents, microseconds', async () => {
    const path = file(
      '\uFEFF"symbol","side","price","amount","timestamp"\r\n' +
        '"BTC-USD","sell",25741.02,3.844E-5,"2023-09-05T16:00:01.281719Z"\r\n',
    );
    const executedAt = '2023-09-05T16:00:01.281Z';
    expect(await read(path)).toEqual([
      { symbol: 'BTC-USD', side: 'SELL', price: '25741.02', quantity: '0.00003844', executedAt },
    ]);
  });

  it('takes columns, scales and the symbol from options', async () => {
    const path = file('when,px cents,lot,dir\n1430438406337,23647,178855669,b\n');
    const options = {
      symbol: 'btc-usd',
      columns: { price: 'px cents', quantity: 'lot', time: 'when', side: 'dir' },
      scales: { price: 2, quantity: 8 },
    };
    const executedAt = '2015-05-01T00:00:06.337Z';
    expect(await read(path, options)).toEqual([
      { symbol: 'BTC-USD', side: 'BUY', price: '236.47', quantity: '1.78855669', executedAt },
    ]);
  });

  it('converts every notation exactly', async () => {
    const numbers: Record<string, string> = {
      '0.10000000000': '0.1',
      '123456789012345.12345678': '123456789012345.12345678',
      '6.8581834E7': '68581834',
      '1e-8': '0.00000001',
      '007.50': '7.5',
    };
    const path = file(
      `symbol,price,size\n${Object.keys(numbers)
        .map((price) => `A,${price},1\n`)
        .join('')}`,
    );
    expect((await read(path)).map(({ price }) => price)).toEqual(Object.values(numbers));
  });

  it('leaves time and side out where the file has none, or is told to', async () => {
    const trade = { symbol: 'A', price: '1', quantity: '2', executedAt: undefined };
    expect(await read(file('symbol,price,size\nA,1,2\n'))).toEqual([trade]);
    const path = file('ticker,price,size,date,side\nA,1,2,yesterday,up\n');
    expect(await read(path, { columns: { time: 'none', side: 'none' } })).toEqual([trade]);
  });

  it('skips and counts rows without a price or a size', async () => {
    const tape = openTape(file('symbol,price,size\nA,0,2\nA,1,0.0\n\nA,1,2\n'));
    expect(await Array.fromAsync(tape)).toHaveLength(1);
    expect(tape).toMatchObject({ rows: 3, skipped: 2 });
  });

  it.each([
    ['symbol,price,size\nA,1,2\nA,x,2\n', /tape\.csv, line 3: the price "x" is no positive number/],
    ['symbol,price,size\nA,1,-2\n', /line 2: the quantity "-2" is no positive number/],
    ['symbol,price,size\nA,1.123456789,2\n', /line 2: the price 1.123456789 has more than 8 decimals/],
    ['symbol,price,size\nA,1e15,2\n', /line 2: the price 1e15 has more than 15 digits before the point/],
    ['symbol,price,size\n"A\nB",1,2\n', /line 3: "A\nB" is no symbol/],
    ['symbol,price,size\nA,1\n', /line 2: Invalid Record Length/],
    ['symbol,price,size\n"A,1,2\n', /line \d: Quote Not Closed/],
    ['symbol,price,size,side\nA,1,2,hold\n', /line 2: the side "hold" is neither BUY nor SELL/],
    ['symbol,price,size,time\nA,1,2,yesterday\n', /line 2: "yesterday" is neither an RFC 3339 time/],
    ['symbol,price,size,time\nA,1,2,2013-02-30T00:00:00Z\n', /line 2: "2013-02-30T00:00:00Z" is neither/],
    ['symbol,price_e4,size,date,ms\nA,1,2,20130230,0\n', /line 2: "20130230" and "0" are no New York date/],
    [
      'symbol,cost,size\nA,1,2\n',
      /no column for the price; the header has: symbol, cost, size; .*--column-price/,
    ],
    ['symbol,price\nA,1\n', /no column for the quantity.*--column-quantity/],
    ['price,size\n1,2\n', /no column for the symbol.*--symbol/],
    ['', /tape\.csv: the file is empty/],
  ])('says what is wrong with %j', async (content, message) => {
    const path = file(content);
    await expect(read(path)).rejects.toThrow(message);
    await expect(read(path)).rejects.toBeInstanceOf(TapeError);
  });

  it('says what is wrong with a file, an option or an archive', async () => {
    await expect(read(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv: there is no such file/);
    await expect(read(folder)).rejects.toThrow(/cannot be read: EISDIR/);
    const good = file('symbol,price,size\nA,1,2\n');
    await expect(read(good, { columns: { price: 'cost' } })).rejects.toThrow(/price "cost"; the header has/);
    await expect(read(good, { symbol: 'no symbol' })).rejects.toThrow(/"no symbol" is no symbol/);
    await expect(read(file('not gzip', 'x.csv.gz'))).rejects.toThrow(
      /x\.csv\.gz: cannot be read: incorrect header/,
    );
    const cut = gzipSync('symbol,price,size\nA,1,2\n').subarray(0, -4);
    await expect(read(file(cut, 'cut.csv.gz'))).rejects.toThrow(
      /cut\.csv\.gz: cannot be read: unexpected end/,
    );
  });

  it('stops reading when its reader stops', async () => {
    const path = file(`symbol,price,size\n${'A,1,2\n'.repeat(200_000)}`);
    const tape = openTape(path);
    for await (const trade of tape) if (trade.symbol === 'A') break;
    expect(tape.rows).toBeLessThan(100_000);
  });

  it('reads its options from a command line', () => {
    const args = ['--symbol', 'SPY', '--column-price', 'price_e4', '--scale-quantity', '8'];
    expect(tapeOptions(parseArgs({ args, options: TAPE_FLAGS }).values)).toEqual({
      symbol: 'SPY',
      columns: { price: 'price_e4' },
      scales: { quantity: 8 },
    });
    expect(() => tapeOptions({ 'scale-price': '9' })).toThrow(
      /--scale-price must be a whole number from 0 to 8/,
    );
  });

  it.skipIf(!hasData)('reads the shared files as they are', async () => {
    const ibm = await read(IBM);
    expect(ibm).toHaveLength(126_395);
    expect(ibm.at(-1)).toMatchObject({
      symbol: 'IBM',
      price: '186.19',
      executedAt: '2013-10-11T23:52:28.922Z',
    });
    const crypto = await read(CRYPTO);
    expect(crypto).toHaveLength(5_882);
    expect(crypto.filter(({ side }) => side === 'SELL')).toHaveLength(2_417);
    expect(crypto.every(({ quantity }) => /^\d+(\.\d{1,8})?$/.test(quantity))).toBe(true);
  });
});

describe('newYorkClock', () => {
  it('knows both offsets, the days between them and what is no time', () => {
    const clock = newYorkClock();
    expect(clock('20131007', 34_200_000)).toBe('2013-10-07T13:30:00.000Z');
    expect(clock('20131104', 34_200_000)).toBe('2013-11-04T14:30:00.000Z');
    // 3 November 2013: 01:30 comes twice and its first is meant, 02:30 is winter time.
    expect(clock('20131103', 5_400_000)).toBe('2013-11-03T05:30:00.000Z');
    expect(clock('20131103', 9_000_000)).toBe('2013-11-03T07:30:00.000Z');
    // 10 March 2013: summer time from 02:00 on.
    expect(clock('20130310', 5_400_000)).toBe('2013-03-10T06:30:00.000Z');
    expect(clock('20130310', 10_800_000)).toBe('2013-03-10T07:00:00.000Z');
    expect(clock('20131332', 0)).toBeUndefined();
    expect(clock('20131007', 86_400_000)).toBeUndefined();
  });
});

describe('defaultTape', () => {
  const dataFolder = join(createRequire(import.meta.url).resolve('vega-datasets'), '..', '..', 'data');

  it('yields as many trades as asked, in order of time, the same for a seed', async () => {
    for (const count of [0, 1, 700, 9_000]) {
      const trades = await Array.fromAsync(defaultTape(count, 1));
      expect(trades).toHaveLength(count);
      const times = trades.map(({ executedAt }) => executedAt ?? '');
      expect(times).toEqual([...times].sort());
    }
    const [one, same, other] = await Promise.all(
      [1, 1, 2].map((seed) => Array.fromAsync(defaultTape(300, seed))),
    );
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('has no price that the data has not for the symbol', async () => {
    const numbers = (text: string) => new Set(text.split(/[\s,:]+/).map(Number));
    const stocks = readFileSync(join(dataFolder, 'stocks.csv'), 'utf8').split('\n');
    const real = new Map(
      ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT'].map((symbol) => [
        symbol,
        numbers(stocks.filter((row) => row.startsWith(symbol)).join('\n')),
      ]),
    );
    real.set('SPX', numbers(readFileSync(join(dataFolder, 'sp500-2000.csv'), 'utf8')));
    real.set('VIX', numbers(readFileSync(join(dataFolder, 'ohlc.json'), 'utf8')));
    const trades = await Array.fromAsync(defaultTape(8_000, 3));
    expect(trades.filter(({ symbol, price }) => !real.get(symbol)?.has(Number(price)))).toEqual([]);
    expect(new Set(trades.map(({ symbol }) => symbol))).toEqual(new Set(real.keys()));
  });
});

describe('seededRandom', () => {
  it('repeats itself, stays in range and reaches all of it', () => {
    const [one, two] = [seededRandom(7), seededRandom(7)];
    const draws = Array.from({ length: 2_000 }, () => one.integer(6));
    expect(draws).toEqual(Array.from({ length: 2_000 }, () => two.integer(6)));
    expect(new Set(draws)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(() => one.pick([])).toThrow(RangeError);
  });
});
