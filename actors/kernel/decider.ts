/** The shape of every aggregate's rules: three pure, synchronous functions over plain data. */
import type { Refusal } from '../../schemas/envelope.ts';

/**
 * A command as a decider sees it: `at` is when it was received, for a decider has no clock, and `sagaId` the saga that sent it,
 * where one did.
 */
export type Timed<Command> = Command & { readonly at: string; readonly sagaId?: string | undefined };

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

/** An event, and where the log has it. */
export interface Recorded<Event> {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly event: Event;
}

/**
 * Events of a stretch of a log, of which digests are kept: reading one takes a few milliseconds, and so does reading the
 * digests of a hundred.
 */
export const STRETCH_EVENTS = 1_000;

/** The value of one field of an event. */
export interface LoggedValue {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly value: string;
}

/** How a digest of a stretch is made, which is kept and never a source (`logDigests.ts`): a fold over one field. */
export interface DigestRecipe<Digest> {
  /** Names the digests in storage. */
  readonly name: string;
  /** Raised whenever another digest would be made of the same events. */
  readonly version: number;
  /** The field of the events' data that is read; events without it are left out. */
  readonly field: string;
  /** The digest of no value: plain JSON. */
  empty(): Digest;
  /**
   * The digest with the next value. It owns the digest it is given and may update it in place; since each command of a busy
   * aggregate runs it, it takes a fraction of a microsecond.
   */
  add(digest: Digest, value: LoggedValue): Digest;
}

/**
 * A long read, in pieces: it yields wherever the actor may answer others meanwhile. What it reads must have been recorded
 * before it began, so that nothing that comes in between changes its result.
 */
export type Paced<Result> = Generator<void, Result, void>;

/**
 * The aggregate's own log, for the few decisions that its state cannot make. It is read within the turn and includes what
 * the turn has decided so far, so that the same log always leads to the same decision.
 */
export interface History<State, Event> {
  /** Version of the newest event. */
  readonly version: number;
  /** The state as of a version; it is the caller's to keep. */
  stateAt(version: number): State;
  /** The event that made the thing of this id ({@link Decider.resourceIdOfEvent}). */
  created(resourceId: string): Recorded<Event> | undefined;
  /** Every event of the types in {@link Amending.events}, oldest first. */
  amendments(): readonly Recorded<Event>[];
  /**
   * Events of a type after a version, and up to another where one is given, that have one of some texts in a field: oldest
   * first, page by page, some of which may be empty. It is found in the stored bytes: a field that an upcast makes is not.
   */
  having(
    sought: { readonly type: string; readonly field: string; readonly values: readonly string[] },
    afterVersion: number,
    upToVersion?: number,
  ): Iterable<readonly Recorded<Event>[]>;
}

/** Rules of commands that are about what was recorded before: they see the log beside the state. */
export interface Amending<State, Event, Code extends string> {
  /** Types of these commands: {@link Decider.decide} never sees one. */
  readonly commands: readonly string[];
  /** Types of the events that say something else of an earlier one. An index finds them; other events pay nothing for it. */
  readonly events: readonly string[];
  decide(
    command: Timed<{ readonly type: string; readonly data: unknown }>,
    state: Readonly<State>,
    history: History<State, Event>,
  ): Decision<Event, Code>;
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
  /**
   * The timers that are running in this state, earliest first: derived from the log, so none can get lost. Each turn reads them
   * as far as the next one; where there may be thousands, `deadlines.ts` knows it without a look at all.
   */
  timers?(state: Readonly<State>): Iterable<Timer<Command>>;
  readonly amending?: Amending<State, Event, Code>;
  /** What is kept of every stretch of the log, for questions about long times of it. */
  readonly digest?: DigestRecipe<unknown>;
  /** The effects that are wanted in this state. The command that records an effect's outcome must end the want. */
  effects?(state: Readonly<State>): Iterable<Effect<unknown>>;
}

/** Any aggregate's decider. */
// biome-ignore lint/suspicious/noExplicitAny: the kernel handles every aggregate's decider alike and inspects no data
export type AnyDecider = Decider<any, any, any, any>;
