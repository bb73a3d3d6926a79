/** What events say of undoings whose end is not the answer to their command. */
import type { ObservedEvent } from './definitions/definition.ts';
import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import { REFUSED_BY_EVENT, type StepState } from './step.ts';

/** Adds what an event says of an undoing; false where it says nothing of any. */
export function observeUndoing(progress: Progress, event: ObservedEvent): boolean {
  const { state, plan } = progress;
  if (!state.backward) return false;
  const steps = state.stages.flat();
  return steps.some((step) => isUndoneBy(progress, step, event) || isKeptBy(progress, plan, step, event));
}

function isUndoneBy(progress: Progress, step: StepState, event: ObservedEvent): boolean {
  const { at, plan, state } = progress;
  const { eventType } = event;
  const isOpen = step.status === 'COMPENSATING' || step.status === 'UNDO_FAILED';
  const awaits = isOpen ? plan.compensation(step)?.awaits : undefined;
  if (awaits?.undoneBy.includes(eventType) !== true || awaits.isUndone?.(event) === false) return false;
  // Nobody has to be asked any more about this step.
  if (state.status === 'PARKED')
    progress.add({ type: 'CompensationStarted', data: { steps: [], reason: state.cause ?? '', at } });
  const { name, undoAttempts: attempts } = step;
  progress.add({ type: 'StepCompensated', data: { step: name, attempts, code: eventType, at } });
  return true;
}

/** What could not be undone is there: also where it was thought to be undone, or never to have been done. */
function isKeptBy(progress: Progress, plan: Plan, step: StepState, { eventType }: ObservedEvent): boolean {
  const { at } = progress;
  const { name, status, undoAttempts: attempts } = step;
  const awaits = plan.compensation(step)?.awaits;
  const isFailed = awaits?.failedBy.includes(eventType) === true;
  if (!isFailed && awaits?.againBy?.includes(eventType) !== true) return false;
  if (isFailed && status === 'COMPENSATING') {
    const error = { code: REFUSED_BY_EVENT, detail: eventType };
    progress.add({ type: 'CompensationFailed', data: { step: name, attempts, error, at } });
    return true;
  }
  if (status !== 'COMPENSATED' && status !== 'REFUSED') return false;
  progress.add({ type: 'StepSucceededLate', data: { step: name, at } });
  return true;
}
