/** Two callers of one failing drain each counted a failure, so that the pause before the next try grew twice as fast. */
import { expect, it } from 'vitest';
import { DRAIN_RETRY_FIRST_MS, Outbox } from '../../actors/kernel/outbox.ts';

it('a drain that several callers wait for fails once', async () => {
  const outbox = new Outbox(
    {
      source: { aggregateType: 'toy', aggregateId: 'a' },
      head: () => 1,
      read: () => [],
      release: () => undefined,
      groups: [{ name: 'views', send: async () => undefined }],
      now: () => 0,
      register: async () => {
        throw new Error('no directory');
      },
    },
    0,
  );
  const errors = await Promise.all([outbox.drain(), outbox.drain(), outbox.drain()]);
  expect(new Set(errors).size).toBe(1);
  expect(outbox.retryAt).toBe(DRAIN_RETRY_FIRST_MS);
});
