/** What commands say to whoever is at the terminal. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandLine } from '../../local/commandLine.ts';
import { endingOf, LocalServerError } from '../../local/errors.ts';
import { migrateWithWrangler } from '../../local/wrangler.ts';
import { type HandingOn, requireWranglerOptions } from '../../local/wranglerOptions.ts';
import { plural } from '../../verifier/counts.ts';

/** Some load half of the repository first, on a busy machine. */
const RUN_MS = 60_000;

const REPOSITORY = join(import.meta.dirname, '../..');

/** The files of our own commands, by the commands' names. */
function ownCommands(): [string, string][] {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.entries(scripts).flatMap(([name, script]) => {
    const file = /^exec node (\S+\.ts)$/.exec(script)?.[1];
    return file === undefined ? [] : [[name, file] as [string, string]];
  });
}

/** Runs a file of the repository; answers its exit code and all that it printed. */
function run(file: string, ...args: string[]): Promise<{ code: number; printed: string }> {
  return runFrom(process.cwd(), file, ...args);
}

/** The same as by npm where it is called in a folder: it runs a script in the root of the repository, and says where it was. */
function runFrom(
  folder: string,
  file: string,
  ...args: string[]
): Promise<{ code: number; printed: string }> {
  const options = { cwd: REPOSITORY, env: { ...process.env, INIT_CWD: folder } };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(REPOSITORY, file), ...args],
      options,
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? 0, printed: stdout + stderr }),
    );
  });
}

describe('every command of ours', () => {
  it('is there', () => expect(ownCommands().length).toBeGreaterThan(10));

  it.concurrent.each(ownCommands())(
    '%s says before it does anything that it does not know an option, and where its options are',
    async (_, file) => {
      const { code, printed } = await run(file, '--no-such-option');
      expect(printed.split('\n', 1)[0]).toMatch(/option.*--no-such-option/i);
      expect(printed).toContain('--help');
      expect(printed).not.toMatch(/^ +at /m);
      expect(code).toBeGreaterThan(0);
    },
    RUN_MS,
  );
});

describe('a platform that does not answer', () => {
  it.each([['local/archive.ts', 'check'], ['local/replay.ts']])(
    'is said to be none, and how another is named: %s',
    async (file, ...args) => {
      // A port that nothing may listen on.
      const { code, printed } = await run(file, ...args, '--url', 'http://127.0.0.1:1', '--token', 't');
      expect(printed).toMatch(/^folio: http:\/\/127\.0\.0\.1:1 does not answer: .*--url URL/m);
      expect(code).toBe(2);
    },
  );
});

describe('an option of another command', () => {
  it.each([
    ['restore', 'FOLDER', '--dry-run'],
    ['check', '--check'],
    ['query', 'FOLDER', '--url', 'http://127.0.0.1:1'],
  ])('is refused, so that nobody is thought to ask for less than is done: archive %s', async (...args) => {
    const { code, printed } = await run('local/archive.ts', ...args);
    const option = args.find((word) => word.startsWith('--'));
    expect(printed.split('\n', 1)[0]).toBe(`folio: ${args[0]} does not take ${option}`);
    expect(code).toBe(2);
  });
});

describe('a file or folder', () => {
  let elsewhere: string;
  beforeAll(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'folio-elsewhere-'));
    mkdirSync(join(elsewhere, 'copy'));
    writeFileSync(join(elsewhere, 'key'), 'no key');
  });
  afterAll(() => rmSync(elsewhere, { recursive: true }));

  it('is one of where the command was called, and not of the repository', async () => {
    const verify = (...args: string[]) => runFrom(elsewhere, 'verifier/main.ts', ...args);
    expect((await verify('copy')).printed).toContain('0 manifests');
    expect((await verify('copy', '--key', 'key')).printed).toContain('not the base64 of the 32 bytes');
    expect((await verify('verifier')).printed).toContain('there is no folder verifier');
  });
});

describe('what somebody has mistaken', () => {
  // A port that nothing may listen on.
  const nobody = ['--url', 'http://127.0.0.1:1', '--token', 't'];

  it.concurrent.each([
    [
      ['local/archive.ts', 'restore', '.', '--key', 'AAAA', ...nobody],
      '--key AAAA: not the base64 of the 32 bytes of a key',
    ],
    [
      ['local/archive.ts', 'retention', '--dry-run', '--check'],
      '--dry-run asks nobody, --check asks the bucket: give one of them',
    ],
    [
      ['local/replay.ts', '--from', '2026-11-02T00:00:00Z', '--to', '2026-11-01T00:00:00Z', ...nobody],
      '--to has to be after --from',
    ],
    [
      ['local/replay.ts', '--out', '/proc/none/events', ...nobody],
      '/proc/none/events.replay.lock cannot be made: unable to open database file',
    ],
    [
      ['local/keyBackup.ts', 'export', '/proc/none/copy', ...nobody],
      '/proc/none/copy.lock cannot be made: unable to open database file',
    ],
  ])('is said in one line: %j', async ([file = '', ...args], message) => {
    const { code, printed } = await run(file, ...args);
    expect(printed).toBe(`folio: ${message}\n`);
    expect(code).toBe(2);
  });
});

describe('what ends a command', () => {
  it('is said in a line where whoever called it can mend it, and keeps its stack where not', async () => {
    const missing = await readFile('/proc/none').catch((error: unknown) => error);
    expect(endingOf(missing)).toBe("folio: ENOENT: no such file or directory, open '/proc/none'");
    const file = await open('/dev/full', 'w');
    const full = await file.writeFile('x').catch((error: unknown) => error);
    await file.close();
    expect(endingOf(full)).toBe('folio: ENOSPC: no space left on device, write');
    expect(endingOf(new LocalServerError('no'))).toBe('folio: no');
    const bug = new TypeError('x is not a function');
    expect(endingOf(bug)).toBe(bug);
  });
});

