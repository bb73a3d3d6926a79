/** Random requests to every route of the API's description. */

import { PlatformError } from '../../demo/client.ts';
import { duration } from '../../demo/figures.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { readCommandLine, runCommand } from '../../local/commandLine.ts';
import { LocalServerError } from '../../local/errors.ts';
import { operatorToken, TOKEN_DEFAULTS } from '../../local/operatorToken.ts';
import { plural } from '../../verifier/counts.ts';
import { runFuzz } from './fuzz/run.ts';

const DEFAULT_REQUESTS = 20_000;

/** Requests after which the run says how far it is. */
const PROGRESS_REQUESTS = 2_000;

const USAGE = `npm run fuzz [-- --requests N] [--seed N] [--url URL --token TOKEN]

Sends random requests to every operation of the API's description, over REST, Connect and GraphQL, and holds every answer
against it: no failure of ours, every error a problem document (or in the form of Connect and GraphQL), nothing of internals.
Ends with 1 where something else came.

  --requests N   how many (${DEFAULT_REQUESTS})
  --seed N       which: the same seed makes the same requests
  --url URL      a server that is running, instead of one of its own; best one whose data is for tests
  --token TOKEN  an administrator's token there (default: ${TOKEN_DEFAULTS})
  --help         this text`;

interface Arguments {
  readonly requests: number;
  readonly seed: number;
  /** A server that is running; one of its own where there is none. */
  readonly given: Server | undefined;
}

interface Server {
  readonly url: string;
  readonly token: string;
}

function readArguments(): Arguments | 'help' {
  const text = { type: 'string' } as const;
  const options = {
    requests: text,
    seed: text,
    url: text,
    token: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = readCommandLine({ options }, USAGE);
  if (values.help === true) return 'help';
  const { url } = values;
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new LocalServerError(`--url has to be a URL, not "${url}"`);
  return {
    requests: whole('requests', values.requests, DEFAULT_REQUESTS, 1),
    seed: whole('seed', values.seed, Date.now() % 2 ** 31, 0),
    given: url === undefined ? undefined : { url, token: operatorToken(url, values.token) ?? '' },
  };
}

function whole(name: string, text: string | undefined, fallback: number, least: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new LocalServerError(`--${name} has to be a whole number from ${least} on, not "${text}"`);
}

/** Answers the exit code. */
async function fuzz({ requests, seed, given }: Arguments): Promise<number> {
  console.log(`seed ${seed}: ${plural(requests, 'request')}`);
  if (given !== undefined) return fuzzServer({ requests, seed }, given);
  const own = await OwnPlatform.start();
  try {
    return await fuzzServer({ requests, seed }, own);
  } finally {
    await own.stop(false);
  }
}

async function fuzzServer(
  { requests, seed }: Pick<Arguments, 'requests' | 'seed'>,
  { url, token }: Server,
): Promise<number> {
  const progress = (done: number) => {
    if (done % PROGRESS_REQUESTS === 0 && done < requests) console.log(`${done} of ${requests} requests`);
  };
  const startedAt = performance.now();
  const { faults, statuses, asked, succeeded } = await runFuzz({ url, token, requests, seed, progress });
  const counted = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  const never = [...asked].filter((operationId) => !succeeded.has(operationId));
  console.log(
    [
      `${asked.size} operations, ${succeeded.size} of them with success: ${counted.join(', ')}`,
      ...(never.length === 0 ? [] : [`never with success: ${never.join(', ')}`]),
      ...faults.map((fault) => `✗ ${fault}`),
      faults.length === 0
        ? `✓ no failure of ours, every error a problem document (${duration(performance.now() - startedAt)})`
        : `✗ ${plural(faults.length, 'fault')}; npm run fuzz -- --requests ${requests} --seed ${seed}`,
    ].join('\n'),
  );
  return faults.length === 0 ? 0 : 1;
}

await runCommand(async () => {
  const given = readArguments();
  if (given === 'help') {
    console.log(USAGE);
    return 0;
  }
  try {
    return await fuzz(given);
  } catch (error) {
    // Where the server is somebody else's, this program has nothing to look into.
    if (given.given === undefined || !(error instanceof PlatformError)) throw error;
    throw new LocalServerError(`${given.given.url}: ${error.message}`);
  }
});
