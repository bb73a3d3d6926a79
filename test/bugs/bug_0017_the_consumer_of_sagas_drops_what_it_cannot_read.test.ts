import { expect, it } from 'vitest';
import { consumeForSagas } from '../../queues/sagas/consumer.ts';

/** It acked such a message, so that nobody ever saw it: views and archive give it back until the dead letters keep it. */
it('a message that nobody can read is given back, and never acked', async () => {
  const said: string[] = [];
  const message = {
    id: 'm-1',
    body: 'no json',
    attempts: 1,
    ack: () => void said.push('ack'),
    retry: () => void said.push('retry'),
  };
  const unused = () => Promise.reject(new Error('nobody is told of it'));
  await consumeForSagas(
    {
      databases: [],
      logger: { enabled: () => true, log: () => undefined },
      readLog: unused,
      knowsEvent: () => true,
      execute: unused,
      chance: () => 0,
    },
    [message],
  );
  expect(said).toEqual(['retry']);
});
