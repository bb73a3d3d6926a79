/** The command line of the demonstration. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { operatorToken, TOKEN_DEFAULTS } from '../local/operatorToken.ts';
import { SHARDS_MAX } from '../local/shards/count.ts';
import { fromHere } from '../verifier/fromHere.ts';
import { DEFAULT_INVOICES, type OrderOptions } from './orders/scenario.ts';
import { TAPE_FLAGS, type TapeOptions, tapeOptions } from './tape.ts';

/** Trades of a run that does not say how many: with what is mixed in, nearly 80,000 commands, and half a minute on two cores. */
export const DEFAULT_TRADES = 60_000;

const DEFAULT_ACCOUNTS = 100;
const DEFAULT_SEED = 1;

/** Each account is an object of its own with a database: more than this is no demonstration any more. */
const ACCOUNTS_MAX = 10_000;

/** Seeds of the generator have 32 bits. */
const SEED_MAX = 2 ** 32 - 1;

/** What to run. */
export interface DemoOptions {
  /** A file of trades; the default tape where there is none. */
  readonly tapeFile: string | undefined;
  readonly tape: TapeOptions;
  /** Most trades to take; Infinity for all. */
  readonly trades: number;
  readonly accounts: number;
  readonly seed: number;
  /** Leaves the state folder. */
  readonly keep: boolean;
  /** Runtimes that have the objects of a platform that is started. */
  readonly shards: number;
  /** A platform that runs already. */
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** What the person at the terminal can mend. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What `--help` prints. */
export const HELP = `Folio's demonstration: drives real market trades through the platform, then checks every balance, position,
event, hash and view against books of its own. Ends with 0 where all of it is right, with 1 where not.

  npm run demo [-- OPTIONS]

  --trades N|all        trades to take from the tape (default ${DEFAULT_TRADES}; deposits, refusals and repeats are added)
  --accounts N          accounts that trade (default ${DEFAULT_ACCOUNTS})
  --seed N              another choice of accounts, sides, fees, refusals and repeats (default ${DEFAULT_SEED})
  --keep                keep the platform's state folder, and say where it is
  --shards N            start the platform with its objects in N runtimes (default 1, docs/operations.md)
  --url URL             drive a platform that runs already, in accounts of their own, in place of starting one
  --token-file FILE     its administrator's token (default: ${TOKEN_DEFAULTS})
  --help                this text

  --scenario orders     a shop's order book in place of trades: orders, stock, payments and the sagas that bind them,
                        with declined cards, lost answers, cancellations and returns; takes --seed, --keep, --shards and
  --orders FILE         invoices in the columns of the UCI Online Retail data set, CSV or CSV.gz
  --limit N|all         invoices to take (default ${DEFAULT_INVOICES}, about a minute; a book of twelve thousand takes an hour and more)

  --tape FILE           trades from a CSV or CSV.gz with a header, in place of the prices of the npm package
                        vega-datasets. Common column names are recognised; otherwise:
  --column-price NAME   --column-quantity NAME   --column-symbol NAME   --column-side NAME   --column-time NAME
                        the file's column for each ("none": side or time are not to be read)
  --symbol SYMBOL       the symbol of every trade, for a file without such a column
  --scale-price N       --scale-quantity N
                        numbers are integers in units of 10^-N (a column "price_e4" says so itself)`;

const FLAGS = {
  ...TAPE_FLAGS,
  trades: { type: 'string' },
  accounts: { type: 'string' },
  seed: { type: 'string' },
  keep: { type: 'boolean' },
  shards: { type: 'string' },
  url: { type: 'string' },
  'token-file': { type: 'string' },
  scenario: { type: 'string' },
  orders: { type: 'string' },
  limit: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line. Throws a {@link UsageError} that says what to write instead. */
export function readOptions(args: readonly string[]): DemoOptions | OrderOptions | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  if (values.scenario === 'orders') return readOrderOptions(values);
  checkScenario(values);
  const tokenFile = values['token-file'];
  if (tokenFile !== undefined && values.url === undefined)
    throw new UsageError('--token-file belongs to a platform given with --url');
  if (values.shards !== undefined && values.url !== undefined)
    throw new UsageError('--shards is for a platform that is started, and not for one given with --url');
  const { tape } = values;
  return {
    tapeFile: tape === undefined ? undefined : fromHere(tape),
    tape: readTapeOptions(values),
    trades: values.trades === 'all' ? readAll(tape) : whole('trades', values.trades, DEFAULT_TRADES, 1, 1e9),
    accounts: whole('accounts', values.accounts, DEFAULT_ACCOUNTS, 1, ACCOUNTS_MAX),
    seed: whole('seed', values.seed, DEFAULT_SEED, 0, SEED_MAX),
    keep: values.keep ?? false,
    shards: whole('shards', values.shards, 1, 1, SHARDS_MAX),
    ...readPlatform(values.url, tokenFile),
  };
}

/** Options that belong to the order book, and those that it shares with trades. */
const ORDER_FLAGS = ['scenario', 'orders', 'limit', 'seed', 'keep', 'shards'];

function readOrderOptions(values: ReturnType<typeof parse>): OrderOptions {
  const stray = Object.keys(values).find((name) => !ORDER_FLAGS.includes(name));
  if (stray !== undefined) throw new UsageError(`--${stray} is not for --scenario orders`);
  const { orders, limit, seed, keep = false, shards } = values;
  return {
    ordersFile: orders === undefined ? undefined : fromHere(orders),
    limit: limit === 'all' ? Number.POSITIVE_INFINITY : whole('limit', limit, DEFAULT_INVOICES, 1, 1e9),
    seed: whole('seed', seed, DEFAULT_SEED, 0, SEED_MAX),
    keep,
    shards: whole('shards', shards, 1, 1, SHARDS_MAX),
  };
}

function checkScenario({ scenario = 'trades', orders, limit }: ReturnType<typeof parse>): void {
  if (scenario !== 'trades') throw new UsageError(`--scenario has to be trades or orders, not "${scenario}"`);
  const stray = orders === undefined ? (limit === undefined ? undefined : 'limit') : 'orders';
  if (stray !== undefined) throw new UsageError(`--${stray} belongs to --scenario orders`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new UsageError(`${message.split('. ')[0]}: a tape is given with "npm run demo -- --tape FILE"`);
    }
    const unknown = /^Unknown option '(-[^']+)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(message);
    const meant = nearest(unknown.replace(/^-+/, ''));
    const hint = meant === undefined ? '' : ` Is it --${meant} that is meant?`;
    throw new UsageError(`There is no option ${unknown}.${hint}`);
  }
}

