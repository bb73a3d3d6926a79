/** `npm run simulate`: runs seeds or deliberate bugs, says how far it is, and ends with 0 or 1. */
import { plural } from '../../verifier/counts.ts';
import { parseArguments, type SimulateOptions, USAGE } from './arguments.ts';
import { LIMITS } from './limits.ts';
import { MUTANTS } from './mutants/catalogue.ts';
import type { Mutant } from './mutants/mutant.ts';
import { installVariants } from './patch.ts';
import { repeatCommand, runSeeds, SOUND } from './seeds.ts';
import type { RunResult } from './simulation.ts';
import { tallyLines } from './tally.ts';
import { startWatchdog } from './watchdog.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

function report(
  { breach, seed, trace }: RunResult,
  { steps, trace: lines }: SimulateOptions,
  mutant?: string,
): void {
  say('');
  for (const line of trace(lines)) say(line);
  say('');
  say(`seed ${seed} broke a promise: ${breach?.check}`);
  say(`  ${breach?.message}`);
  say(`repeat it with: ${repeatCommand(seed, steps, mutant)}`);
}

async function runSound(options: SimulateOptions): Promise<boolean> {
  const { seed, runs, steps } = options;
  say(
    `simulating ${runs === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + runs - 1}`}, ${plural(steps, 'step')} each`,
  );
  const result = await runSeeds(SOUND, options, startWatchdog(), say);
  if (result.failed !== undefined) report(result.failed, options);
  for (const line of tallyLines(result.tally)) say(line);
  const outcome = result.failed === undefined ? 'every promise held' : 'a promise was broken';
  say(
    `${plural(result.runs, 'seed')} × ${plural(steps, 'step')}, ${result.events} events, ${result.seconds.toFixed(1)} s: ${outcome}`,
  );
  return result.failed === undefined;
}

async function runMutants(options: SimulateOptions, mutants: readonly Mutant[]): Promise<boolean> {
  const watchdog = startWatchdog();
  let caught = 0;
  const width = Math.max(...mutants.map(({ name }) => name.length));
  say(`${'deliberate bug'.padEnd(width)}  ${'caught by'.padEnd(38)} seed  seconds`);
  for (const { name, needsShop, needsBefore } of mutants) {
    const { failed, seconds } = await runSeeds(name, { ...options, needsShop, needsBefore }, watchdog);
    if (failed !== undefined) caught++;
    const check = failed?.breach?.check ?? 'SURVIVED';
    const seed = String(failed?.seed ?? '-').padStart(4);
    say(`${name.padEnd(width)}  ${check.padEnd(38)} ${seed}  ${seconds.toFixed(1).padStart(7)}`);
    if (failed !== undefined && options.mutants !== 'all') report(failed, options, name);
  }
  say(
    `${caught} of ${mutants.length} deliberate bugs caught within ${plural(options.runs, 'seed')} of ${plural(options.steps, 'step')}`,
  );
  return caught === mutants.length;
}

function chosenMutants(names: readonly string[] | 'all'): readonly Mutant[] {
  if (names === 'all') return MUTANTS;
  return names.map((name) => {
    const mutant = MUTANTS.find((candidate) => candidate.name === name);
    if (mutant === undefined) throw new RangeError(`no deliberate bug is called "${name}"`);
    return mutant;
  });
}

async function main(): Promise<number> {
  let options: SimulateOptions;
  let mutants: readonly Mutant[] | undefined;
  try {
    options = parseArguments(process.argv.slice(2));
    mutants = options.mutants === undefined ? undefined : chosenMutants(options.mutants);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  installVariants(
    new Map([
      [SOUND, LIMITS],
      ...MUTANTS.map(({ name, patches }) => [name, [...LIMITS, ...patches]] as const),
    ]),
  );
  const held = mutants === undefined ? await runSound(options) : await runMutants(options, mutants);
  return held ? 0 : 1;
}

process.exitCode = await main();
