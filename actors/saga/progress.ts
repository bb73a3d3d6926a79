/**
 * One decision of a saga: what happened is added as events, folded as they are added, and what follows from them is added
 * after. A stage begins when the one before is done; where a step cannot be done, everything is undone in reverse.
 */
import type { SagaEvent } from '../../schemas/saga.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import type { EventVerdict } from './definitions/definition.ts';
import type { Plan } from './plan.ts';
import { evolve, type SagaState } from './state.ts';
import { REFUSED_BY_EVENT, type StepState } from './step.ts';

export class Progress {
  readonly events: SagaEvent[] = [];
  readonly at: string;
  state: Readonly<SagaState>;
  readonly #planOf: (state: Readonly<SagaState>) => Plan;

  constructor(state: Readonly<SagaState>, at: string, planOf: (state: Readonly<SagaState>) => Plan) {
    this.state = state;
    this.at = at;
    this.#planOf = planOf;
  }

  get plan(): Plan {
    return this.#planOf(this.state);
  }

  add(event: SagaEvent): void {
    this.events.push(event);
    this.state = evolve(this.state, event);
  }

  /** Adds whatever follows by itself, until the saga waits for something. */
  proceed(): void {
    while (this.#goesOn());
  }

  /** Turns the saga around. What waits for its next attempt will have none; what is on its way is waited for. */
  turnBack(reason: string): void {
    const { at } = this;
    const now = millisecondsOf(at);
    this.add({ type: 'CompensationStarted', data: { steps: [], reason, at } });
    for (const { name: step, status, attempts, dueAt, error, unheard } of this.state.stages.flat()) {
      if (status !== 'RUNNING' || error === null || dueAt <= now) continue;
      if (unheard) this.add({ type: 'StepFailed', data: { step, attempts, error, at } });
      else this.add({ type: 'StepRefused', data: { step, attempts, error, unheard, at } });
    }
  }

  /** An event has ended a step that began. */
  resolve({ name: step, attempts }: StepState, eventType: string, verdict: EventVerdict): void {
    const { at } = this;
    const error = { code: REFUSED_BY_EVENT, detail: eventType };
    if (verdict === 'refused') {
      this.add({ type: 'StepRefused', data: { step, attempts, error, unheard: false, at } });
      return;
    }
    if (verdict === 'given up') {
      this.add({ type: 'StepFailed', data: { step, attempts, error, at } });
      return;
    }
    this.add({ type: 'StepCompleted', data: { step, attempts, eventType, at } });
    if (verdict === 'ends the saga') this.add({ type: 'SagaCompleted', data: { at } });
  }

  /** Whether undoing this step is the first thing that the way back does. */
  isOnlyUndoing(step: StepState): boolean {
    return this.state.stages
      .flat()
      .every(
        (other) => other.name === step.name || !(other.status === 'RUNNING' || UNDONE.has(other.status)),
      );
  }

  #goesOn(): boolean {
    switch (this.state.status) {
      case 'RUNNING':
        return this.#goForward();
      case 'COMPENSATING':
        return this.#goBack();
      case 'COMPENSATED':
        // A step that was given up has succeeded after all.
        return this.state.stages.flat().some((step) => this.plan.needsUndoing(step)) && this.#goBack();
      case 'UNSTARTED':
      case 'COMPLETED':
      case 'PARKED':
        return false;
    }
  }

  #goForward(): boolean {
    const { at } = this;
    const stage = this.state.stages.find((steps) => steps.some(({ status }) => !DONE.has(status)));
    if (stage === undefined) {
      this.add({ type: 'SagaCompleted', data: { at } });
      return true;
    }
    const unbegun = stage.filter(({ status }) => status === 'PENDING');
    if (unbegun.length > 0) {
      this.#start(unbegun);
      return true;
    }
    for (const step of stage) if (this.#endsAtOnce(step)) return true;
    const failed = stage.filter(({ status }) => FAILED.has(status));
    const [first] = failed;
    if (first !== undefined && !this.plan.isPastPivot()) {
      this.turnBack(reasonOf(first));
      return true;
    }
    const parks = failed.length > 0 && !stage.some(({ status }) => ACTIVE.has(status));
    if (parks) this.park(failed);
    return parks;
  }

  #start(stage: readonly StepState[]): void {
    const { at, plan } = this;
    const steps = stage.map((step) => ({
      step: step.name,
      sends: plan.step(step).command !== undefined,
      timeoutAt: plan.timeoutAt(step, at),
    }));
    this.add({ type: 'StepsStarted', data: { steps, at } });
  }

  /** A step that waits for nothing is done, and so is one whose event came before it waited. */
  #endsAtOnce(step: StepState): boolean {
    if (step.status !== 'WAITING') return false;
    if (step.observed !== null) {
      this.resolve(step, step.observed.eventType, step.observed.verdict as EventVerdict);
      return true;
    }
    if (this.plan.step(step).awaits !== undefined) return false;
    const { name, attempts } = step;
    this.add({ type: 'StepCompleted', data: { step: name, attempts, eventType: null, at: this.at } });
    return true;
  }

  /** Undoes the latest stage that has something to undo; the ones before wait for it. */
  #goBack(): boolean {
    const { at, plan } = this;
    for (const stage of this.state.stages.toReversed()) {
      const steps = stage.filter((step) => plan.needsUndoing(step)).map(({ name }) => name);
      if (steps.length > 0) {
        const reason = this.state.cause ?? '';
        this.add({ type: 'CompensationStarted', data: { steps, reason, at } });
        return true;
      }
      if (stage.some(({ status }) => status === 'RUNNING' || status === 'COMPENSATING')) return false;
      const failed = stage.filter(({ status }) => status === 'UNDO_FAILED');
      if (failed.length > 0) {
        this.park(failed);
        return true;
      }
    }
    this.add({ type: 'SagaCompensated', data: { at } });
    return true;
  }

  /** An operator is asked about what could not be done, or undone. */
  park(failed: readonly StepState[]): void {
    const reason = reasonOf(failed[0] as StepState);
    const steps = failed.map(({ name }) => name);
    this.add({ type: 'SagaParked', data: { steps, reason, at: this.at } });
  }
}

const DONE: ReadonlySet<string> = new Set(['COMPLETED', 'SETTLED']);
const FAILED: ReadonlySet<string> = new Set(['REFUSED', 'FAILED', 'TIMED_OUT']);
const UNDONE: ReadonlySet<string> = new Set(['COMPENSATING', 'COMPENSATED', 'UNDO_FAILED']);
const ACTIVE: ReadonlySet<string> = new Set(['RUNNING', 'WAITING']);

/** What went wrong with a step, in a line: an event that said so is told by its name. */
function reasonOf({ name, error }: StepState): string {
  if (error === null) return name;
  return `${name}: ${error.code === REFUSED_BY_EVENT ? error.detail : error.code}`;
}
