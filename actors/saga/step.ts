/** One step of a saga's trace, as its events tell it. */
import type { SagaEvent, StepFault, StepStatus } from '../../schemas/saga.ts';
import { millisecondsOf } from '../../schemas/time.ts';

/** The code of a step that was taken and then could not be done: an event said so. */
export const REFUSED_BY_EVENT = 'refused_by_event';

/** The code of a step, or of its undoing, whose time was up. */
export const TIMED_OUT = 'timed_out';

/** One step of the trace. */
export interface StepState {
  readonly name: string;
  status: StepStatus;
  /** Attempts that were answered or given up. */
  attempts: number;
  /** The same of its compensation. */
  undoAttempts: number;
  /** Attempts since an operator last let it try again: what the policy counts. */
  tries: number;
  /** Whether its command may have been sent without being heard of, and whether it was heard to have succeeded. */
  unheard: boolean;
  succeeded: boolean;
  startedAt: string | null;
  endedAt: string | null;
  error: StepFault | null;
  /** When its command, or its compensation, is sent next: milliseconds since 1970. */
  dueAt: number;
  /** When it is given up: milliseconds since 1970. */
  timeoutAt: number;
  /** Whether it sends a command. */
  sends: boolean;
  /** What an event said of it before it waited for one. */
  observed: { eventType: string; verdict: string } | null;
  /** How often it was begun anew after an event had said that it could not be done: each time is another command. */
  rounds: number;
  /** How often it had to be undone: another time where it succeeded late, or where an event said that undoing it failed. */
  undoings: number;
  /** Whether the command that undoes it was taken, and the event that says what became of it is to come. */
  undoAccepted: boolean;
  /** What the event said that added it; null where it was there from the beginning. */
  readonly given: Readonly<Record<string, unknown>> | null;
  /** Whether undoing it was called off: what it is about has begun, and cannot be undone any more. */
  calledOff: boolean;
}

/** A step that has not begun. */
export function unbegun(name: string): StepState {
  return {
    name,
    status: 'PENDING',
    attempts: 0,
    undoAttempts: 0,
    tries: 0,
    unheard: false,
    succeeded: false,
    startedAt: null,
    endedAt: null,
    error: null,
    dueAt: 0,
    timeoutAt: 0,
    sends: false,
    observed: null,
    rounds: 0,
    undoings: 0,
    undoAccepted: false,
    calledOff: false,
    given: null,
  };
}

/** A step that an event adds to a stage. */
export type StepAddition = Extract<SagaEvent, { type: 'StepsAdded' }>['data']['steps'][number];

/** The step begins. */
export function begin(step: StepState, sends: boolean, timeoutAt: string, at: string): void {
  step.status = sends ? 'RUNNING' : 'WAITING';
  step.sends = sends;
  step.startedAt = at;
  step.dueAt = millisecondsOf(at);
  step.timeoutAt = millisecondsOf(timeoutAt);
}

/** An operator lets it try again. */
export function retry(step: StepState, backward: boolean, now: number, timeoutAt: number): void {
  if (backward) step.status = 'COMPENSATING';
  else step.status = step.sends ? 'RUNNING' : 'WAITING';
  if (backward) undoAnew(step);
  else if (step.error?.code === REFUSED_BY_EVENT) {
    step.rounds++;
    // Another command has another end; who only waits may have heard of it by now.
    if (step.sends) step.observed = null;
  }
  step.endedAt = null;
  step.tries = 0;
  step.dueAt = Math.max(now, step.dueAt + 1);
  step.timeoutAt = timeoutAt;
}

/** An undoing that was taken has had its end: another one has another command. */
function undoAnew(step: StepState): void {
  if (step.undoAccepted || step.error?.code === REFUSED_BY_EVENT) step.undoings++;
  step.undoAccepted = false;
}

/** What it did is to be undone. */
export function undo(step: StepState, at: string): void {
  step.status = 'COMPENSATING';
  step.endedAt = null;
  step.tries = 0;
  step.undoings++;
  step.undoAccepted = false;
  step.dueAt = millisecondsOf(at);
}

