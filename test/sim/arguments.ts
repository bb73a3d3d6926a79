/** The command line of `npm run simulate`. */
import { parseArgs } from 'node:util';

export const USAGE = `npm run simulate -- [options]

Runs the kernel, the aggregates, the sagas and the views on a simulated platform on which everything fails that can fail, and
audits every promise of the design. The same seed gives the same run on every machine.

  --seed N         first seed (1)
  --runs N         seeds to run, one after the other (200)
  --steps N        steps of each run before everything has to come to rest (1000)
  --losses N       goes on with further seeds until objects were evicted, crashed and failed their alarms so often (0)
  --trace N        lines of a failing run that are printed (60)
  --mutants        runs every deliberate bug until the simulation catches it, at most --runs seeds each (600)
  --mutant NAME    the same for one bug, with the trace of the run that catches it; repeatable
  --help           this text

Ends with 0 if every promise held (with --mutants: if every bug was caught), with 1 if not, with 2 for a wrong option.
`;

/** Seeds that a deliberate bug may survive. */
const MUTANT_RUNS_MAX = 600;

export interface SimulateOptions {
  readonly help: boolean;
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  /** Evictions, crashes and failed alarms that there have to be at least, in as many more seeds as that takes. */
  readonly losses: number;
  readonly trace: number;
  /** Names of deliberate bugs to run; undefined for the sound product. */
  readonly mutants: readonly string[] | 'all' | undefined;
}

/** Reads the options. Throws an error with a sentence for the user where one is wrong. */
export function parseArguments(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      runs: { type: 'string' },
      steps: { type: 'string', default: '1000' },
      losses: { type: 'string', default: '0' },
      trace: { type: 'string', default: '60' },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string', multiple: true },
    },
  });
  const mutants = values.mutants ? 'all' : values.mutant;
  return {
    help: values.help,
    seed: wholeNumber('seed', values.seed, 0),
    runs: wholeNumber('runs', values.runs ?? String(mutants === undefined ? 200 : MUTANT_RUNS_MAX), 1),
    steps: wholeNumber('steps', values.steps, 1),
    losses: wholeNumber('losses', values.losses, 0),
    trace: wholeNumber('trace', values.trace, 0),
    mutants,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least) return number;
  throw new RangeError(`--${name} must be a whole number from ${least} to 999999999, not "${text}"`);
}
