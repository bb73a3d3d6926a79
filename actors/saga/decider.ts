/**
 * The rules of every saga, whatever its definition: which answers count, what is tried again, which of a timeout and a late
 * answer wins, and what is undone. Every command that a step sends has one id for good, so that a repeat is recognised.
 */
import type { ReceiverAnswer } from '../../schemas/envelope.ts';
import type { SagaCommand, SagaEvent, SagaRefusal, StepFault } from '../../schemas/saga.ts';
import { millisecondsOf, timeText } from '../../schemas/time.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';
import type { ObservedEvent, RetryPolicy, SagaDefinitions } from './definitions/definition.ts';
import { addSteps, hear, hearLapse } from './observing.ts';
import { Plan, stagesOf } from './plan.ts';
import { Progress } from './progress.ts';
import { retryDelay } from './retry.ts';
import { evolve, findStep, initial, type SagaState } from './state.ts';
import { type StepState, TIMED_OUT } from './step.ts';
import { observeUndoing } from './undoing.ts';
import { effects, timers } from './wants.ts';

export type { SagaState } from './state.ts';

type SagaDecision = Decision<SagaEvent, SagaRefusal>;
type Data<Type extends SagaCommand['type']> = Extract<SagaCommand, { type: Type }>['data'];

function refuse(code: SagaRefusal, detail: string): SagaDecision {
  return { accepted: false, refusal: { code, detail } };
}

/** What is new in a decision: a refusal, or undefined once events were added. */
type Refused = SagaDecision | undefined;

function answerStep(progress: Progress, step: StepState, answer: ReceiverAnswer): void {
  const { at, plan, state } = progress;
  const { retry, retryOn = [], doneOn = [], finalOn = [], awaits } = plan.step(step);
  const { name } = step;
  const attempts = step.attempts + 1;
  const isDone = answer.answer === 'refused' && doneOn.includes(answer.code);
  if (answer.answer === 'accepted' || isDone) {
    const waits = awaits !== undefined && !isDone && !state.backward;
    if (waits) progress.add({ type: 'StepAccepted', data: { step: name, attempts, at } });
    else progress.add({ type: 'StepCompleted', data: { step: name, attempts, eventType: null, at } });
    return;
  }
  const error = faultOf(answer);
  const isFinal = answer.answer === 'refused' && finalOn.includes(answer.code);
  const unheard = !isFinal && (step.unheard || answer.answer === 'none' || answer.unheard);
  const mayRetry = answer.answer === 'none' || retryOn.includes(answer.code);
  if (mayRetry && !state.backward && step.tries + 1 < retry.attemptsMax) {
    const retryAt = retryTime(progress, retry, step.tries + 1, name);
    progress.add({ type: 'StepPutOff', data: { step: name, attempts, error, unheard, retryAt, at } });
  } else if (answer.answer === 'none') {
    progress.add({ type: 'StepFailed', data: { step: name, attempts, error, at } });
  } else {
    progress.add({ type: 'StepRefused', data: { step: name, attempts, error, unheard, at } });
  }
}

function answerCompensation(progress: Progress, step: StepState, answer: ReceiverAnswer): void {
  const { at } = progress;
  const { name } = step;
  const attempts = step.undoAttempts + 1;
  const compensation = progress.plan.compensation(step);
  if (compensation === undefined) throw new Error(`${name} has no compensation`);
  const { retry, retryOn = [], undoneOn = [], calledOffOn = [], absentOn, awaits } = compensation;
  if (answer.answer === 'accepted' && awaits !== undefined) {
    const timeoutAt = timeText(millisecondsOf(at) + awaits.timeoutMs);
    progress.add({ type: 'CompensationAccepted', data: { step: name, attempts, timeoutAt, at } });
    return;
  }
  if (answer.answer === 'accepted') {
    progress.add({ type: 'StepCompensated', data: { step: name, attempts, code: null, at } });
    return;
  }
  if (answer.answer === 'refused' && undoneOn.includes(answer.code)) {
    progress.add({ type: 'StepCompensated', data: { step: name, attempts, code: answer.code, at } });
    return;
  }
  if (answer.answer === 'refused' && absentOn?.codes.includes(answer.code)) {
    answerAbsent(progress, step, faultOf(answer), absentOn.until(progress.plan.context(step)));
    return;
  }
  if (answer.answer === 'refused' && calledOffOn.includes(answer.code) && progress.isOnlyUndoing(step)) {
    const timeoutAt = progress.plan.timeoutAt(step, at);
    progress.add({
      type: 'CompensationCalledOff',
      data: { step: name, attempts, code: answer.code, timeoutAt, at },
    });
    return;
  }
  const error = faultOf(answer);
  const mayRetry = answer.answer === 'none' || retryOn.includes(answer.code);
  if (mayRetry && step.tries + 1 < retry.attemptsMax) {
    const retryAt = retryTime(progress, retry, step.tries + 1, `undo ${name}`);
    progress.add({ type: 'CompensationPutOff', data: { step: name, attempts, error, retryAt, at } });
  } else {
    progress.add({ type: 'CompensationFailed', data: { step: name, attempts, error, at } });
  }
}

