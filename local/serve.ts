import { relative } from 'node:path';
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts';
import { fromHere } from '../verifier/fromHere.ts';
import { readCommandLine } from './commandLine.ts';
import { endingOf, LocalServerError } from './errors.ts';
import { openFilesLimit, openFilesWarning } from './openFiles.ts';
import { DEFAULT_HOST, type Platform, startPlatform } from './platform.ts';
import { readShards, SHARDS_MAX } from './shards/count.ts';

/** Where clients expect a local Worker. */
const DEFAULT_PORT = 8787;

/** The state folder of a plain `npm run serve`; git ignores it. */
const DEFAULT_STATE = '.folio';

/**
 * A second signal this soon after the first is the same one: at Ctrl-C the terminal sends SIGINT to this process and
 * to npm, and npm passes it on.
 */
const SAME_SIGNAL_MS = 500;

/** Interval at which the death of npm is looked for: shorter than any restart, and still only a system call. */
const PARENT_POLL_MS = 10;

const HELP = `Folio's local server: the Worker of wrangler.toml, its databases and queues, on this machine.

  npm run serve -- [--port N] [--state DIR] [--host H] [--log-level LEVEL] [--restore]
                    [--shards N | --one-process]

  --port N           TCP port, 0 for any free one (default ${DEFAULT_PORT})
  --state DIR        folder of everything that is kept (default ${DEFAULT_STATE})
  --host H           interface to listen on (default ${DEFAULT_HOST})
  --log-level LEVEL  ${LOG_LEVELS.join(' | ')} (default: LOG_LEVEL of wrangler.toml)
  --restore          open for npm run archive -- restore (docs/archive.md)
  --shards N         spread the objects over N runtimes, a core each, for more commands a second (docs/operations.md); for a
                     new state folder, 1 to ${SHARDS_MAX} (default 1)
  --one-process      databases and buckets in the process of the objects (docs/operations.md)
  --help             this text

Ready when GET /readyz is 200. The local administrator's token is in DIR/dev-token, the log in DIR/folio.log.`;

interface Arguments {
  readonly port: number;
  readonly stateDir: string;
  readonly host: string;
  readonly logLevel?: LogLevel;
  readonly vars?: Readonly<Record<string, string>>;
  readonly oneProcess: boolean;
  readonly shards?: number;
}

function readArguments(): Arguments | 'help' {
  const option = { type: 'string' } as const;
  const options = { port: option, state: option, host: option, 'log-level': option, shards: option } as const;
  const flag = { type: 'boolean' } as const;
  const flags = { restore: flag, 'one-process': flag, help: { ...flag, short: 'h' } } as const;
  const { values } = readCommandLine({ options: { ...options, ...flags } }, HELP);
  if (values.help === true) return 'help';
  const logLevel = LOG_LEVELS.find((level) => level === values['log-level']);
  if (values['log-level'] !== undefined && logLevel === undefined) {
    throw new LocalServerError(`--log-level has to be one of ${LOG_LEVELS.join(', ')}`);
  }
  return {
    port: readPort(values.port ?? String(DEFAULT_PORT)),
    stateDir: values.state === undefined ? DEFAULT_STATE : fromHere(values.state),
    host: values.host ?? DEFAULT_HOST,
    ...(logLevel === undefined ? {} : { logLevel }),
    oneProcess: values['one-process'] === true,
    ...(values.shards === undefined ? {} : { shards: readShards(values.shards) }),
    ...(values.restore === true ? { vars: { RESTORE: 'open' } } : {}),
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new LocalServerError(`--port has to be a number from 0 to 65535, not "${text}"`);
  }
  return port;
}

/** Stops on the first signal and ends at once on the second. */
function stopOnSignals(platform: () => Platform | undefined): void {
  let first: number | undefined;
  const onSignal = () => {
    if (first !== undefined) {
      if (Date.now() - first > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    first = Date.now();
    const running = platform();
    // Before it is ready there is nothing to finish; the end of this process ends the runtime.
    if (running === undefined) process.exit(0);
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/**
 * Ends with npm. npm passes SIGTERM on but cannot pass on SIGKILL, and a server left behind by `kill -9` of the npm
 * that started it would keep the port and the state folder from the next one.
 */
function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, PARENT_POLL_MS).unref();
}

function fail(error: unknown): never {
  console.error(endingOf(error));
  process.exit(1);
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given === 'help') {
    console.log(HELP);
    return;
  }
  let platform: Platform | undefined;
  stopOnSignals(() => platform);
  endWithNpm();
  console.log('Folio is starting; the first time, and after a change of the code, that takes some seconds …');
  const warning = openFilesWarning(openFilesLimit());
  if (warning !== undefined) console.warn(warning);
  platform = await startPlatform({ ...given, ownSignals: true });
  const short = (path: string) => {
    const shorter = relative(fromHere('.'), path);
    return shorter === '' || shorter.startsWith('..') ? path : shorter;
  };
  console.log(
    `Folio is ready at ${platform.url} (state: ${short(platform.stateDir)}, administrator's token: ` +
      `${short(platform.tokenFile)}, log: ${short(platform.logFile)})`,
  );
}

main().catch(fail);
