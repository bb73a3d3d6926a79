/** `npm run bench [-- NAME …]`: benchmarks beside their baselines, a table for people, and a last line of JSON. */
import { cpus, tmpdir } from 'node:os';
import { readCommandLine } from '../local/commandLine.ts';
import { LocalServerError } from '../local/errors.ts';
import { readShards } from '../local/shards/count.ts';
import { fromHere } from '../verifier/fromHere.ts';
import { benchmarks } from './benchmarks/index.ts';
import {
  profile,
  profilePortfolio,
  profileRebuild,
  profileSagas,
  profileSingle,
  profileStream,
  profileViews,
} from './profile/profile.ts';
import { table } from './report.ts';
import type { Benchmark, BenchOptions, Figure } from './types.ts';

/** Not benchmarks, and run only by name. */
const profiles: readonly Benchmark[] = [
  profile,
  profileSingle,
  profileStream,
  profileViews,
  profileSagas,
  profilePortfolio,
  profileRebuild,
];

/** Rounds of each side: the fewest of which a median says something. */
const DEFAULT_ROUNDS = 3;

const NAME_WIDTH = Math.max(...[...benchmarks, ...profiles].map(({ name }) => name.length));

const HELP = `Benchmarks of Folio, each measured in turn with its baseline on the same kind of server.

  npm run bench [-- NAME …] [--seconds N] [--rounds N] [--events N] [--state DIR] [--shards N] [--json]

${[...benchmarks, ...profiles].map(({ name, summary }) => `  ${name.padEnd(NAME_WIDTH)} ${summary}`).join('\n')}

  --seconds N   seconds of one measurement (each benchmark has its own default)
  --rounds N    measurements of each side (default ${DEFAULT_ROUNDS})
  --events N    events of fold, views, rebuild, replay and archive
  --state DIR   where the servers keep their state meanwhile (default: the system's folder for temporary files)
  --shards N    runtimes over which the objects of every server are spread, the baseline's too (default 1)
  --json        nothing but the JSON (npm run -s, or npm begins with lines of its own)
  --help        this text

Without a name all run but the profiles. The last line of the output is one JSON object with every figure.
A figure below its target is reported and is no failure; a wrong answer of a server is one.`;

interface Arguments extends BenchOptions {
  readonly selected: readonly Benchmark[];
  readonly json: boolean;
}

function readArguments(): Arguments | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    seconds: text,
    rounds: text,
    events: text,
    state: text,
    shards: text,
    json: flag,
    help: { ...flag, short: 'h' },
  } as const;
  const { values, positionals } = readCommandLine({ allowPositionals: true, options }, HELP);
  if (values.help === true) return 'help';
  const seconds = positive('--seconds', values.seconds);
  const events = positive('--events', values.events);
  return {
    selected: positionals.length === 0 ? benchmarks : positionals.map(benchmarkNamed),
    rounds: positive('--rounds', values.rounds) ?? DEFAULT_ROUNDS,
    ...(seconds === undefined ? {} : { seconds }),
    ...(events === undefined ? {} : { events }),
    servers: {
      stateDir: values.state === undefined ? tmpdir() : fromHere(values.state),
      shards: values.shards === undefined ? 1 : readShards(values.shards),
    },
    json: values.json ?? false,
    progress: (line) => console.error(line),
  };
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new LocalServerError(`${name} has to be a number above 0, not "${text}"`);
  return value;
}

function benchmarkNamed(name: string): Benchmark {
  const found = [...benchmarks, ...profiles].find((benchmark) => benchmark.name === name);
  if (found === undefined) throw new LocalServerError(`there is no benchmark "${name}"\n\n${HELP}`);
  return found;
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given === 'help') {
    console.log(HELP);
    return;
  }
  const results: Record<string, Figure[]> = {};
  for (const { name, run } of given.selected) {
    const figures = await run(given);
    results[name] = figures;
    if (!given.json) console.log(`\n${table(name, figures)}\n`);
  }
  const [processor] = cpus();
  console.log(
    JSON.stringify({
      at: new Date().toISOString(),
      shards: given.servers.shards,
      machine: { processors: cpus().length, model: processor?.model, node: process.version },
      benchmarks: results,
    }),
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof LocalServerError ? error.message : error);
  // At once, for servers of a benchmark that failed may still run.
  process.exit(error instanceof LocalServerError ? 2 : 1);
});