/** The option that starts like the unknown one, if one does. */
function nearest(unknown: string): string | undefined {
  const names = Object.keys(FLAGS);
  for (let length = unknown.length; length >= 2; length--) {
    const found = names.find((name) => name.startsWith(unknown.slice(0, length)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function readTapeOptions(values: ReturnType<typeof parse>): TapeOptions {
  const { tape, ...told } = values;
  const stray = Object.keys(TAPE_FLAGS).find((name) => name !== 'tape' && name in told);
  if (tape === undefined && stray !== undefined)
    throw new UsageError(`--${stray} says how to read a file; give it with --tape`);
  return tapeOptions(values);
}

function readAll(tape: string | undefined): number {
  if (tape !== undefined) return Number.POSITIVE_INFINITY;
  throw new UsageError('--trades all needs a file: the default tape has as many trades as are asked for');
}

function whole(name: string, text: string | undefined, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} has to be a whole number from ${min} to ${max}, not "${text}"`);
}

/** A platform that runs already, where one is given. */
function readPlatform(
  url: string | undefined,
  tokenFile: string | undefined,
): Pick<DemoOptions, 'url' | 'token'> {
  if (url === undefined) return { url, token: undefined };
  const given = tokenFile === undefined ? undefined : readToken(fromHere(tokenFile));
  return { url: readUrl(url), token: operatorToken(url, given) };
}

function readUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`--url has to be like http://127.0.0.1:8787, not "${text}"`);
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new UsageError(`--token-file: ${file} cannot be read`);
  }
}
