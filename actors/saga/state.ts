/** The saga as its events tell it. The fold needs no definition: a trace can be read long after its definition is gone. */
import type { SagaEvent, SagaStatus } from '../../schemas/saga.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import { changed, doneIn, extended, isDone, type Stages, stepNamed } from './stages.ts';
import {
  begin,
  callOff,
  evolveStep,
  retry,
  type StepAddition,
  type StepState,
  settle,
  unbegun,
  undo,
} from './step.ts';

/**
 * Added steps of a stage that are kept when they are done, or up to twice as many: an order of 1,000 lines may be shipped in
 * 100 parts, and the state stands in the snapshot, which holds 1.9 MB. The trace of all is in the log.
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
  stages: Stages;
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

/** The step of a name; undefined where the saga has none. */
export function findStep({ stages }: Readonly<SagaState>, name: string): StepState | undefined {
  return stepNamed(stages, name);
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

/** The saga after an event. The one before stays as it is, and shares with it the steps that the event is not about. */
export function evolve(state: Readonly<SagaState>, event: SagaEvent): SagaState {
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
      return { ...state, status: 'PARKED', endedAt: null, reason: event.data.reason };
    case 'SagaRetried':
      return retried(state, event.data);
    case 'SagaSettled': {
      const { status, steps, at } = event.data;
      const named = steps.map((step) => ({ step }));
      return { ...state, status, stages: changed(state.stages, named, (step) => settle(step, at)) };
    }
    case 'SagaCompleted':
      return { ...ended(state, 'COMPLETED', event.data.at), reason: null };
    case 'SagaCompensated':
      return ended(state, 'COMPENSATED', event.data.at);
    case 'CompensationStarted':
      return turnedBack(state, event.data);
    case 'CompensationCalledOff': {
      const { attempts, timeoutAt } = event.data;
      const called = changed(state.stages, [event.data], (step) => callOff(step, attempts, timeoutAt));
      return { ...state, status: 'RUNNING', backward: false, cause: null, reason: null, stages: called };
    }
    case 'StepsStarted': {
      const { steps, at } = event.data;
      const begun = changed(state.stages, steps, (step, { sends, timeoutAt }) =>
        begin(step, sends, timeoutAt, at),
      );
      return { ...state, stages: begun };
    }
    case 'StepsAdded':
      return { ...state, stages: withAdded(state.stages, event.data.steps) };
    case 'StepCompleted': {
      const done = changed(state.stages, [event.data], (step) => evolveStep(step, event));
      return { ...state, stages: withoutManyDone(done) };
    }
    case 'StepAccepted':
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
      return { ...state, stages: changed(state.stages, [event.data], (step) => evolveStep(step, event)) };
  }
}

type Data<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>['data'];

function retried(state: Readonly<SagaState>, { status, steps, at }: Data<'SagaRetried'>): SagaState {
  const now = millisecondsOf(at);
  const stages = changed(state.stages, steps, (step, { timeoutAt }) =>
    retry(step, state.backward, now, millisecondsOf(timeoutAt)),
  );
  return { ...state, status, stages };
}

function turnedBack(
  state: Readonly<SagaState>,
  { steps, reason, at }: Data<'CompensationStarted'>,
): SagaState {
  const named = steps.map((step) => ({ step }));
  return {
    ...state,
    status: 'COMPENSATING',
    endedAt: null,
    backward: true,
    cause: reason,
    reason,
    stages: changed(state.stages, named, (step) => undo(step, at)),
  };
}

function withAdded(stages: Stages, steps: readonly StepAddition[]): Stages {
  const more = Map.groupBy(steps, ({ stage }) => stage);
  return stages.map((stage, index) => {
    const added = more.get(index)?.map(({ step, given }) => ({ ...unbegun(step), given }));
    return withoutFirstDone(added === undefined ? stage : extended(stage, added));
  });
}

/**
 * Shipments may come faster than their steps are done, so that these become too many as they end and not as others are added. Each
 * time as many are dropped as are kept: what is known of where steps stand has to be found out anew.
 */
function withoutManyDone(stages: Stages): Stages {
  const isLong = (stage: readonly StepState[]) => doneIn(stage) > 2 * DONE_KEPT;
  return stages.some(isLong)
    ? stages.map((stage) => (isLong(stage) ? withoutFirstDone(stage) : stage))
    : stages;
}

/** A stage without the first of the added steps that are done, where it has too many of them. */
function withoutFirstDone(stage: readonly StepState[]): readonly StepState[] {
  let more = doneIn(stage) - DONE_KEPT;
  return more <= 0 ? stage : stage.filter((step) => !(isDone(step) && more-- > 0));
}

/** The saga has ended: what never began, or waits for an event that no longer matters, will not be. */
function ended(state: Readonly<SagaState>, status: 'COMPLETED' | 'COMPENSATED', at: string): SagaState {
  const open = state.stages.flatMap((steps) =>
    steps.filter((step) => step.status === 'PENDING' || step.status === 'WAITING'),
  );
  const named = open.map(({ name: step }) => ({ step }));
  const stages = changed(state.stages, named, (step) => {
    step.status = 'SKIPPED';
  });
  return { ...state, status, endedAt: at, stages };
}
