/**
 * While accounts were the only aggregates, an id was enough to find the rows of a rebuilt journal that belong to an owner. An
 * order of the same id as an account made the rebuild compare the one's rows with the other's log, and fail.
 */
import { expect, it } from 'vitest';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteViews } from '../support/sqliteViews.ts';

const TYPES = ['toy', 'other'];
const hashOf = (aggregateType: string) => Buffer.from(aggregateType).toString('hex').padStart(64, '0');

const messageOf = (aggregateType: string): EventsMessage => ({
  aggregateType,
  aggregateId: 'same',
  fromVersion: 1,
  toVersion: 1,
  previousHash: '0'.repeat(64),
  events: [
    {
      version: 1,
      eventType: 'Counted',
      schemaVersion: 1,
      recordedAt: 0,
      data: {},
      metadata: { correlationId: 'c' },
      hash: hashOf(aggregateType),
    },
  ],
});

it('aggregates of one id and two types are rebuilt beside each other', async () => {
  const deps: RebuildDeps = {
    database: sqliteViews(),
    projectors,
    logger: createLogger('test', 'error', () => undefined),
    knowsEvent: () => true,
    readLog: async ({ aggregateType }) => [messageOf(aggregateType)],
    newClaim: () => crypto.randomUUID(),
    now: () => 0,
    portion: (full) => full,
    letOthersGoFirst: async () => undefined,
    directoryParts: 1,
    directory: async () => TYPES.map((aggregateType) => ({ aggregateType, aggregateId: 'same' })).sort(),
    owns: () => true,
    head: async () => 1,
    owner: async ({ aggregateType }) => ({ state: {}, hash: hashOf(aggregateType) }),
  };
  await project(deps, TYPES.map(messageOf));
  expect(await startRebuild(deps, { id: 'r', kind: 'rebuild', views: ['journal'] })).toEqual({ ok: true });
  expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED', differences: [] });
});
