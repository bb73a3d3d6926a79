/** From an aggregate's type and id to its actor: the one place that knows which binding holds which type. */
import type { AggregateKey } from '../queues/kernel/positions.ts';
import type { EventsMessage } from '../schemas/message.ts';
import { parseEventsMessage } from '../schemas/message.ts';
import type { Env } from './env.ts';

/** Aggregate types by name. */
export const AGGREGATE_TYPES = ['account'] as const;
export type AggregateType = (typeof AGGREGATE_TYPES)[number];

/** An account's actor. */
export function accountStub(env: Env, accountId: string) {
  return env.ACCOUNTS.getByName(accountId);
}

/** The actor of any aggregate, for what all actors answer: log, head, verification. Throws on an unknown type: a bug. */
export function actorStub(env: Env, { aggregateType, aggregateId }: AggregateKey) {
  if (aggregateType !== 'account') throw new Error(`no actor for aggregate type ${aggregateType}`);
  return accountStub(env, aggregateId);
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
