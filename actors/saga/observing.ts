/** What events say to a saga that goes its way: which steps there are more of, and what has become of those that wait. */
import type { EventVerdict, ObservedEvent } from './definitions/definition.ts';
import type { Progress } from './progress.ts';
import { findStep } from './state.ts';
import type { StepState } from './step.ts';

/** Adds the steps that an event brings; false where it brings none. They begin when their stage has. */
export function addSteps(progress: Progress, event: ObservedEvent): boolean {
  const { at, plan } = progress;
  const steps = plan.addedBy(event);
  if (steps.length > 0) progress.add({ type: 'StepsAdded', data: { steps, eventType: event.eventType, at } });
  return steps.length > 0;
}

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'COMPENSATED', 'SETTLED']);

/** Adds what an event says of the first step that waits for it, or will; false where it says nothing of any. */
export function hear(progress: Progress, event: ObservedEvent): boolean {
  const { at, state, plan } = progress;
  const { eventType } = event;
  for (const step of state.stages.flat()) {
    if (ENDED.has(step.status) || hasHeardItsEnd(step)) continue;
    const { awaits } = plan.step(step);
    if (awaits === undefined || !awaits.eventTypes.includes(eventType)) continue;
    if (awaits.onceBegun === true && step.status === 'PENDING') continue;
    const verdict = awaits.verdict(event, plan.context(step));
    if (verdict === undefined) continue;
    const running = step.status === 'RUNNING' || step.status === 'WAITING';
    if (running && !state.backward) progress.resolve(step, eventType, verdict);
    else progress.add({ type: 'EventObserved', data: { step: step.name, eventType, verdict, at } });
    return true;
  }
  return false;
}

/**
 * Adds that what a step had done did not last, where an event says so, and has an operator asked if the saga has ended; false where
 * it says nothing of the kind. A saga on its way back undoes it, or has undone it.
 */
export function hearLapse(progress: Progress, { eventType }: ObservedEvent): boolean {
  const { state, plan } = progress;
  if (state.backward || !plan.anyLapsesBy(eventType)) return false;
  const lasting = state.stages.flat().filter(({ status }) => status === 'COMPLETED');
  const lapsed = lasting.find((step) => plan.step(step).awaits?.lapsesBy?.includes(eventType) === true);
  if (lapsed === undefined) return false;
  progress.resolve(lapsed, eventType, 'refused');
  const failed = findStep(progress.state, lapsed.name) as StepState;
  if (state.status === 'COMPLETED') progress.park([failed]);
  return true;
}

/** What gave a step up may be overtaken: goods leave though their money has been let go. */
function hasHeardItsEnd({ observed }: StepState): boolean {
  return observed !== null && observed.verdict !== ('given up' satisfies EventVerdict);
}
