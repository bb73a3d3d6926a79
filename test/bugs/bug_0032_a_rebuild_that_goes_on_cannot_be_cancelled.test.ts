/**
 * Cancelling read where a rebuild stood and ended it there; where another caller had brought it on in between, the transaction was
 * taken back, and whoever had cancelled was answered with 500. A rebuild that is worked on is just what one wants to cancel.
 */
import { expect, it } from 'vitest';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { readJob } from '../../queues/rebuild/job.ts';
import { advanceRebuild, cancelRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { emptyViews } from '../support/emptyViews.ts';

const ORDER = { id: 'a', kind: 'rebuild', views: ['journal'] } as const;

/** The same database, in which `meanwhile` comes before the first transaction. */
function overtaken(deps: RebuildDeps, meanwhile: () => Promise<unknown>): RebuildDeps {
  let isFirst = true;
  const database = new Proxy(deps.database, {
    get(target, name) {
      if (name !== 'batch') return Reflect.get(target, name);
      return async (statements: Parameters<typeof target.batch>[0]) => {
        if (isFirst) {
          isFirst = false;
          await meanwhile();
        }
        return target.batch(statements);
      };
    },
  });
  return { ...deps, database };
}

it('ends though another caller brings it on meanwhile', async () => {
  const deps = emptyViews();
  await startRebuild(deps, ORDER);
  const before = await readJob(deps.database);
  let steps = 0;
  await cancelRebuild(overtaken(deps, () => advanceRebuild(deps, () => steps++ > 0)));
  expect(steps).toBe(2);
  const after = await readJob(deps.database);
  expect(after?.cursor).not.toEqual(before?.cursor);
  expect(after).toMatchObject({ phase: 'FAILED', reason: 'cancelled' });
});

it('is left as it is where it comes to its end by itself meanwhile', async () => {
  const deps = emptyViews();
  await startRebuild(deps, ORDER);
  await cancelRebuild(overtaken(deps, () => advanceRebuild(deps, () => false)));
  expect(await readJob(deps.database)).toMatchObject({ phase: 'SWITCHED', reason: null });
});

it('is not taken for another one that begins in its place meanwhile', async () => {
  const deps = emptyViews();
  await startRebuild(deps, ORDER);
  const replaced = async () => {
    await cancelRebuild(deps);
    await startRebuild(deps, { ...ORDER, id: 'b' });
  };
  await cancelRebuild(overtaken(deps, replaced));
  expect(await readJob(deps.database)).toMatchObject({ job: 'b', phase: 'CLEARING' });
});
