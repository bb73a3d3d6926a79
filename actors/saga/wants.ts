/**
 * What a saga wants of the kernel: commands sent, and to be told when the time of a step is up. An order has thousands of steps
 * and each of its answers has the kernel look at what is wanted, so that nothing is made of a want until it is asked for.
 */
import type { CommandRequest } from '../../schemas/envelope.ts';
import type { SagaCommand } from '../../schemas/saga.ts';
import type { Effect, Timer } from '../kernel/decider.ts';
import type { SagaDefinitions } from './definitions/definition.ts';
import { Plan } from './plan.ts';
import type { SagaState } from './state.ts';
import type { StepState } from './step.ts';

/** What is sent now: every step that runs, and every one that is being undone. */
export function effects(
  state: Readonly<SagaState>,
  definitions: SagaDefinitions,
): readonly Effect<CommandRequest>[] {
  if (state.status !== 'RUNNING' && state.status !== 'COMPENSATING') return [];
  const plan = new Plan(definitions.find(state.definition, state.definitionVersion), state);
  const wanted: Effect<CommandRequest>[] = [];
  for (const stage of state.stages)
    for (const step of stage) {
      if (step.status === 'RUNNING') wanted.push(new Doing(plan, step));
      else if (step.status === 'COMPENSATING' && !step.undoAccepted) wanted.push(new Undoing(plan, step));
    }
  return wanted;
}

/** The command of a step. */
class Doing implements Effect<CommandRequest> {
  readonly #plan: Plan;
  readonly #step: StepState;

  constructor(plan: Plan, step: StepState) {
    this.#plan = plan;
    this.#step = step;
  }

  get dueAt(): number {
    return this.#step.dueAt;
  }

  get effect(): string {
    return `do ${this.#step.name}`;
  }

  get request(): CommandRequest {
    const step = this.#step;
    const { name, rounds } = step;
    const command = this.#plan.step(step).command?.(this.#plan.context(step));
    if (command === undefined) throw new Error(`${name} has no command`);
    const { sagaId } = this.#plan;
    return { ...command, commandId: `saga ${sagaId} ${name}${rounds === 0 ? '' : ` ${rounds}`}`, sagaId };
  }
}

/** The command that undoes a step. */
class Undoing implements Effect<CommandRequest> {
  readonly #plan: Plan;
  readonly #step: StepState;

  constructor(plan: Plan, step: StepState) {
    this.#plan = plan;
    this.#step = step;
  }

  get dueAt(): number {
    return this.#step.dueAt;
  }

  get effect(): string {
    return `undo ${this.#step.name} ${this.#step.undoings}`;
  }

  get request(): CommandRequest {
    const step = this.#step;
    const command = this.#plan.compensation(step)?.command(this.#plan.undoContext(step));
    if (command === undefined) throw new Error(`${step.name} has no compensation`);
    const { sagaId } = this.#plan;
    return { ...command, commandId: `saga ${sagaId} ${this.effect}`, sagaId };
  }
}

/** Every step that runs or waits, also for the end of its undoing, has a moment at which it is given up. */
export function timers(state: Readonly<SagaState>): readonly Timer<SagaCommand>[] {
  if (state.status !== 'RUNNING' && state.status !== 'COMPENSATING') return [];
  const running: Timer<SagaCommand>[] = [];
  for (const stage of state.stages)
    for (const step of stage) {
      const { status, undoAccepted } = step;
      const isUndone = status === 'COMPENSATING' && undoAccepted;
      if (!isUndone && status !== 'RUNNING' && (status !== 'WAITING' || state.backward)) continue;
      running.push(new Timeout(step));
    }
  return running;
}

class Timeout implements Timer<SagaCommand> {
  readonly #step: StepState;

  constructor(step: StepState) {
    this.#step = step;
  }

  get dueAt(): number {
    return this.#step.timeoutAt;
  }

  get timer(): string {
    return `timeout ${this.#step.name}`;
  }

  get command(): SagaCommand {
    return { type: 'TimeOutStep', data: { step: this.#step.name } };
  }
}
