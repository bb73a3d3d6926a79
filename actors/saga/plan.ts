/** What a saga's definition says of its steps. */
import { millisecondsOf, timeText } from '../../schemas/time.ts';
import type {
  AnySagaDefinition,
  Compensation,
  ObservedEvent,
  SagaDefinition,
  StepContext,
  StepDefinition,
  UndoContext,
} from './definitions/definition.ts';
import { partsOf, type SagaState, stepName } from './state.ts';
import type { StepAddition, StepState } from './step.ts';

// biome-ignore lint/suspicious/noExplicitAny: the engine hands a definition the input it was started with, and looks into neither
type AnyStep = StepDefinition<any>;
// biome-ignore lint/suspicious/noExplicitAny: the same
type AnyContext = StepContext<any>;
// biome-ignore lint/suspicious/noExplicitAny: the same
type AnyUndoContext = UndoContext<any>;

/**
 * The steps of a new saga by name, stage by stage; a step for nothing is left out, and so is a stage that has none and to which
 * no event will add any.
 */
export function stagesOf<Input>(definition: SagaDefinition<Input>, input: Input): string[][] {
  return stagesFor(definition, input).map((stage) => stage.flatMap((step) => namesOf(step, input)));
}

function stagesFor<Input>({ stages }: SagaDefinition<Input>, input: Input) {
  return stages.filter((stage) =>
    stage.some((step) => step.addedBy !== undefined || namesOf(step, input).length > 0),
  );
}

function namesOf<Input>({ name, each, addedBy }: StepDefinition<Input>, input: Input): string[] {
  if (addedBy !== undefined) return [];
  return each === undefined ? [name] : each(input).map((key) => stepName(name, key));
}

/** The steps of each definition by their names: every answer asks for some. */
const STEPS = new WeakMap<AnySagaDefinition, ReadonlyMap<string, AnyStep>>();

function stepsByName(definition: AnySagaDefinition): ReadonlyMap<string, AnyStep> {
  const steps = STEPS.get(definition) ?? new Map(definition.stages.flat().map((step) => [step.name, step]));
  STEPS.set(definition, steps);
  return steps;
}

/** A definition applied to a saga. */
export class Plan {
  readonly #definition: AnySagaDefinition;
  readonly #steps: ReadonlyMap<string, AnyStep>;
  readonly #state: Readonly<SagaState>;

  constructor(definition: AnySagaDefinition, state: Readonly<SagaState>) {
    this.#definition = definition;
    this.#steps = stepsByName(definition);
    this.#state = state;
  }

  get sagaId(): string {
    return this.#state.sagaId;
  }

  step({ name }: StepState): AnyStep {
    const { base } = partsOf(name);
    const found = this.#steps.get(base);
    if (found === undefined) throw new Error(`the definition has no step ${base}`);
    return found;
  }

  context({ name, rounds, given }: StepState): AnyContext {
    const { sagaId, input, startedAt } = this.#state;
    return { sagaId, input, startedAt, key: partsOf(name).key, round: rounds, given: given ?? {} };
  }

  /** The steps that an event adds, and the stages that they belong to. */
  addedBy(event: ObservedEvent): StepAddition[] {
    return stagesFor(this.#definition, this.#state.input).flatMap((steps, stage) =>
      steps.flatMap(({ name, addedBy }) => {
        if (addedBy?.eventTypes.includes(event.eventType) !== true) return [];
        return addedBy.steps(event).map(({ key, given }) => ({ stage, step: stepName(name, key), given }));
      }),
    );
  }

  undoContext(step: StepState): AnyUndoContext {
    return { ...this.context(step), reason: this.#state.cause ?? '', undoing: step.undoings };
  }

  compensation(step: StepState): Compensation<unknown> | undefined {
    return this.step(step).compensation;
  }

  /** Whether an event may say of any step that what it had done did not last: of most it does not, and steps are many. */
  anyLapsesBy(eventType: string): boolean {
    return this.#definition.stages
      .flat()
      .some(({ awaits }) => awaits?.lapsesBy?.includes(eventType) === true);
  }

  /** When the step is given up that begins at `at`. */
  timeoutAt(step: StepState, at: string): string {
    return timeText(millisecondsOf(at) + this.step(step).timeoutMs(this.context(step)));
  }

  /** Whether the point of no return is passed, or may be: then nothing is undone. */
  isPastPivot(): boolean {
    if (this.#definition.forwardOnly === true) return true;
    return this.#state.stages
      .flat()
      .some((step) => this.step(step).pivot === true && (step.given !== null || mayBeDone(step)));
  }

  /** Whether there is something of the step to undo that is not being undone. */
  needsUndoing(step: StepState): boolean {
    return mayHaveDone(step) && this.compensation(step) !== undefined;
  }
}

/** Whether the step did something, or may have or may yet, that is not being undone. */
function mayHaveDone(step: StepState): boolean {
  switch (step.status) {
    case 'COMPLETED':
    case 'FAILED':
    case 'TIMED_OUT':
      return true;
    case 'WAITING':
      return step.succeeded;
    case 'REFUSED':
      return step.unheard;
    case 'PENDING':
    case 'RUNNING':
    case 'COMPENSATING':
    case 'COMPENSATED':
    case 'UNDO_FAILED':
    case 'SETTLED':
    case 'SKIPPED':
      return false;
  }
}

/** Whether what the step does is done, or may be. */
function mayBeDone({ status, sends, unheard, calledOff }: StepState): boolean {
  switch (status) {
    case 'COMPLETED':
    case 'SETTLED':
      return true;
    case 'RUNNING':
    case 'WAITING':
    case 'FAILED':
    case 'TIMED_OUT':
      return sends || calledOff;
    case 'REFUSED':
      return unheard;
    case 'PENDING':
    case 'COMPENSATING':
    case 'COMPENSATED':
    case 'UNDO_FAILED':
    case 'SKIPPED':
      return false;
  }
}
