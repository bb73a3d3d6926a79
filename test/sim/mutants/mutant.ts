/** A deliberate bug. */
import type { Patch } from '../patch.ts';

/** A change of the product that breaks one of its promises, and that the simulation has to notice. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it, in a sentence. */
  readonly breaks: string;
  readonly patches: readonly Patch[];
  /** Whether only a run with a shop can notice it: the others need not be tried. */
  readonly needsShop?: true;
  /** Whether only a run that begins with the release before all others can. */
  readonly needsBefore?: true;
}