describe('a time that is none', () => {
  it.concurrent.each(['--from', '--to'])('is refused before anybody is asked: %s', async (option) => {
    // A port that nothing may listen on.
    const asked = ['--url', 'http://127.0.0.1:1', '--token', 't'];
    const { code, printed } = await run('local/replay.ts', option, 'yesterday', ...asked);
    const words = 'must be an RFC 3339 time such as "2013-10-07T13:30:00.123Z", and is "yesterday"';
    expect(printed).toBe(`folio: ${option} ${words}\n`);
    expect(code).toBe(2);
  });
});

describe('a count', () => {
  it('agrees with what is counted', () => {
    expect([0, 1, 2, 1_234].map((count) => plural(count, 'log'))).toEqual([
      '0 logs',
      '1 log',
      '2 logs',
      '1,234 logs',
    ]);
    expect([1, 2].map((count) => plural(count, 'country', 'countries'))).toEqual([
      '1 country',
      '2 countries',
    ]);
  });
});

describe('a command line that a command does not know', () => {
  const read = (...args: string[]) =>
    readCommandLine({ args, allowPositionals: true, options: { port: { type: 'string' } } }, 'THE HELP');

  it.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--port'], "Option '--port <value>' argument missing"],
  ])('%j is told what is wrong, and the help', (args, message) => {
    expect(() => read(...args)).toThrow(new LocalServerError(`${message}\n\nTHE HELP`));
  });

  it('is read where there is nothing wrong', () => {
    expect(read('file', '--port', '1')).toMatchObject({ values: { port: '1' }, positionals: ['file'] });
  });
});

describe('options that are handed on to wrangler', () => {
  const refusal = async (command: HandingOn, ...given: string[]) => {
    try {
      await requireWranglerOptions(command, given, 'THE HELP');
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(LocalServerError);
      return (error as Error).message.split('\n\nTHE HELP')[0];
    }
  };

  it.each<[HandingOn, string[]]>([
    ['dev', []],
    ['dev', ['--port', '1', '-l', '--var', 'A:1', 'B:2', '--no-minify', '--cwd=elsewhere']],
    ['deploy', ['--dry-run', '-e', 'staging', '--outdir', 'out', '--schedules', '* * * * *']],
  ])('of %s are taken where wrangler takes them: %j', async (command, given) => {
    expect(await refusal(command, ...given)).toBeUndefined();
  });

  const APART = 'write options of one letter by themselves, and their values after a space';

  // Each of the last eight would be understood one way by wrangler and another by what runs before it.
  it.each<[HandingOn, string[], string]>([
    ['dev', ['--prot', '1'], "Unknown option '--prot'"],
    ['dev', ['--dry-run'], "Unknown option '--dry-run'"],
    ['deploy', ['--version'], "Unknown option '--version'"],
    ['deploy', ['--dryRun'], "Unknown option '--dryRun'"],
    ['deploy', ['--dry-run=true'], "Option '--dry-run' does not take an argument"],
    ['deploy', ['dry-run'], 'dry-run belongs to no option'],
    ['deploy', ['--env', 'staging', '--', '--dry-run'], '--dry-run belongs to no option'],
    ['deploy', ['--env'], "Option '--env <value>' argument missing"],
    ['deploy', ['-eproduction'], `-eproduction: ${APART}`],
    ['dev', ['-e=staging'], `-e=staging: ${APART}`],
    ['dev', ['-le', 'staging'], `-le: ${APART}`],
  ])('of %s are refused where it does not: %j', async (command, given, message) => {
    expect(await refusal(command, ...given)).toBe(message);
  });
});

describe('the migrations before dev and deploy', () => {
  const commands = async (...given: string[]) => {
    const run: string[] = [];
    await migrateWithWrangler('--local', given, async (args) => {
      run.push(args.join(' '));
      return 0;
    });
    return run;
  };

  it('go to the databases that the command itself will use', async () => {
    expect(await commands()).toContain('d1 migrations apply VIEWS_0 --local');
    const given = ['--port', '1', '--env=staging', '--persist-to', 'elsewhere', '--profile', 'work'];
    const same = '--env staging --profile work --persist-to elsewhere';
    for (const command of await commands(...given)) {
      expect(command).toMatch(new RegExp(`^d1 migrations apply \\w+ --local ${same}$`));
    }
  });

  it('reach every database of an environment, which may have more than the one without a name', async () => {
    const config = join(mkdtempSync(join(tmpdir(), 'folio-environments-')), 'wrangler.toml');
    const database = (table: string, place: number) =>
      `[[${table}]]\nbinding = "VIEWS_${place}"\ndatabase_id = "id-${place}"\nmigrations_dir = "${join(REPOSITORY, 'migrations')}"`;
    const named = [0, 1].map((place) => database('env.busy.d1_databases', place));
    writeFileSync(config, ['name = "other"', database('d1_databases', 0), '[env.busy]', ...named].join('\n'));
    expect(await commands('--config', config)).toEqual([
      `d1 migrations apply VIEWS_0 --local --config ${config}`,
    ]);
    const meant = `--local --env busy -c ${config}`;
    expect(await commands('--env=busy', '-c', config)).toEqual([
      `d1 migrations apply VIEWS_0 ${meant}`,
      `d1 migrations apply VIEWS_1 ${meant}`,
    ]);
    rmSync(dirname(config), { recursive: true });
  });
});
