/** Runs seeds one after the other, in the product as it is or in one of its deliberate variants. */
import { seededRandom } from '../../demo/random.ts';
import { plural } from '../../verifier/counts.ts';
import { drawProfile } from './model/profile.ts';
import { inVariant } from './patch.ts';
import type { RunResult } from './simulation.ts';
import { addTally, emptyTally, lossesOf, type Tally } from './tally.ts';

/** The variant without a bug; its limits are the simulation's. */
export const SOUND = 'sound';

/** Between two lines of progress. */
const PROGRESS_MS = 2_000;

export interface SeedsResult {
  /** The first run that broke a promise. */
  readonly failed: RunResult | undefined;
  readonly runs: number;
  readonly events: number;
  readonly tally: Tally;
  readonly seconds: number;
}

/** Which seeds to run: so many, and where `losses` is given, so many more that there are as many losses as that. */
export interface SeedRange {
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  /** Evictions, crashes and failed alarms. */
  readonly losses: number;
  /** Whether only seeds count whose runs have a shop. */
  readonly needsShop?: boolean | undefined;
  /** Whether only seeds count whose runs begin with the release before all others. */
  readonly needsBefore?: boolean | undefined;
}

/** Runs seeds until one breaks a promise. `watchdog` hears of each, `progress` now and then how far it is. */
export async function runSeeds(
  variant: string,
  { seed: first, runs, steps, losses, needsShop = false, needsBefore = false }: SeedRange,
  watchdog: (seed: number) => void,
  progress?: (line: string) => void,
): Promise<SeedsResult> {
  const { runSeed } = (await import(
    inVariant('./simulation.ts', variant)
  )) as typeof import('./simulation.ts');
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  let events = 0;
  const tally = emptyTally();
  let told = began;
  let run = 0;
  let seed = first - 1;
  for (; run < runs || lossesOf(tally) < losses; run++) {
    do seed++;
    while (!isOfUse(seed, needsShop, needsBefore));
    watchdog(seed);
    const result = await runSeed(seed, steps);
    events += result.events;
    addTally(tally, result.tally);
    if (result.breach !== undefined)
      return { failed: result, runs: run + 1, events, tally, seconds: seconds() };
    if (progress === undefined || performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    progress(progressLine(run + 1, { runs, losses }, tally, `${events} events, ${seconds().toFixed(0)} s`));
  }
  return { failed: undefined, runs: run, events, tally, seconds: seconds() };
}

function isOfUse(seed: number, needsShop: boolean, needsBefore: boolean): boolean {
  if (!needsShop && !needsBefore) return true;
  const { shop, beganBefore } = drawProfile(seededRandom(seed));
  return (shop > 0 || !needsShop) && (beganBefore || !needsBefore);
}

function progressLine(
  done: number,
  { runs, losses }: Pick<SeedRange, 'runs' | 'losses'>,
  tally: Tally,
  rest: string,
): string {
  const lost = losses === 0 ? '' : `, ${lossesOf(tally)} of ${losses} losses`;
  return `${done} of ${plural(Math.max(done, runs), 'seed')}${lost}, ${rest}`;
}

/** The one command that repeats a run. */
export function repeatCommand(seed: number, steps: number, mutant?: string): string {
  const bug = mutant === undefined ? '' : ` --mutant ${mutant}`;
  return `npm run simulate -- --seed ${seed} --runs 1 --steps ${steps}${bug}`;
}