/** It is being done after all: it waits on, until `timeoutAt`. */
export function callOff(step: StepState, attempts: number, timeoutAt: string): void {
  triedToUndo(step, attempts);
  step.status = 'WAITING';
  step.calledOff = true;
  step.endedAt = null;
  step.error = null;
  step.timeoutAt = millisecondsOf(timeoutAt);
}

/** An operator has taken care of it otherwise. */
export function settle(step: StepState, at: string): void {
  end(step, 'SETTLED', at);
}

function end(step: StepState, status: StepStatus, at: string): void {
  step.status = status;
  step.endedAt = at;
}

function tried(step: StepState, attempts: number, error: StepFault | null): void {
  step.tries += attempts - step.attempts;
  step.attempts = attempts;
  step.error = error;
}

function triedToUndo(step: StepState, attempts: number): void {
  step.tries += attempts - step.undoAttempts;
  step.undoAttempts = attempts;
}

/** What an event said has been acted upon: the next one is heard again. */
function forgetRefusal(step: StepState): void {
  if (step.error?.code === REFUSED_BY_EVENT) step.observed = null;
}

/** A want that is repeated needs a later moment: its outcome would be taken for a repeat otherwise. */
function putOff(step: StepState, retryAt: string): void {
  step.dueAt = Math.max(millisecondsOf(retryAt), step.dueAt + 1);
}

/** Events about one step that change nothing else. */
type StepEvent = Exclude<Extract<SagaEvent, { data: { step: string } }>, { type: 'CompensationCalledOff' }>;

/** The step after an event. */
export function evolveStep(step: StepState, event: StepEvent): void {
  switch (event.type) {
    case 'StepAccepted':
      tried(step, event.data.attempts, null);
      step.succeeded = true;
      step.status = 'WAITING';
      return;
    case 'StepCompleted':
      tried(step, event.data.attempts, null);
      step.succeeded = true;
      end(step, 'COMPLETED', event.data.at);
      return;
    case 'StepPutOff':
      tried(step, event.data.attempts, event.data.error);
      step.unheard ||= event.data.unheard;
      putOff(step, event.data.retryAt);
      return;
    case 'StepRefused':
      tried(step, event.data.attempts, event.data.error);
      step.unheard = event.data.unheard;
      forgetRefusal(step);
      end(step, 'REFUSED', event.data.at);
      return;
    case 'StepFailed':
      tried(step, event.data.attempts, event.data.error);
      step.unheard = true;
      forgetRefusal(step);
      end(step, 'FAILED', event.data.at);
      return;
    case 'StepTimedOut':
      step.error = { code: TIMED_OUT, detail: 'The time of the step is up.' };
      end(step, 'TIMED_OUT', event.data.at);
      return;
    case 'EventObserved':
      step.observed = { eventType: event.data.eventType, verdict: event.data.verdict };
      return;
    case 'StepSucceededLate':
      step.succeeded = true;
      // What undid nothing, or is about to, has something to undo now.
      if (step.status === 'COMPENSATING') undo(step, event.data.at);
      else if (step.status === 'COMPENSATED' || step.status === 'REFUSED')
        end(step, 'COMPLETED', event.data.at);
      return;
    case 'StepCompensated':
      triedToUndo(step, event.data.attempts);
      end(step, 'COMPENSATED', event.data.at);
      return;
    case 'CompensationAccepted':
      triedToUndo(step, event.data.attempts);
      step.undoAccepted = true;
      step.timeoutAt = millisecondsOf(event.data.timeoutAt);
      return;
    case 'CompensationPutOff':
      triedToUndo(step, event.data.attempts);
      step.error = event.data.error;
      putOff(step, event.data.retryAt);
      return;
    case 'CompensationFailed':
      triedToUndo(step, event.data.attempts);
      step.error = event.data.error;
      end(step, 'UNDO_FAILED', event.data.at);
      return;
  }
}
