/** The shape of every aggregate's rules: three pure, synchronous functions over plain data. */
import type { Refusal } from '../../schemas/envelope.ts';

/** A command as a decider sees it: `at` is when it was received, for a decider has no clock. */
export type Timed<Command> = Command & { readonly at: string };

/** At least one event, so that every accepted command id is in the log; or the first refusal that applies. */
export type Decision<Event, Code extends string> =
  | { readonly accepted: true; readonly events: readonly [Event, ...Event[]] }
  | { readonly accepted: false; readonly refusal: Refusal<Code> };

/** A named moment at which the aggregate wants a command of its own. */
export interface Timer<Command> {
  /** Unique among the aggregate's timers of the same moment. */
  readonly timer: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly command: Command;
}

/** Something to be done outside the aggregate, wanted by its state until an event ends the want. */
export interface Effect<Request> {
  /** Unique among the aggregate's effects, and the same however often it is performed: the receiver's idempotency key. */
  readonly effect: string;
  /** Not before then, milliseconds since 1970. To be tried again after a failure, an effect is wanted for later. */
  readonly dueAt: number;
  readonly request: Request;
}

export interface Decider<
  State,
  Command extends { readonly type: string; readonly data: unknown },
  Event extends { readonly type: string; readonly data: object },
  Code extends string = string,
> {
  readonly aggregateType: string;
  /**
   * Version of the state's shape. Snapshots carry it: raise it whenever `evolve` would give another state for the same
   * events, and old snapshots are ignored.
   */
  readonly stateVersion: number;
  initial(): State;
  /** Reads the state, never changes it. */
  decide(command: Timed<Command>, state: Readonly<State>): Decision<Event, Code>;
  /**
   * The state after the event. It owns the state it is given and may update it in place, since nothing else holds it:
   * copying a book of a thousand positions for every event would make a fold quadratic.
   */
  evolve(state: State, event: Event): State;
  /** The id of the thing that the command creates, where a repeat with that id must find the first (`tradeId`). */
  resourceId?(command: Command): string | undefined;
  /** The same id, read from the command's first event. */
  resourceIdOfEvent?(event: Event): string | undefined;
  /** What an answer says beyond the events. From the stored events alone, so that a replayed answer is the same. */
  reply?(events: readonly Event[]): Readonly<Record<string, unknown>>;
  /** The timers that are running in this state: derived from the log, so none can get lost. */
  timers?(state: Readonly<State>): Iterable<Timer<Command>>;
  /** The effects that are wanted in this state. The command that records an effect's outcome must end the want. */
  effects?(state: Readonly<State>): Iterable<Effect<unknown>>;
}
