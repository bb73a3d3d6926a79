/** From an aggregate's type and id to its actor, for whatever treats all aggregates alike. */
import type { LogPoint } from '../actors/kernel/eventLog.ts';
import type { EventPage, WantedPage } from '../actors/kernel/eventPage.ts';
import type { Told } from '../actors/kernel/outbox.ts';
import type { LogStanding, RestoreAnswer, RestoredRange } from '../actors/kernel/restoration.ts';
import type { ChainReport, VerifyRange } from '../actors/kernel/verify.ts';
import { type AggregateKey, keyOf } from '../queues/kernel/positions.ts';
import { AGGREGATES, isAggregateType } from '../schemas/aggregates.ts';
import type { CommandContext, CommandTarget } from '../schemas/envelope.ts';
import { placeOf } from '../schemas/location.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { takeEventsMessages } from '../schemas/message.ts';
import type { Env } from './env.ts';
import { inTime, TELL_MS_MAX } from './inTime.ts';

/** What every aggregate's actor answers over RPC (actors/kernel/eventSourcedActor.ts). */
export interface AggregateActor<State = unknown> extends Receiver, Owner<State> {}

/** An actor as whoever tells it something has it. */
export interface Receiver extends CommandTarget {
  executeBrief(commands: string, context: CommandContext): Promise<string>;
  announce(): Promise<void>;
  standing(version?: number): Promise<LogStanding>;
  hold(version: number, hash: string, holder?: number): Promise<RestoreAnswer>;
  restore(range: RestoredRange): Promise<RestoreAnswer>;
  release(version: number, hash: string, holder?: number): Promise<RestoreAnswer>;
}

/** An actor as whoever reads asks it: its own state and its log. */
export interface Owner<State = unknown> {
  read(asOf?: {
    version?: number;
    at?: number;
  }): Promise<{ state: State; version: number; hash: string; recordedAt: number } | null>;
  head(): Promise<number>;
  point(version: number): Promise<LogPoint>;
  events(fromVersion: number, limit: number): Promise<string>;
  eventPage(wanted: WantedPage): Promise<EventPage>;
  messages(fromVersion: number, limit: number): Promise<string[]>;
  verify(range?: VerifyRange): Promise<ChainReport>;
  told(): Promise<Told[]>;
  find(type: string, field: string, value: string): Promise<number | null>;
}

/** An account's actor. */
export function accountStub(env: Env, accountId: string) {
  return env.ACCOUNTS.getByName(accountId, placeOf(env));
}

/** The actor of any aggregate, for what all actors answer. Throws on an unknown type: a bug. */
export function actorStub(env: Env, { aggregateType, aggregateId }: AggregateKey): AggregateActor {
  if (!isAggregateType(aggregateType)) throw new Error(`no actor for aggregate type ${aggregateType}`);
  const namespace = env[AGGREGATES[aggregateType].binding];
  // Stubs wrap the types of their results, and are themselves thenable to the compiler alone.
  return namespace.getByName(aggregateId, placeOf(env)) as unknown as AggregateActor;
}

/** The same for commands and whatever else changes something. Rejects with {@link Unanswered} where the aggregate does not answer in time. */
export function receiverOf(env: Env, key: AggregateKey): Receiver {
  const actor = actorStub(env, key);
  const told = <Answer>(answer: Promise<Answer>) => inTime(keyOf(key), answer, TELL_MS_MAX);
  return {
    execute: (commands, context) => told(actor.execute(commands, context)),
    executeBrief: (commands, context) => told(actor.executeBrief(commands, context)),
    announce: () => told(actor.announce()),
    standing: (version) => told(actor.standing(version)),
    hold: (version, hash, holder) => told(actor.hold(version, hash, holder)),
    restore: (range) => told(actor.restore(range)),
    release: (version, hash, holder) => told(actor.release(version, hash, holder)),
  };
}

/** The same for reading: no question waits longer than a moment for its answer. */
export function ownerOf<State = unknown>(env: Env, key: AggregateKey): Owner<State> {
  const actor = actorStub(env, key) as AggregateActor<State>;
  const asked = <Answer>(answer: Promise<Answer>) => inTime(keyOf(key), answer);
  return {
    read: (asOf) => asked(actor.read(asOf)),
    head: () => asked(actor.head()),
    point: (version) => asked(actor.point(version)),
    events: (fromVersion, limit) => asked(actor.events(fromVersion, limit)),
    eventPage: (wanted) => asked(actor.eventPage(wanted)),
    messages: (fromVersion, limit) => asked(actor.messages(fromVersion, limit)),
    verify: (range) => asked(actor.verify(range)),
    told: () => asked(actor.told()),
    find: (type, field, value) => asked(actor.find(type, field, value)),
  };
}

/** An owner's log as messages, for projectors. */
export async function readLog(
  env: Env,
  key: AggregateKey,
  fromVersion: number,
  limit: number,
): Promise<EventsMessage[]> {
  return takeEventsMessages(await ownerOf(env, key).messages(fromVersion, limit));
}
