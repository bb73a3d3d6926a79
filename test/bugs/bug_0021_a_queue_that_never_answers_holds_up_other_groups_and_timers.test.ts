/**
 * The drain waited without end for a queue that neither stored an announcement nor refused it: no group was told anything any
 * more, and the alarm, which waits for the drain, kept the next timers from firing.
 */
import { expect, it } from 'vitest';
import { type GroupQueue, groupQueues, SEND_MS_MAX } from '../../actors/kernel/groupQueues.ts';
import { Outbox } from '../../actors/kernel/outbox.ts';
import { CONSUMER_GROUPS } from '../../schemas/consumerGroups.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { notedEvent } from '../support/storedEvent.ts';

/** A queue in a test's hands. */
class TestQueue implements GroupQueue {
  hangs = false;
  readonly heard: number[] = [];

  async sendBatch(messages: readonly { readonly body: string }[]): Promise<void> {
    if (this.hangs) await new Promise(() => undefined);
    for (const { body } of messages) this.heard.push(parseEventsMessage(body).toVersion);
  }
}

it('a queue that never answers has failed after a while: the drain ends, and the others are told what comes', async () => {
  const bindings = Object.values(CONSUMER_GROUPS).map(({ binding }) => binding);
  const queues = Object.fromEntries(bindings.map((binding) => [binding, new TestQueue()])) as Record<
    (typeof bindings)[number],
    TestQueue
  >;
  const running = new Map<() => void, number>();
  const groups = groupQueues(queues, 'order', (task, milliseconds) => {
    running.set(task, milliseconds);
    return () => void running.delete(task);
  });
  const log = [notedEvent(1)];
  const outbox = new Outbox(
    {
      source: { aggregateType: 'order', aggregateId: 'o' },
      groups,
      head: () => log.length,
      read: (from, limit) => log.slice(from - 1, from - 1 + limit),
      release: () => undefined,
      register: async () => undefined,
      now: () => 0,
    },
    0,
  );
  queues.VIEWS_QUEUE.hangs = true;
  const drained = outbox.drain();
  await new Promise((resolve) => setImmediate(resolve));
  // Only the one that hangs is still waited for.
  expect([...running.values()]).toEqual([SEND_MS_MAX]);
  for (const task of running.keys()) task();
  expect(await drained).toMatchObject({ message: `VIEWS_QUEUE did not answer within ${SEND_MS_MAX} ms` });
  expect([outbox.published, outbox.isBehind, running.size]).toEqual([0, true, 0]);

  log.push(notedEvent(2));
  await outbox.drain(0);
  expect(queues.SAGAS_QUEUE.heard).toEqual([1, 2]);

  queues.VIEWS_QUEUE.hangs = false;
  expect(await outbox.drain()).toBeUndefined();
  expect([queues.VIEWS_QUEUE.heard, queues.ARCHIVE_QUEUE.heard, outbox.published]).toEqual([[2], [1, 2], 2]);
});
