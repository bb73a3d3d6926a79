/** What events say of undoings whose end is not the answer to their command. */
import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import { REFUSED_BY_EVENT, type StepState } from './step.ts';

/** Adds what an event says of an undoing; false where it says nothing of any. */
export function observeUndoing(progress: Progress, eventType: string): boolean {
  const { state, plan } = progress;
  if (!state.backward) return false;
  const steps = state.stages.flat();
  return steps.some(
    (step) => isUndoneBy(progress, step, eventType) || isKeptBy(progress, plan, step, eventType),
  );
}

function isUndoneBy(progress: Progress, step: StepState, eventType: string): boolean {
  const { at, plan, state } = progress;
  const isOpen = step.status === 'COMPENSATING' || step.status === 'UNDO_FAILED';
  if (!isOpen || plan.compensation(step)?.awaits?.undoneBy.includes(eventType) !== true) return false;
  // Nobody has to be asked any more about this step.
  if (state.status === 'PARKED')
    progress.add({ type: 'CompensationStarted', data: { steps: [], reason: state.cause ?? '', at } });
  const { name, undoAttempts: attempts } = step;
  progress.add({ type: 'StepCompensated', data: { step: name, attempts, code: eventType, at } });
  return true;
}

/** What could not be undone is there: also where it was thought to be undone, or never to have been done. */
function isKeptBy(progress: Progress, plan: Plan, step: StepState, eventType: string): boolean {
  const { at } = progress;
  const { name, status, undoAttempts: attempts } = step;
  if (plan.compensation(step)?.awaits?.failedBy.includes(eventType) !== true) return false;
  if (status === 'COMPENSATING') {
    const error = { code: REFUSED_BY_EVENT, detail: eventType };
    progress.add({ type: 'CompensationFailed', data: { step: name, attempts, error, at } });
    return true;
  }
  if (status !== 'COMPENSATED' && status !== 'REFUSED') return false;
  progress.add({ type: 'StepSucceededLate', data: { step: name, at } });
  return true;
}
