/**
 * A rebuild reads logs in portions that several aggregates share. Where what was left of a portion was less than a row of the
 * live journal, the row was cut in two: the feed stayed right, and the rebuild reported differences that were none.
 */
import { expect, it } from 'vitest';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { FILL_EVENTS_MAX } from '../../queues/rebuild/fill.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteViews } from '../support/sqliteViews.ts';

const aggregateType = 'toy';
const hashOf = (version: number) => version.toString(16).padStart(64, '0');

/** What a log says after `from`, at most `limit` events. */
function messageOf(aggregateId: string, head: number, from = 0, limit = head): EventsMessage[] {
  const events = Array.from({ length: Math.max(0, Math.min(limit, head - from)) }, (_, index) => ({
    version: from + index + 1,
    eventType: 'Counted',
    schemaVersion: 1,
    recordedAt: 0,
    data: {},
    metadata: { correlationId: 'c' },
    hash: hashOf(from + index + 1),
  }));
  if (events.length === 0) return [];
  const previousHash = hashOf(from);
  return [
    {
      aggregateType,
      aggregateId,
      fromVersion: from + 1,
      toVersion: from + events.length,
      previousHash,
      events,
    },
  ];
}

it.each([FILL_EVENTS_MAX, FILL_EVENTS_MAX / 4, 7, 1])(
  'rows of the live journal are rebuilt whole in portions of %i',
  async (portion) => {
    // Together more than a portion: only a part of the second one's rows has room beside the first one's.
    const heads = new Map([
      ['first', [FILL_EVENTS_MAX * 0.75]],
      ['second', [FILL_EVENTS_MAX / 2, FILL_EVENTS_MAX]],
    ]);
    const headOf = (aggregateId: string) => heads.get(aggregateId)?.at(-1) ?? 0;
    const deps: RebuildDeps = {
      database: sqliteViews(),
      projectors,
      logger: createLogger('test', 'error', () => undefined),
      knowsEvent: () => true,
      readLog: async ({ aggregateId }, from, limit) =>
        messageOf(aggregateId, headOf(aggregateId), from - 1, limit),
      newClaim: () => crypto.randomUUID(),
      now: () => 0,
      portion: () => portion,
      letOthersGoFirst: async () => undefined,
      directoryParts: 1,
      directory: async () => [...heads.keys()].map((aggregateId) => ({ aggregateType, aggregateId })),
      owns: () => true,
      head: async ({ aggregateId }) => headOf(aggregateId),
      owner: async (_, version) => ({ state: {}, hash: hashOf(version) }),
    };
    for (const [aggregateId, ends] of heads) {
      for (const [index, end] of ends.entries())
        await project(deps, messageOf(aggregateId, end, ends[index - 1] ?? 0));
    }
    expect(await startRebuild(deps, { id: 'r', kind: 'rebuild', views: ['journal'] })).toEqual({ ok: true });
    expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED', differences: [] });
    const ranges = 'SELECT aggregate_id, from_version, to_version, position FROM';
    const rows = (colour: string) =>
      deps.database.all({ sql: `${ranges} journal_${colour} ORDER BY position`, parameters: [] });
    expect(await rows('green')).toEqual(await rows('blue'));
  },
);
