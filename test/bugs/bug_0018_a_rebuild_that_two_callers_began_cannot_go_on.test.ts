/**
 * Two callers that began the same rebuild at once could give it a name of their own in different databases. From then on every
 * further call found another rebuild in progress, and only cancelling helped.
 */
import { expect, it } from 'vitest';
import { advanceRebuild, startEverywhere, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { emptyViews } from '../support/emptyViews.ts';

it('a rebuild has come to its end whoever began it where', async () => {
  const parts = [emptyViews(), emptyViews()];
  const order = { kind: 'rebuild', views: ['journal'] } as const;
  for (const [index, deps] of parts.entries()) await startRebuild(deps, { id: `of-${index}`, ...order });
  expect(await startEverywhere(parts, order)).toEqual({ ok: true });
  for (const deps of parts)
    expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED' });
  expect(await startEverywhere(parts, { ...order, views: ['trades'] })).toEqual({ ok: true });
  expect(await startEverywhere(parts, order)).toMatchObject({ code: 'rebuild_in_progress' });
});
