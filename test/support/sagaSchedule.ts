/**
 * One saga and the aggregates that it commands, on a network that may do anything: commands are lost, late, repeated and
 * overtake each other, answers are lost, the saga's instance dies with all that it waits for, time passes at the wrong moment.
 */

import type { Effect } from '../../actors/kernel/decider.ts';
import { effectCommandId } from '../../actors/kernel/effects.ts';
import { type SagaState, sagaDecider } from '../../actors/saga/decider.ts';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import type { Random } from '../../demo/random.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { ModelActor, type ModelCommand, type ModelOutcome } from './modelActor.ts';

/** When every schedule begins. */
const EPOCH = Date.UTC(2026, 0, 5, 9, 0, 0);

/** A command on its way: whoever sent it may be gone. */
interface Sent {
  readonly effect: Effect<unknown>;
  readonly request: CommandRequest;
  readonly instance: number;
  readonly again: boolean;
}

/** What may happen to the saga from outside of its steps. */
export interface Faults {
  /** Probabilities of 0 to 1 at each step of the schedule. */
  readonly lost: number;
  readonly unanswered: number;
  readonly repeated: number;
  readonly crashes: number;
  readonly timePasses: number;
}

export const NO_FAULTS: Faults = { lost: 0, unanswered: 0, repeated: 0, crashes: 0, timePasses: 0 };

/** The platform around one saga. */
export class SagaSchedule {
  now = EPOCH;
  readonly saga: ModelActor<SagaState>;
  readonly actors: ReadonlyMap<string, ModelActor<unknown>>;
  readonly #random: Random;
  #faults: Faults;
  #wire: Sent[] = [];
  #performing = new Set<string>();
  #inherited = new Set<string>();
  #instance = 0;
  /** Called after everything that changed an aggregate. */
  readonly #check: () => void;

  constructor(
    random: Random,
    faults: Faults,
    definitions: SagaDefinitions,
    actors: ReadonlyMap<string, ModelActor<unknown>>,
    check: () => void,
  ) {
    this.#random = random;
    this.#faults = faults;
    this.saga = new ModelActor<SagaState>(sagaDecider(definitions));
    this.actors = actors;
    this.#check = check;
  }

  start(sagaId: string, definition: string, input: object): void {
    this.tell(`start ${sagaId}`, { type: 'StartSaga', data: { sagaId, definition, input } });
  }

  /** Sends the saga a command. */
  tell(commandId: string, command: ModelCommand): ModelOutcome {
    return this.saga.execute(commandId, command, this.now);
  }

  get isOver(): boolean {
    return this.#wire.length === 0 && !['RUNNING', 'COMPENSATING'].includes(this.saga.state.status);
  }

  /** One thing that could happen next. */
  step(): void {
    const { crashes, timePasses } = this.#faults;
    if (this.#random.chance(crashes)) this.crash();
    else if (this.#random.chance(timePasses)) this.pass(this.#random.integer(30_000));
    else this.#work();
  }

  #work(): void {
    this.#perform();
    if (this.#wire.length === 0) this.pass(this.#untilNext());
    else this.#deliver(this.#random.integer(this.#wire.length));
  }

  /** From now on nothing fails; what is on its way arrives. */
  calm(): void {
    this.#faults = NO_FAULTS;
  }

  #effects(): Effect<unknown>[] {
    return [...(this.saga.decider.effects?.(this.saga.state) ?? [])];
  }

  #perform(): void {
    for (const effect of this.#effects()) {
      const id = effectCommandId(effect);
      if (effect.dueAt > this.now || this.#performing.has(id)) continue;
      this.#performing.add(id);
      const again = this.#inherited.has(id);
      const sent = { effect, request: effect.request as CommandRequest, instance: this.#instance, again };
      this.#wire.push(sent);
      if (this.#random.chance(this.#faults.repeated)) this.#wire.push(sent);
    }
  }

  #deliver(index: number): void {
    const [sent] = this.#wire.splice(index, 1) as [Sent];
    const { request, again } = sent;
    if (this.#random.chance(this.#faults.lost)) {
      this.#answer(sent, NONE);
      return;
    }
    if (this.#random.chance(this.#faults.unanswered)) {
      // The sender gives up now; the command itself arrives some time later.
      if (sent.instance === this.#instance) this.#answer(sent, NONE);
      this.#wire.push({ ...sent, instance: GONE });
      return;
    }
    const actor = this.actors.get(`${request.aggregateType} ${request.aggregateId}`);
    if (actor === undefined) throw new Error(`no ${request.aggregateType} ${request.aggregateId}`);
    const outcome = actor.execute(request.commandId, request, this.now);
    this.#check();
    const lostAnswer = this.#random.chance(this.#faults.unanswered);
    this.#answer(sent, lostAnswer ? NONE : answerOf(outcome, again));
  }

  #answer({ effect, instance }: Sent, answer: ReceiverAnswer): void {
    if (instance !== this.#instance) return;
    const data = { effect: effect.effect, answer };
    this.tell(effectCommandId(effect), { type: 'RecordAnswer', data });
  }

  /** The saga's instance dies with all that it waits for; what it sent goes its way. */
  crash(): void {
    this.#instance++;
    this.#performing.clear();
    this.#inherited = new Set(this.#effects().map(effectCommandId));
  }

  #untilNext(): number {
    const due = [
      ...this.#effects().map(({ dueAt }) => dueAt),
      ...[this.saga, ...this.actors.values()].flatMap((actor) => actor.nextTimerAt() ?? []),
    ].filter((at) => at > this.now);
    return due.length === 0 ? 1_000 : Math.min(...due) - this.now;
  }

  /** Lets time go by. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const actor of [this.saga, ...this.actors.values()]) actor.fireTimers(this.now);
    this.#check();
  }
}

/** The instance of a command that nobody waits for. */
const GONE = -1;
const NONE: ReceiverAnswer = { answer: 'none', detail: 'network connection lost' };

function answerOf(outcome: ModelOutcome, again: boolean): ReceiverAnswer {
  if (outcome.status !== 'refused') return { answer: 'accepted' };
  const { code, detail } = outcome;
  return { answer: 'refused', code, detail, unheard: again };
}
