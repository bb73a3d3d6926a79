/** What an actor needs of the world around it. Production hands it a Durable Object's, the simulation its own model. */
import type { CommandContext } from '../../schemas/envelope.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AnyDecider, Effect } from './decider.ts';
import type { Source } from './messages.ts';
import type { ConsumerGroup } from './outbox.ts';
import type { ActorStorage } from './storage.ts';

/** A command without its id, as an effect's outcome. */
export interface OutcomeCommand {
  readonly type: string;
  readonly data: unknown;
}

/**
 * Carries an effect out and answers with the command that records its outcome. A throw means: again later. `again` says that
 * it may have been carried out before without being heard of, by an instance that is gone or in a try that threw.
 */
export type Perform = (
  effect: Effect<unknown>,
  context: CommandContext,
  again: boolean,
) => Promise<OutcomeCommand>;

/** The world of an actor: everything that it does outside its own memory. */
export interface ActorDeps {
  readonly source: Source;
  readonly decider: AnyDecider;
  readonly storage: ActorStorage;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs a task in the next macrotask, for group commit. */
  nextTurn(task: () => void): void;
  /** Runs a task after a while, unless the actor is evicted before. */
  after(task: () => void, milliseconds: number): void;
  /** Sets the object's one alarm; part of the running turn's transaction. */
  setAlarm(at: number): void;
  /** Whoever is told of the aggregate's events. */
  readonly groups: readonly ConsumerGroup[];
  /** Makes the aggregate known to the sweeper. */
  register(): Promise<void>;
  /**
   * Called in the transaction that appends, with the version of the first new event: what it stores is stored with the events,
   * and where it throws neither is.
   */
  readonly appended?: (fromVersion: number) => void;
  /** Called in the turn that appended: what it sends leaves once that is durable. */
  readonly committed?: () => void;
  /** Throws where the log is held for events that are still to come: then nothing is decided. */
  readonly requireFree?: () => void;
  /** Carries the decider's effects out, where it has any. */
  readonly perform?: Perform | undefined;
  /** A text that no other call has given. */
  uniqueId(): string;
}
