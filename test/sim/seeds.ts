/** Runs seeds one after the other, in the product as it is or in one of its deliberate variants. */
import { inVariant } from './patch.ts';
import type { RunResult } from './simulation.ts';

/** The variant without a bug; its limits are the simulation's. */
export const SOUND = 'sound';

/** Between two lines of progress. */
const PROGRESS_MS = 2_000;

export interface SeedsResult {
  /** The first run that broke a promise. */
  readonly failed: RunResult | undefined;
  readonly runs: number;
  readonly events: number;
  /** Evictions, crashes and failed alarms. */
  readonly losses: number;
  readonly seconds: number;
}

/** Runs seeds until one breaks a promise. `watchdog` hears of each, `progress` now and then how far it is. */
export async function runSeeds(
  variant: string,
  { seed, runs, steps }: { seed: number; runs: number; steps: number },
  watchdog: (seed: number) => void,
  progress?: (line: string) => void,
): Promise<SeedsResult> {
  const { runSeed } = (await import(
    inVariant('./simulation.ts', variant)
  )) as typeof import('./simulation.ts');
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  let events = 0;
  let losses = 0;
  let told = began;
  for (let run = 0; run < runs; run++) {
    watchdog(seed + run);
    const result = await runSeed(seed + run, steps);
    events += result.events;
    losses += result.losses;
    if (result.breach !== undefined)
      return { failed: result, runs: run + 1, events, losses, seconds: seconds() };
    if (progress === undefined || performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    progress(`${run + 1} of ${runs} seeds, ${events} events, ${seconds().toFixed(0)} s`);
  }
  return { failed: undefined, runs, events, losses, seconds: seconds() };
}

/** The one command that repeats a run. */
export function repeatCommand(seed: number, steps: number, mutant?: string): string {
  const bug = mutant === undefined ? '' : ` --mutant ${mutant}`;
  return `npm run simulate -- --seed ${seed} --runs 1 --steps ${steps}${bug}`;
}
