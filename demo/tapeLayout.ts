/** Which column of a tape is what: told by the person, or recognised by the header. */
import { basename } from 'node:path';
import { DECIMALS, Exact } from './exact.ts';
import { newYorkClock } from './newYorkTime.ts';
import { TapeError } from './tapeError.ts';

/** How to read a tape whose header does not speak for itself. */
export interface TapeOptions {
  /** The symbol of every trade, for a file without such a column. */
  readonly symbol?: string;
  /** Column names. {@link NO_COLUMN} for side or time says that the file's column is not to be read. */
  readonly columns?: Partial<Record<ColumnRole, string>>;
  /** Prices and quantities that are integers in units of 10^-scale; a column named `…_e4` says so by itself. */
  readonly scales?: Partial<Record<'price' | 'quantity', number>>;
}

type ColumnRole = 'symbol' | 'price' | 'quantity' | 'side' | 'time';

/** Where a row has what. */
export interface TapeLayout {
  readonly price: ScaledColumn;
  readonly quantity: ScaledColumn;
  /** The one symbol of the tape, or the column's index. */
  readonly symbol: string | number;
  readonly side: number | undefined;
  readonly time: number | undefined;
  /** Milliseconds after New York's midnight of the date in `time`. */
  readonly milliseconds: number | undefined;
  readonly newYork: ReturnType<typeof newYorkClock>;
}

interface ScaledColumn {
  readonly index: number;
  readonly factor: Exact;
}

/** Said instead of a column's name: the file's side or time is not to be read. */
export const NO_COLUMN = 'none';

/** The options of a tape on a command line, for `parseArgs` of node:util. */
export const TAPE_FLAGS = {
  tape: { type: 'string' },
  symbol: { type: 'string' },
  'column-symbol': { type: 'string' },
  'column-price': { type: 'string' },
  'column-quantity': { type: 'string' },
  'column-side': { type: 'string' },
  'column-time': { type: 'string' },
  'scale-price': { type: 'string' },
  'scale-quantity': { type: 'string' },
} as const;

/** Header names as publishers write them, most telling first; compared in lower case and without a scale (`_e4`). */
const KNOWN_NAMES: Readonly<Record<ColumnRole, readonly string[]>> = {
  symbol: ['symbol', 'ticker', 'pair', 'instrument'],
  price: ['price', 'trade_price', 'px'],
  quantity: ['quantity', 'size', 'amount', 'volume', 'qty', 'shares'],
  side: ['side', 'direction'],
  time: ['timestamp', 'executed_at', 'executedat', 'time', 'datetime', 'date'],
};

/** Column beside a date: milliseconds after midnight in New York. */
const MILLISECONDS_NAME = 'ms';

const SCALE_SUFFIX = /_e([1-8])$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._/-]{0,31}$/;

/** Files of one symbol say it in their name: `spy_trades_20131007-20131011.csv.gz`. */
const SYMBOL_IN_NAME = /^([A-Za-z0-9.-]+)_trades_\d{8}/;

/** Enough of a strange header to recognise the file by. */
const HEADER_SHOWN_MAX = 200;

/** The tape options of parsed {@link TAPE_FLAGS}. Throws a {@link TapeError} on a scale that is none. */
export function tapeOptions(values: Partial<Record<keyof typeof TAPE_FLAGS, string>>): TapeOptions {
  const columns: Partial<Record<ColumnRole, string>> = {};
  for (const role of Object.keys(KNOWN_NAMES) as ColumnRole[]) {
    const name = values[`column-${role}`];
    if (name !== undefined) columns[role] = name;
  }
  const scales: Partial<Record<'price' | 'quantity', number>> = {};
  for (const role of ['price', 'quantity'] as const) {
    const scale = values[`scale-${role}`];
    if (scale === undefined) continue;
    if (!/^[0-8]$/.test(scale))
      throw new TapeError(`--scale-${role} must be a whole number from 0 to ${DECIMALS}`);
    scales[role] = Number(scale);
  }
  return { columns, scales, ...(values.symbol === undefined ? {} : { symbol: values.symbol }) };
}

/** Finds the columns in a header. Throws a {@link TapeError} that tells what is missing and how to say it. */
export function mapHeader(file: string, header: readonly string[], options: TapeOptions): TapeLayout {
  const names = header.map((name) => name.toLowerCase());
  const find = (role: ColumnRole) => findColumn(file, names, role, options.columns?.[role]);
  const scaled = (role: 'price' | 'quantity'): ScaledColumn => {
    const index = find(role);
    if (index === undefined) throw missing(file, header, role, `name it with --column-${role}`);
    const scale = options.scales?.[role] ?? Number(SCALE_SUFFIX.exec(names[index] ?? '')?.[1] ?? 0);
    return { index, factor: new Exact(10).pow(-scale) };
  };
  const price = scaled('price');
  const quantity = scaled('quantity');
  const symbol = oneSymbol(file, options.symbol) ?? find('symbol') ?? symbolInName(file);
  if (symbol === undefined) throw missing(file, header, 'symbol', 'give the symbol with --symbol');
  const time = find('time');
  const ms = names.indexOf(MILLISECONDS_NAME);
  const milliseconds = time === undefined || ms < 0 || names[time] !== 'date' ? undefined : ms;
  return { price, quantity, symbol, side: find('side'), time, milliseconds, newYork: newYorkClock() };
}

function findColumn(
  file: string,
  names: readonly string[],
  role: ColumnRole,
  told: string | undefined,
): number | undefined {
  if (told === NO_COLUMN && (role === 'side' || role === 'time')) return undefined;
  if (told !== undefined) {
    const index = names.indexOf(told.toLowerCase());
    if (index < 0) throw missing(file, names, `${role} "${told}"`, `correct --column-${role}`);
    return index;
  }
  const bare = names.map((name) => name.replace(SCALE_SUFFIX, ''));
  const known = KNOWN_NAMES[role].find((name) => bare.includes(name));
  return known === undefined ? undefined : bare.indexOf(known);
}

function oneSymbol(file: string, given: string | undefined): string | undefined {
  const symbol = given?.toUpperCase();
  if (symbol !== undefined && !SYMBOL.test(symbol)) throw new TapeError(`${file}: "${given}" is no symbol`);
  return symbol;
}

function symbolInName(file: string): string | undefined {
  return SYMBOL_IN_NAME.exec(basename(file))?.[1]?.toUpperCase();
}

function missing(file: string, header: readonly string[], what: string, remedy: string): TapeError {
  const shown = header.join(', ').slice(0, HEADER_SHOWN_MAX);
  return new TapeError(`${file}: no column for the ${what}; the header has: ${shown}; ${remedy}`);
}
