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

/** A command about a step, made when it is asked for. */
abstract class StepEffect implements Effect<CommandRequest> {
  protected readonly plan: Plan;
  protected readonly step: StepState;

  constructor(plan: Plan, step: StepState) {
    this.plan = plan;
    this.step = step;
  }

  get dueAt(): number {
    return this.step.dueAt;
  }

  abstract get effect(): string;
  abstract get request(): CommandRequest;
}

/** The command of a step. */
class Doing extends StepEffect {
  override get effect(): string {
    return `do ${this.step.name}`;
  }

  override get request(): CommandRequest {
    const { plan, step } = this;
    const { name, rounds } = step;
    const { sagaId } = plan;
    const command = plan.step(step).command?.(plan.context(step));
    if (command === undefined) throw new Error(`${name} has no command`);
    return { ...command, commandId: `saga ${sagaId} ${name}${rounds === 0 ? '' : ` ${rounds}`}`, sagaId };
  }
}

/** The command that undoes a step. */
class Undoing extends StepEffect {
  override get effect(): string {
    return `undo ${this.step.name} ${this.step.undoings}`;
  }

  override get request(): CommandRequest {
    const { plan, step, effect } = this;
    const { sagaId } = plan;
    const command = plan.compensation(step)?.command(plan.undoContext(step));
    if (command === undefined) throw new Error(`${step.name} has no compensation`);
    return { ...command, commandId: `saga ${sagaId} ${effect}`, sagaId };
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
  // Those of one stage begin together: they are in order already, or nearly.
  return running.sort((a, b) => a.dueAt - b.dueAt);
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
