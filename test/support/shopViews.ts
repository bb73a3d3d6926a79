/** The shop's views in two databases, as tests fill, empty and rebuild them. */
import { expect } from 'vitest';
import type { Random } from '../../demo/random.ts';
import { project } from '../../queues/kernel/runner.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import type { ViewName } from '../../schemas/tables/views.ts';
import { viewDatabases } from '../../workers/env.ts';
import { databaseOf, rebuildDeps, rowsOf, runnerDeps, type TestLog, testEnv } from './projection.ts';

/** View databases that aggregates are spread over. */
export const PARTS = 2;

/** The databases themselves, for what reads them. */
export const databases = viewDatabases(testEnv).slice(0, PARTS);

/** Everything as it was before anything happened. */
export async function emptyViews(views: readonly ViewName[]): Promise<void> {
  const tables = [...views, 'journal'].flatMap((view) => [`${view}_blue`, `${view}_green`]);
  for (let part = 0; part < PARTS; part++) {
    await databaseOf(part).batch(
      [...tables, 'views', 'view_positions', 'rebuilds'].map((table) => ({
        sql: `DELETE FROM ${table}`,
        parameters: [],
      })),
    );
  }
}

/** Brings messages to the databases that their aggregates are in. */
export async function apply(logs: readonly TestLog[], messages: readonly EventsMessage[]): Promise<void> {
  for (let part = 0; part < PARTS; part++) {
    const own = messages.filter(({ aggregateId }) => partOf(aggregateId, PARTS) === part);
    if (own.length > 0) await project(runnerDeps(part, logs), own);
  }
}

/** Brings everything that is in some logs. */
export function applyAll(...logs: TestLog[]): Promise<void> {
  return apply(
    logs,
    logs.flatMap((log) => log.messages()),
  );
}

/** Rebuilds views in every database: the rows are the same, and agree with the owners. */
export async function rebuildEverywhere(
  logs: readonly TestLog[],
  views: readonly ViewName[],
  id: string,
): Promise<void> {
  for (let part = 0; part < PARTS; part++) {
    const own = logs.filter(({ aggregateId }) => partOf(aggregateId, PARTS) === part);
    const contents = (colour: 'blue' | 'green') =>
      Promise.all(views.map((view) => rowsOf(part, `SELECT * FROM ${view}_${colour} ORDER BY 1, 2, 3`)));
    const before = await contents('blue');
    expect(await startRebuild(rebuildDeps(part, own), { id, kind: 'rebuild', views })).toEqual({ ok: true });
    const job = await advanceRebuild(rebuildDeps(part, own), () => false);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0, reason: null });
    expect(await contents('green')).toEqual(before);
  }
}

/** The messages of some logs as a bad day brings them: in pieces, some twice, some never, in no order. */
export function badDay(random: Random, logs: readonly TestLog[]): EventsMessage[] {
  const messages = logs.flatMap((log) => {
    const own: EventsMessage[] = [];
    for (let from = 1; from <= log.head; ) {
      const to = Math.min(log.head, from + random.integer(3));
      own.push(...log.messages(from, to));
      from = to + 1;
    }
    const kept = own.filter((_, index) => index === own.length - 1 || !random.chance(0.2));
    return [...kept, ...kept.filter(() => random.chance(0.3)), log.announcement()];
  });
  for (let index = messages.length - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    [messages[index], messages[other]] = [messages[other] as EventsMessage, messages[index] as EventsMessage];
  }
  return messages;
}