/** Whom it is about is not there. An answer says what was so when it was asked for, however late it comes. */
function answerAbsent(progress: Progress, step: StepState, error: StepFault, until: number): void {
  const { at } = progress;
  const { name, dueAt } = step;
  const attempts = step.undoAttempts + 1;
  if (dueAt >= until) {
    progress.add({ type: 'StepCompensated', data: { step: name, attempts, code: error.code, at } });
  } else {
    const retryAt = timeText(until);
    progress.add({ type: 'CompensationPutOff', data: { step: name, attempts, error, retryAt, at } });
  }
}

function faultOf(answer: Exclude<ReceiverAnswer, { answer: 'accepted' }>) {
  return { code: answer.answer === 'none' ? 'no_answer' : answer.code, detail: answer.detail };
}

function retryTime({ at, state }: Progress, policy: RetryPolicy, attempt: number, what: string): string {
  return timeText(millisecondsOf(at) + retryDelay(policy, attempt, `${state.sagaId} ${what}`));
}

function recordAnswer(progress: Progress, { effect, answer }: Data<'RecordAnswer'>): Refused {
  const { at, state } = progress;
  const [verb, name = '', undoing] = effect.split(' ');
  const step = findStep(state, name);
  if (step !== undefined && verb === 'undo') {
    const isAsked = step.status === 'COMPENSATING' && !step.undoAccepted;
    if (!isAsked || String(step.undoings) !== undoing) return notRunning(effect);
    answerCompensation(progress, step, answer);
    return undefined;
  }
  if (step === undefined) return notRunning(effect);
  if (step.status === 'RUNNING') {
    answerStep(progress, step, answer);
    return undefined;
  }
  // The step was given up while its command was under way: now it is known that there is something to undo.
  if (answer.answer !== 'accepted' || step.succeeded || !state.backward) return notRunning(effect);
  progress.add({ type: 'StepSucceededLate', data: { step: name, at } });
  return undefined;
}

function notRunning(what: string): SagaDecision {
  return refuse('step_not_running', `Nothing of the kind is under way: ${what}.`);
}

function timeOut(progress: Progress, { step: name }: Data<'TimeOutStep'>): Refused {
  const { at, state } = progress;
  const step = findStep(state, name);
  if (step?.status === 'COMPENSATING' && step.undoAccepted) {
    const error = { code: TIMED_OUT, detail: 'Nothing has said what became of undoing it.' };
    progress.add({
      type: 'CompensationFailed',
      data: { step: name, attempts: step.undoAttempts, error, at },
    });
    return undefined;
  }
  if (step?.status !== 'RUNNING' && step?.status !== 'WAITING') return notRunning(name);
  progress.add({ type: 'StepTimedOut', data: { step: name, at } });
  return undefined;
}

function observe(progress: Progress, event: Data<'ObserveEvent'>): Refused {
  const { status } = progress.state;
  const { eventType } = event;
  const observed = { ...event, data: event.data as ObservedEvent['data'] };
  if (observeUndoing(progress, observed) || hearLapse(progress, observed)) return undefined;
  if (status === 'COMPLETED' || status === 'COMPENSATED')
    return refuse('saga_ended', `The saga is ${status}.`);
  const isMore = addSteps(progress, observed);
  const isHeard = hear(progress, observed);
  return isMore || isHeard ? undefined : refuse('event_not_awaited', `No step waits for ${eventType}.`);
}

function retrySaga(progress: Progress, { reason }: Data<'RetrySaga'>): Refused {
  const { at, state, plan } = progress;
  if (state.status !== 'PARKED') return refuse('saga_not_parked', `The saga is ${state.status}.`);
  const steps = failedSteps(state).map((step) => ({ step: step.name, timeoutAt: plan.timeoutAt(step, at) }));
  const status = state.backward ? 'COMPENSATING' : 'RUNNING';
  progress.add({ type: 'SagaRetried', data: { steps, status, reason, at } });
  return undefined;
}

