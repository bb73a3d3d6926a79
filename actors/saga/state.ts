/** The saga as its events tell it. The fold needs no definition: a trace can be read long after its definition is gone. */
import type { SagaEvent, SagaStatus } from '../../schemas/saga.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import {
  begin,
  callOff,
  evolveStep,
  retry,
  type StepAddition,
  type StepState,
  unbegun,
  undo,
} from './step.ts';

/**
 * Added steps of a stage that are kept when they are done: an order of 1,000 lines may be shipped in 100 parts, and the state
 * stands in the snapshot, which holds 1.9 MB. The trace of all is in the log.
 */
const DONE_KEPT = 1_000;

/** The saga as its events tell it. */
export interface SagaState {
  status: 'UNSTARTED' | SagaStatus;
  sagaId: string;
  definition: string;
  definitionVersion: number;
  input: Record<string, unknown>;
  startedAt: string;
  endedAt: string | null;
  /** Whether it is on its way back; kept while it is parked. */
  backward: boolean;
  /** Why it turned back. */
  cause: string | null;
  /** The same, or why it was parked last; null where all is well. */
  reason: string | null;
  stages: StepState[][];
}

/** The saga before its first event. */
export function initial(): SagaState {
  return {
    status: 'UNSTARTED',
    sagaId: '',
    definition: '',
    definitionVersion: 0,
    input: {},
    startedAt: '',
    endedAt: null,
    backward: false,
    cause: null,
    reason: null,
    stages: [],
  };
}

/** A copy that can be folded on without touching the original. */
export function copyOf(state: Readonly<SagaState>): SagaState {
  return { ...state, stages: state.stages.map((stage) => stage.map((step) => ({ ...step }))) };
}

/** The step of a name; undefined where the saga has none. */
export function findStep(state: Readonly<SagaState>, name: string): StepState | undefined {
  for (const stage of state.stages) for (const step of stage) if (step.name === name) return step;
  return undefined;
}

/** The step's name in the definition, and the key behind it. */
export function partsOf(name: string): { base: string; key: string } {
  const colon = name.indexOf(':');
  return colon < 0 ? { base: name, key: '' } : { base: name.slice(0, colon), key: name.slice(colon + 1) };
}

/** The name of a step for a key; the empty text is none. */
export function stepName(base: string, key: string): string {
  return key === '' ? base : `${base}:${key}`;
}

function stepOf(state: SagaState, name: string): StepState {
  const step = findStep(state, name);
  if (step === undefined) throw new Error(`the saga has no step ${name}`);
  return step;
}

/** The saga after an event. */
export function evolve(state: SagaState, event: SagaEvent): SagaState {
  switch (event.type) {
    case 'SagaStarted': {
      const { sagaId, definition, definitionVersion, input, stages, at } = event.data;
      return {
        ...initial(),
        status: 'RUNNING',
        sagaId,
        definition,
        definitionVersion,
        input,
        startedAt: at,
        stages: stages.map((names) => names.map(unbegun)),
      };
    }
    case 'SagaParked':
      state.status = 'PARKED';
      state.reason = event.data.reason;
      return state;
    case 'SagaRetried':
      state.status = event.data.status;
      for (const { step, timeoutAt } of event.data.steps) {
        retry(stepOf(state, step), state.backward, millisecondsOf(event.data.at), millisecondsOf(timeoutAt));
      }
      return state;
    case 'SagaCompleted':
      end(state, 'COMPLETED', event.data.at);
      state.reason = null;
      return state;
    case 'SagaCompensated':
      end(state, 'COMPENSATED', event.data.at);
      return state;
    case 'CompensationStarted':
      state.status = 'COMPENSATING';
      state.endedAt = null;
      state.backward = true;
      state.cause = event.data.reason;
      state.reason = event.data.reason;
      for (const name of event.data.steps) undo(stepOf(state, name), event.data.at);
      return state;
    case 'CompensationCalledOff':
      goForward(state);
      callOff(stepOf(state, event.data.step), event.data.attempts, event.data.timeoutAt);
      return state;
    case 'StepsStarted':
      for (const { step, sends, timeoutAt } of event.data.steps)
        begin(stepOf(state, step), sends, timeoutAt, event.data.at);
      return state;
    case 'StepsAdded':
      addSteps(state, event.data.steps);
      return state;
    case 'StepAccepted':
    case 'StepCompleted':
    case 'StepPutOff':
    case 'StepRefused':
    case 'StepFailed':
    case 'StepTimedOut':
    case 'EventObserved':
    case 'StepSucceededLate':
    case 'StepCompensated':
    case 'CompensationAccepted':
    case 'CompensationPutOff':
    case 'CompensationFailed':
      evolveStep(stepOf(state, event.data.step), event);
      return state;
  }
}

/** What was about to be undone is being done after all. */
function goForward(state: SagaState): void {
  state.status = 'RUNNING';
  state.backward = false;
  state.cause = null;
  state.reason = null;
}

function addSteps({ stages }: SagaState, steps: readonly StepAddition[]): void {
  for (const { stage, step, given } of steps) stages[stage]?.push({ ...unbegun(step), given });
  for (const stage of stages) forgetDone(stage);
}

/** Takes the first of the added steps out of a stage that are done, where it has too many of them. */
function forgetDone(stage: StepState[]): void {
  let more = stage.filter(isDone).length - DONE_KEPT;
  for (let index = 0; more > 0; ) {
    if (!isDone(stage[index] as StepState)) index++;
    else {
      stage.splice(index, 1);
      more--;
    }
  }
}

function isDone({ given, status }: StepState): boolean {
  return given !== null && status === 'COMPLETED';
}

/** The saga has ended: what never began, or waits for an event that no longer matters, will not be. */
function end(state: SagaState, status: 'COMPLETED' | 'COMPENSATED', at: string): void {
  state.status = status;
  state.endedAt = at;
  for (const step of state.stages.flat())
    if (step.status === 'PENDING' || step.status === 'WAITING') step.status = 'SKIPPED';
}
