/**
 * One aggregate that did not answer failed the sweep of its whole page, whose cursor then stayed for ever; and one whose log
 * could not be read failed everything that was delivered along with it, until all of it was given up.
 */
import { expect, it } from 'vitest';
import { consumeBatch, type QueueMessage } from '../../queues/kernel/consumer.ts';
import type { RunnerDeps } from '../../queues/kernel/deps.ts';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import { sweepPage } from '../../queues/kernel/sweep.ts';
import { createLogger } from '../../telemetry/logger.ts';

const logger = createLogger('test', 'error', () => undefined);
const keys = ['dead', 'well'].map((aggregateId) => ({ aggregateType: 'account', aggregateId }));

/** A runner over an empty database that remembers whose positions it was told to move. */
function runner(): { deps: RunnerDeps; moved: Set<string> } {
  const moved = new Set<string>();
  const deps: RunnerDeps = {
    database: {
      all: async () => [],
      batch: async (statements) => {
        const isMove = statements.some(({ sql }) => sql.includes('position_guard'));
        const text = isMove ? JSON.stringify(statements) : '';
        for (const { aggregateId } of keys) if (text.includes(aggregateId)) moved.add(aggregateId);
        return statements.map(() => []);
      },
    },
    projectors: [{ view: 'accounts', collector: () => ({ add: () => undefined, statements: () => [] }) }],
    logger,
    knowsEvent: () => true,
    readLog: async ({ aggregateId }) => {
      if (aggregateId === 'dead') throw new Error('does not answer');
      return [announcement({ aggregateType: 'account', aggregateId }, 1)];
    },
    newClaim: () => 'claim',
    now: () => 0,
  };
  return { deps, moved };
}

function announcement(key: AggregateKey, events: number) {
  const event = { version: 1, eventType: 'Any', schemaVersion: 1, recordedAt: 0, data: {}, hash: 'a' };
  return {
    ...key,
    fromVersion: 1,
    toVersion: 1,
    previousHash: '0',
    events: Array.from({ length: events }, () => ({ ...event, metadata: { correlationId: 'c' } })),
  };
}

it.each(['head', 'log'])('the sweep goes on without an owner that does not give its %s', async (missing) => {
  const { deps, moved } = runner();
  let saved = false;
  await sweepPage({
    directory: {
      sweepCursor: async () => null,
      list: async () => keys,
      saveSweepCursor: async () => {
        saved = true;
      },
    },
    parts: 1,
    logger,
    head: async ({ aggregateId }) => {
      if (missing === 'head' && aggregateId === 'dead') throw new Error('does not answer');
      return 1;
    },
    runnerDeps: () => deps,
  });
  expect([...moved]).toEqual(['well']);
  expect(saved).toBe(true);
});

it('only the messages that miss something are delivered again', async () => {
  const { deps, moved } = runner();
  const fates: string[] = [];
  const messages = keys.map((key): QueueMessage => {
    const { aggregateId: id } = key;
    const body = JSON.stringify(announcement(key, 0));
    const [ack, retry] = [() => fates.push(`${id} acked`), () => fates.push(`${id} retried`)];
    return { id, body, attempts: 1, ack, retry };
  });
  await consumeBatch({ parts: 1, logger, runnerDeps: () => deps, chance: () => 0 }, messages);
  expect([...moved]).toEqual(['well']);
  expect(fates).toEqual(['dead retried', 'well acked']);
});
