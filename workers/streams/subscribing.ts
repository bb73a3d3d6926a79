/** Whether a subscription can begin. */
import { mayReach } from '../access/decide.ts';
import { FORBIDDEN_DETAIL } from '../http/denial.ts';
import { type Connection, SUBSCRIPTIONS_MAX } from './connection.ts';
import type { SubscribeFrame } from './frames.ts';
import { type FrameError, invalid } from './incoming.ts';
import { TOPICS } from './topics.ts';

/** Why a subscription is refused before its aggregate is asked. `hasRoom`: whether the hub takes one more of a client. */
export function refusalOf(
  connection: Connection,
  frame: SubscribeFrame,
  hasRoom: (client: string) => boolean,
): FrameError | undefined {
  const { id, topic, aggregateType } = frame;
  const { operation, of } = TOPICS[topic];
  if (connection.subscriptions.has(id) || connection.opening.has(id)) {
    return invalid([{ path: 'id', message: 'is a subscription of this connection already' }]);
  }
  if (of !== undefined && !of.includes(aggregateType)) {
    return invalid([{ path: 'aggregateType', message: `must be one of ${of.join(', ')}` }]);
  }
  if (connection.subscriptions.size + connection.opening.size >= SUBSCRIPTIONS_MAX) {
    const detail = `A connection has at most ${SUBSCRIPTIONS_MAX} subscriptions.`;
    return { code: 'too_many_subscriptions', detail };
  }
  if (!hasRoom(connection.principal.userId)) {
    const detail =
      "The hub of the connection holds as many subscriptions as it can, or as is this client's share.";
    return { code: 'too_many_subscriptions', detail };
  }
  if (!mayReach(connection.principal, operation, frame)) {
    return { code: 'forbidden', detail: FORBIDDEN_DETAIL };
  }
  return undefined;
}

/** Why a subscription cannot begin; `head` is the version of the log, undefined where there is none, -1 where it is not known. */
export function startProblem(
  { aggregateType, aggregateId, afterVersion }: SubscribeFrame,
  head: number | undefined,
): FrameError | undefined {
  if (head === undefined) {
    return { code: 'aggregate_not_found', detail: `There is no ${aggregateType} ${aggregateId}.` };
  }
  if (head < 0) return { code: 'unavailable', detail: 'The aggregate does not answer now.' };
  if (afterVersion !== undefined && afterVersion > head) {
    return invalid([{ path: 'afterVersion', message: `must be at most ${head}, the version of the log` }]);
  }
  return undefined;
}
