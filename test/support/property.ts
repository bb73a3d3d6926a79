/** Property tests with a seed that is named and fixed: a run that fails on one machine fails on all. */
import * as fc from 'fast-check';

/** How a property is run. A failure prints the seed, the path to the smallest counterexample, and that example. */
export interface PropertyRun {
  readonly seed: number;
  readonly runs: number;
}

/** Checks a property of synchronous code. */
export function holds<Arguments>(property: fc.IProperty<Arguments>, { seed, runs }: PropertyRun): void {
  // Nothing is waited for: only asynchronous properties give a promise, which the types do not tell apart here.
  void fc.assert(property, { seed, numRuns: runs });
}

/** Checks a property of code that waits. */
export function holdsEventually<Arguments>(
  property: fc.IAsyncProperty<Arguments>,
  { seed, runs }: PropertyRun,
): Promise<void> {
  return fc.assert(property, { seed, numRuns: runs });
}