/** What a parked saga could not do, or undo. */
function failedSteps({ stages, backward }: Readonly<SagaState>): StepState[] {
  return stages.flat().filter(({ status }) => (backward ? status === 'UNDO_FAILED' : FAILED.has(status)));
}

const FAILED: ReadonlySet<string> = new Set(['REFUSED', 'FAILED', 'TIMED_OUT']);

function compensateSaga(progress: Progress, data: Data<'CompensateSaga'>): Refused {
  const { status, backward } = progress.state;
  if (status === 'COMPLETED' || status === 'COMPENSATED')
    return refuse('saga_ended', `The saga is ${status}.`);
  if (backward) return retrySaga(progress, data);
  if (progress.plan.isPastPivot())
    return refuse('saga_past_pivot', 'The point of no return is passed: the saga can only go on.');
  progress.turnBack(data.reason);
  return undefined;
}

function settleSaga(progress: Progress, { reason }: Data<'SettleSaga'>): Refused {
  const { at, state, plan } = progress;
  if (state.status !== 'PARKED') return refuse('saga_not_parked', `The saga is ${state.status}.`);
  const failed = failedSteps(state);
  const other = failed.find((step) => plan.step(step).settleable !== true);
  if (other !== undefined)
    return refuse('step_not_settleable', `Only the saga itself can do ${other.name}, or undo it.`);
  const steps = failed.map(({ name }) => name);
  const status = state.backward ? 'COMPENSATING' : 'RUNNING';
  progress.add({ type: 'SagaSettled', data: { steps, status, reason, at } });
  return undefined;
}

function decide(
  command: Timed<SagaCommand>,
  state: Readonly<SagaState>,
  definitions: SagaDefinitions,
): SagaDecision {
  const planOf = (current: Readonly<SagaState>) =>
    new Plan(definitions.find(current.definition, current.definitionVersion), current);
  const progress = new Progress(state, command.at, planOf);
  const refused = react(command, progress, definitions);
  if (refused !== undefined) return refused;
  progress.proceed();
  const [first, ...rest] = progress.events;
  if (first === undefined) throw new Error(`${command.type} changed nothing`);
  return { accepted: true, events: [first, ...rest] };
}

function react(command: Timed<SagaCommand>, progress: Progress, definitions: SagaDefinitions): Refused {
  const { status } = progress.state;
  if (command.type === 'StartSaga') return start(progress, command.data, definitions);
  if (status === 'UNSTARTED') return refuse('saga_not_found', 'There is no such saga.');
  switch (command.type) {
    case 'RecordAnswer':
      return recordAnswer(progress, command.data);
    case 'TimeOutStep':
      return timeOut(progress, command.data);
    case 'ObserveEvent':
      return observe(progress, command.data);
    case 'RetrySaga':
      return retrySaga(progress, command.data);
    case 'CompensateSaga':
      return compensateSaga(progress, command.data);
    case 'SettleSaga':
      return settleSaga(progress, command.data);
  }
}

function start(progress: Progress, data: Data<'StartSaga'>, definitions: SagaDefinitions): Refused {
  if (progress.state.status !== 'UNSTARTED')
    return refuse('saga_already_started', 'A saga with this id has been started before.');
  const definition = definitions.newest(data.definition);
  if (definition === undefined)
    return refuse('saga_definition_unknown', `There is no saga ${data.definition}.`);
  const { name, version } = definition;
  const { sagaId } = data;
  const input = data.input as Record<string, unknown>;
  const stages = stagesOf(definition, input);
  const { at } = progress;
  progress.add({
    type: 'SagaStarted',
    data: { sagaId, definition: name, definitionVersion: version, input, stages, at },
  });
  return undefined;
}

/** The rules of sagas, as the kernel runs them, over the definitions that there are. */
export function sagaDecider(
  definitions: SagaDefinitions,
): Decider<SagaState, SagaCommand, SagaEvent, SagaRefusal> {
  return {
    aggregateType: 'saga',
    stateVersion: 6,
    initial,
    decide: (command, state) => decide(command, state, definitions),
    evolve,
    effects: (state) => effects(state, definitions),
    timers,
    reply: ([event]) => (event?.type === 'SagaStarted' ? { sagaId: event.data.sagaId } : {}),
    resourceId: (command) => (command.type === 'StartSaga' ? command.data.sagaId : undefined),
    resourceIdOfEvent: (event) => (event.type === 'SagaStarted' ? event.data.sagaId : undefined),
  };
}
