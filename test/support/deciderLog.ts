/** Logs that live in the test and grow by commands: what an aggregate's own rules make of them. */
import type { Decider, Timed } from '../../actors/kernel/decider.ts';
import { type Folding, TestLog } from './projection.ts';

interface Message {
  readonly type: string;
  readonly data: object;
}

/** The log of an aggregate of any type. */
export class DeciderLog<State, Command extends Message, Event extends Message> extends TestLog {
  override readonly aggregateType: string;
  readonly #rules: Decider<State, Command, Event>;

  constructor(rules: Decider<State, Command, Event>, aggregateId: string) {
    super(aggregateId);
    this.#rules = rules;
    this.aggregateType = rules.aggregateType;
  }

  protected override get decider(): Folding {
    return this.#rules as unknown as Folding;
  }

  /** As its events tell it. */
  get state(): State {
    return (this.ownState(this.head)?.state ?? this.#rules.initial()) as State;
  }

  /** Adds what a command leads to. Throws where it is refused: a mistake of the test. */
  run(command: Command): this {
    const at = new Date(this.now).toISOString();
    const decision = this.#rules.decide({ ...command, at } as Timed<Command>, this.state);
    if (!decision.accepted) throw new Error(decision.refusal.detail);
    for (const { type, data } of decision.events) this.add(type, data);
    return this;
  }
}
