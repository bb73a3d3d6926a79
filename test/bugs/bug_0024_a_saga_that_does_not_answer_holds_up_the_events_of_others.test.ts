/**
 * The consumer of sagas waited for a saga for as long as that took: one whose object hung kept a whole batch from being acked,
 * and every event in it from the sagas after it.
 */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { QueueMessage } from '../../queues/kernel/consumer.ts';
import { consumeForSagas } from '../../queues/sagas/consumer.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Env } from '../../workers/env.ts';
import { TELL_MS_MAX } from '../../workers/inTime.ts';
import { sagaConsumerDeps } from '../../workers/sagas.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A message with the only event of a payment. */
function message(paymentId: string, fates: string[]): QueueMessage {
  const event = {
    version: 1,
    eventType: 'PaymentVoided',
    schemaVersion: 1,
    recordedAt: 0,
    data: {},
    metadata: { correlationId: 'c' },
    hash: '0'.repeat(64),
  };
  const range = { fromVersion: 1, toVersion: 1, previousHash: '0'.repeat(64), events: [event] };
  return {
    id: paymentId,
    body: JSON.stringify({ aggregateType: 'payment', aggregateId: paymentId, ...range }),
    attempts: 1,
    ack: () => void fates.push(`${paymentId} acked`),
    retry: () => void fates.push(`${paymentId} retried`),
  };
}

it('what is for other sagas is told, and what is for the one that hangs comes again', async () => {
  const told: string[] = [];
  const saga = (sagaId: string) => ({
    execute: () => {
      told.push(sagaId);
      return sagaId === 'fulfil-hangs'
        ? new Promise(() => undefined)
        : Promise.resolve([{ status: 'accepted' }]);
    },
  });
  const env = { SAGAS: { getByName: saga } } as unknown as Env;
  const logger = createLogger('test', 'error', () => undefined);
  const moved: string[] = [];
  const database = {
    all: async () => [],
    batch: async (statements: readonly object[]) => {
      moved.push(JSON.stringify(statements));
      return [];
    },
  };
  const deps = { ...sagaConsumerDeps(env, logger), databases: [database], chance: () => 0 };
  const fates: string[] = [];
  const consumed = consumeForSagas(deps, [message('hangs', fates), message('well', fates)]);
  await vi.advanceTimersByTimeAsync(TELL_MS_MAX);
  await consumed;
  expect(told.sort()).toEqual(['cancel-well', 'fulfil-hangs', 'fulfil-well']);
  expect(fates).toEqual(['hangs retried', 'well acked']);
  expect(moved.map((text) => [text.includes('well'), text.includes('hangs')])).toEqual([[true, false]]);
});
