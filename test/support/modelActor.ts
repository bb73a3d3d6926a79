/** An aggregate in memory, as far as rules can tell: it remembers command ids for good, and its timers fire. */
import { isDeepStrictEqual } from 'node:util';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { timerCommandId } from '../../actors/kernel/timers.ts';
import { timeText } from '../../schemas/time.ts';

/** A command without an envelope. */
export interface ModelCommand {
  readonly type: string;
  readonly data: object;
}

export type ModelOutcome =
  | { readonly status: 'accepted' | 'replayed' }
  | { readonly status: 'refused'; readonly code: string; readonly detail: string };

/** One event as it was recorded. */
export interface ModelEvent extends ModelCommand {
  readonly version: number;
}

export class ModelActor<State> {
  readonly decider: AnyDecider;
  state: State;
  readonly events: ModelEvent[] = [];
  readonly #commands = new Map<string, ModelCommand>();

  constructor(decider: AnyDecider) {
    this.decider = decider;
    this.state = decider.initial() as State;
  }

  /** Decides one command at a time, in milliseconds since 1970. */
  execute(commandId: string, command: ModelCommand, now: number): ModelOutcome {
    const known =
      this.#commands.get(commandId) ?? this.#commands.get(`made ${this.decider.resourceId?.(command)}`);
    if (known !== undefined) {
      return isDeepStrictEqual(known, command)
        ? { status: 'replayed' }
        : { status: 'refused', code: 'command_id_reused', detail: 'Used before.' };
    }
    const decision = this.decider.decide({ ...command, at: timeText(now) }, this.state as object);
    if (!decision.accepted) return { status: 'refused', ...decision.refusal };
    for (const event of structuredClone(decision.events) as readonly ModelCommand[]) {
      this.state = this.decider.evolve(this.state as object, event);
      this.events.push({ ...event, version: this.events.length + 1 });
    }
    this.#commands.set(commandId, command);
    const made = this.decider.resourceId?.(command);
    if (made !== undefined) this.#commands.set(`made ${made}`, command);
    return { status: 'accepted' };
  }

  /** Fires the timers whose time has come. */
  fireTimers(now: number): void {
    for (const timer of [...(this.decider.timers?.(this.state as object) ?? [])]) {
      if (timer.dueAt <= now) this.execute(timerCommandId(timer), timer.command, now);
    }
  }

  /** The next moment at which a timer fires. */
  nextTimerAt(): number | undefined {
    const due = [...(this.decider.timers?.(this.state as object) ?? [])].map(({ dueAt }) => dueAt);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}
