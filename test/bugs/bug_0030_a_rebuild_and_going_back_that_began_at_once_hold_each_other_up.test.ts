/**
 * Going back passes over a database where nothing was kept; a rebuild that began there in that very moment found the other one in
 * the next database. From then on each was refused for the other's sake, and only cancelling helped.
 */
import { expect, it } from 'vitest';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { readJob } from '../../queues/rebuild/job.ts';
import { advanceRebuild, startEverywhere, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { emptyViews } from '../support/emptyViews.ts';

const VIEWS = ['journal'] as const;
const REBUILD = { kind: 'rebuild', views: VIEWS } as const;
const REVERT = { kind: 'revert', views: VIEWS } as const;

/** Two databases, of which the second alone has something to go back to. */
async function partlyKept(lines: string[] = []): Promise<[RebuildDeps, RebuildDeps]> {
  const parts: [RebuildDeps, RebuildDeps] = [emptyViews(), emptyViews(lines)];
  await startRebuild(parts[1], { id: 'earlier', ...REBUILD });
  expect(await advanceRebuild(parts[1], () => false)).toMatchObject({ phase: 'SWITCHED' });
  return parts;
}

it('the order of the earlier database goes on everywhere', async () => {
  const lines: string[] = [];
  const parts = await partlyKept(lines);
  await startRebuild(parts[0], { id: 'a', ...REBUILD });
  expect(await startRebuild(parts[1], { id: 'b', ...REVERT })).toEqual({ ok: true });
  expect(await startEverywhere(parts, REVERT)).toMatchObject({ code: 'rebuild_in_progress' });
  expect(await startEverywhere(parts, REBUILD)).toEqual({ ok: true });
  expect(
    lines.map((line) => JSON.parse(line)),
    'whoever began the other is told by the log',
  ).toMatchObject([
    { job: 'b', kind: 'revert', views: 'journal', reason: 'rebuild of journal began elsewhere' },
  ]);
  for (const deps of parts) {
    expect(await readJob(deps.database)).toMatchObject({ job: 'a', kind: 'rebuild' });
    expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED' });
  }
});

it('what some database is at is not given up for an order that no earlier one has', async () => {
  const parts = await partlyKept();
  expect(await startEverywhere(parts, REVERT)).toEqual({ ok: true });
  expect(await startEverywhere(parts, REBUILD)).toMatchObject({ code: 'rebuild_in_progress' });
  expect(await readJob(parts[0].database)).toBeUndefined();
  expect(await readJob(parts[1].database)).toMatchObject({ kind: 'revert', phase: 'APPLYING' });
});

it('a rebuild goes on at once where going back begins between its look and its first step', async () => {
  const parts = await partlyKept();
  let hasBegun = false;
  const overtaken = {
    ...parts[1],
    database: new Proxy(parts[1].database, {
      get(database, name) {
        if (name !== 'batch') return Reflect.get(database, name);
        return async (statements: Parameters<typeof database.batch>[0]) => {
          if (!hasBegun) {
            hasBegun = true;
            await startRebuild(parts[1], { id: 'b', ...REVERT });
          }
          return database.batch(statements);
        };
      },
    }),
  };
  expect(await startEverywhere([parts[0], overtaken], REBUILD)).toEqual({ ok: true });
  expect(hasBegun).toBe(true);
  for (const deps of parts)
    expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED' });
});
