/**
 * The steps of a saga, stage by stage. They are values: whoever changes one makes another, so that a decision may fold what it
 * adds without a copy of all, and what was worked out of a state holds for as long as the state does.
 */
import type { StepState } from './step.ts';

/** The steps by stage; those of one stage run side by side. */
export type Stages = readonly (readonly StepState[])[];

interface Place {
  readonly stage: number;
  readonly index: number;
}

/** Where each step stands, by its name: an order may have a thousand, and each answer is about one. */
const PLACES = new WeakMap<Stages, ReadonlyMap<string, Place>>();

function placesOf(stages: Stages): ReadonlyMap<string, Place> {
  let places = PLACES.get(stages);
  if (places === undefined) {
    const named = (steps: readonly StepState[], stage: number) =>
      steps.map(({ name }, index) => [name, { stage, index }] as const);
    places = new Map(stages.flatMap(named));
    PLACES.set(stages, places);
  }
  return places;
}

/** The step of a name; undefined where there is none. */
export function stepNamed(stages: Stages, name: string): StepState | undefined {
  const place = placesOf(stages).get(name);
  return place && stages[place.stage]?.[place.index];
}

/** The stages with some of their steps changed: `change` owns the step that it is given. Throws where there is none of a name. */
export function changed<Named extends { readonly step: string }>(
  stages: Stages,
  named: readonly Named[],
  change: (step: StepState, what: Named) => void,
): Stages {
  const places = placesOf(stages);
  const next: (readonly StepState[])[] = [...stages];
  for (const what of named) {
    const place = places.get(what.step);
    if (place === undefined) throw new Error(`the saga has no step ${what.step}`);
    if (next[place.stage] === stages[place.stage]) next[place.stage] = [...(stages[place.stage] ?? [])];
    const steps = next[place.stage] as StepState[];
    const step = { ...(steps[place.index] as StepState) };
    change(step, what);
    steps[place.index] = step;
  }
  PLACES.set(next, places);
  return next;
}
