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

/** How many of a stage's added steps are done: counted once, and from then on as they change. */
const DONE = new WeakMap<readonly StepState[], number>();

/** Whether a step that an event has added is done. */
export function isDone({ given, status }: StepState): boolean {
  return given !== null && status === 'COMPLETED';
}

/** How many of a stage's added steps are done. */
export function doneIn(stage: readonly StepState[]): number {
  let done = DONE.get(stage);
  if (done === undefined) {
    done = stage.filter(isDone).length;
    DONE.set(stage, done);
  }
  return done;
}

/** A stage with more steps, none of which is done. */
export function extended(stage: readonly StepState[], added: readonly StepState[]): readonly StepState[] {
  const longer = [...stage, ...added];
  DONE.set(longer, doneIn(stage));
  return longer;
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
    const before = stages[place.stage] ?? [];
    if (next[place.stage] === before) next[place.stage] = extended(before, []);
    const steps = next[place.stage] as StepState[];
    const known = steps[place.index] as StepState;
    const step = { ...known };
    change(step, what);
    steps[place.index] = step;
    if (isDone(step) !== isDone(known)) DONE.set(steps, doneIn(steps) + (isDone(step) ? 1 : -1));
  }
  PLACES.set(next, places);
  return next;
}
