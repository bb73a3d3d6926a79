/**
 * Two callers that began the same rebuild at once could give it a name of their own in different databases. From then on every
 * further call found another rebuild in progress, and only cancelling helped.
 */
import { expect, it } from 'vitest';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { advanceRebuild, startEverywhere, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteViews } from '../support/sqliteViews.ts';

const partOfNothing = (): RebuildDeps => ({
  database: sqliteViews(),
  projectors,
  logger: createLogger('test', 'error', () => undefined),
  knowsEvent: () => true,
  readLog: async () => [],
  newClaim: () => crypto.randomUUID(),
  now: () => 0,
  directoryParts: 1,
  directory: async () => [],
  owns: () => true,
  head: async () => 0,
  owner: async () => undefined,
});

it('a rebuild has come to its end whoever began it where', async () => {
  const parts = [partOfNothing(), partOfNothing()];
  const order = { kind: 'rebuild', views: ['journal'] } as const;
  for (const [index, deps] of parts.entries()) await startRebuild(deps, { id: `of-${index}`, ...order });
  expect(await startEverywhere(parts, order)).toEqual({ ok: true });
  for (const deps of parts)
    expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED' });
  expect(await startEverywhere(parts, { ...order, views: ['trades'] })).toEqual({ ok: true });
  expect(await startEverywhere(parts, order)).toMatchObject({ code: 'rebuild_in_progress' });
});
