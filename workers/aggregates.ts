/** From an aggregate's type and id to its actor, for whatever treats all aggregates alike. */
import type { ChainReport } from '../actors/kernel/verify.ts';
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { AGGREGATES, isAggregateType } from '../schemas/aggregates.ts';
import type { CommandContext, CommandTarget } from '../schemas/envelope.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { parseEventsMessage } from '../schemas/message.ts';
import type { Env } from './env.ts';

/** What every aggregate's actor answers over RPC (actors/kernel/eventSourcedActor.ts). */
export interface AggregateActor<State = unknown> extends CommandTarget {
  executeBrief(commands: string, context: CommandContext): Promise<string>;
  read(asOf?: {
    version?: number;
    at?: number;
  }): Promise<{ state: State; version: number; recordedAt: number } | null>;
  head(): Promise<number>;
  events(fromVersion: number, limit: number): Promise<string>;
  messages(fromVersion: number, limit: number): Promise<string[]>;
  verify(): Promise<ChainReport>;
}

/** An account's actor. */
export function accountStub(env: Env, accountId: string) {
  return env.ACCOUNTS.getByName(accountId);
}

/** The actor of any aggregate, for what all actors answer. Throws on an unknown type: a bug. */
export function actorStub(env: Env, { aggregateType, aggregateId }: AggregateKey): AggregateActor {
  if (!isAggregateType(aggregateType)) throw new Error(`no actor for aggregate type ${aggregateType}`);
  const namespace = env[AGGREGATES[aggregateType].binding];
  // Stubs wrap the types of their results, and are themselves thenable to the compiler alone.
  return namespace.getByName(aggregateId) as unknown as AggregateActor;
}

/** An owner's log as messages, for projectors. */
export async function readLog(
  env: Env,
  key: AggregateKey,
  fromVersion: number,
  limit: number,
): Promise<EventsMessage[]> {
  const texts = await actorStub(env, key).messages(fromVersion, limit);
  return texts.map(parseEventsMessage);
}
