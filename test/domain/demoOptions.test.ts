import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TRADES, readOptions, UsageError } from '../../demo/options.ts';

describe('the options of the demonstration', () => {
  it('have defaults that need nothing', () => {
    expect(readOptions([])).toEqual({
      tapeFile: undefined,
      tape: { columns: {}, scales: {} },
      trades: DEFAULT_TRADES,
      accounts: 100,
      seed: 1,
      keep: false,
      shards: 1,
      url: undefined,
      token: undefined,
    });
    expect(readOptions(['--help'])).toBe('help');
  });

  it('take a tape from where the person is, and all of it', () => {
    const options = readOptions(['--tape', 'x.csv', '--trades', 'all', '--symbol', 'SPY']);
    const tapeFile = join(process.env.INIT_CWD ?? process.cwd(), 'x.csv');
    const tape = { columns: {}, scales: {}, symbol: 'SPY' };
    expect(options).toMatchObject({ tapeFile, trades: Number.POSITIVE_INFINITY, tape });
  });

  it('read a token from its file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'folio-options-'));
    const file = join(folder, 'dev-token');
    writeFileSync(file, 'secret\n');
    const url = 'http://127.0.0.1:8787';
    expect(readOptions(['--url', url, '--token-file', file])).toMatchObject({ url, token: 'secret' });
    rmSync(folder, { recursive: true });
  });

  it.each([
    [['--tap', 'x.csv'], 'There is no option --tap. Is it --tape that is meant?'],
    [['--account', '5'], 'There is no option --account. Is it --accounts that is meant?'],
    [['--zzz'], 'There is no option --zzz.'],
    [['-x'], 'There is no option -x.'],
    [['x.csv'], `Unexpected argument 'x.csv': a tape is given with "npm run demo -- --tape FILE"`],
    [['--tape'], `Option '--tape <value>' argument missing`],
    [['--trades', '0'], '--trades has to be a whole number from 1 to 1000000000, not "0"'],
    [['--trades', 'all'], '--trades all needs a file'],
    [['--accounts', '1e3'], '--accounts has to be a whole number from 1 to 10000, not "1e3"'],
    [['--seed=-1'], '--seed has to be a whole number from 0 to 4294967295, not "-1"'],
    [['--shards', '9'], '--shards has to be a whole number from 1 to 8, not "9"'],
    [['--shards', '2', '--url', 'http://x'], '--shards is for a platform that is started'],
    [['--symbol', 'SPY'], '--symbol says how to read a file; give it with --tape'],
    [['--url', 'localhost:8787'], '--url has to be like http://127.0.0.1:8787, not "localhost:8787"'],
    [['--token-file', 'x'], '--token-file belongs to a platform given with --url'],
    [['--url', 'http://x', '--token-file', '/nowhere'], '--token-file: /nowhere cannot be read'],
  ])('explain %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
