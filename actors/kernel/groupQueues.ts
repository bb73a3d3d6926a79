/** The queues through which consumer groups are told, as the outbox sees them. */
import { CONSUMER_GROUPS, groupsFor, paceOf } from '../../schemas/consumerGroups.ts';
import { inTime, type StartTimer } from './inTime.ts';
import type { ConsumerGroup } from './outbox.ts';

/**
 * Milliseconds in which a queue has to store what it is sent. The other groups and the alarm with its timers wait for the drain,
 * so one that hangs is one that fails. What it has stored all the same is told twice, which consumers recognise.
 */
export const SEND_MS_MAX = 30_000;

/** The name of a queue's binding. */
type QueueBinding = (typeof CONSUMER_GROUPS)[keyof typeof CONSUMER_GROUPS]['binding'];

/** The part of a queue that is used. */
export interface GroupQueue {
  sendBatch(messages: { readonly body: string; readonly contentType: 'text' }[]): Promise<unknown>;
}

/** The groups that are told of the events of an aggregate's type. */
export function groupQueues(
  queues: Readonly<Record<QueueBinding, GroupQueue>>,
  aggregateType: string,
  startTimer: StartTimer,
): ConsumerGroup[] {
  return groupsFor(aggregateType).map((name) => {
    const { binding } = CONSUMER_GROUPS[name];
    const queue = queues[binding];
    return {
      name,
      ...paceOf(name),
      send: async (texts) => {
        const stored = queue.sendBatch(texts.map((body) => ({ body, contentType: 'text' })));
        await inTime(startTimer, binding, stored, SEND_MS_MAX);
      },
    };
  });
}
