/** Rebuilds as tests run them, and what they leave behind in the tests' database. */
import { expect } from 'vitest';
import { project } from '../../queues/kernel/runner.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import type { RebuildJob } from '../../queues/rebuild/job.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { type RebuildKind, VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import { viewDatabases } from '../../workers/env.ts';
import { readFeed } from '../../workers/reads/feed.ts';
import { databaseOf, rowsOf, TestLog, testEnv, upTo } from './projection.ts';

/** Nobody asks for the rebuild to end. */
export const never = () => false;

/** Puts all tables of the tests' database back to how they were before anything happened. */
export async function emptyViews(): Promise<void> {
  const tables = VIEWS.flatMap((view) => [`${view}_blue`, `${view}_green`]);
  await databaseOf(0).batch(
    [...tables, 'views', 'view_positions', 'rebuilds', 'position_guard'].map((table) => ({
      sql: `DELETE FROM ${table}`,
      parameters: [],
    })),
  );
}

/** The views that the accounts of these tests are in. */
export const ACCOUNT_VIEWS: readonly ViewName[] = ['accounts', 'positions', 'trades', 'journal'];

let jobs = 0;

/** Runs a rebuild to its end. */
export async function rebuild(
  deps: RebuildDeps,
  views: readonly ViewName[] = VIEWS,
  kind: RebuildKind = 'rebuild',
): Promise<RebuildJob> {
  expect(await startRebuild(deps, { id: `job-${++jobs}`, kind, views })).toEqual({ ok: true });
  return (await advanceRebuild(deps, never)) as RebuildJob;
}

/** Accounts whose logs came in messages of differing length, some of them in one batch. */
export async function someAccounts(deps: (logs: TestLog[]) => RebuildDeps, count = 12): Promise<TestLog[]> {
  const logs = upTo(count).map((number) =>
    new TestLog(`acc-${number}`)
      .open()
      .trade(number * 3, 'IBM')
      .trade(number, 'MSFT'),
  );
  for (const [step, log] of logs.entries()) {
    const middle = 1 + (step % log.head);
    await project(deps(logs), log.messages(1, middle));
    await project(deps(logs), [...log.messages(middle + 1, log.head), ...log.messages(1, 1)]);
  }
  return logs;
}

/** Everything in a colour of the views, in the order of their keys. */
export async function contents(colour: 'blue' | 'green') {
  return {
    accounts: await rowsOf(0, `SELECT * FROM accounts_${colour} ORDER BY account_id`),
    positions: await rowsOf(0, `SELECT * FROM positions_${colour} ORDER BY account_id, symbol`),
    trades: await rowsOf(0, `SELECT * FROM trades_${colour} ORDER BY account_id, version`),
    journal: await rowsOf(0, `SELECT * FROM journal_${colour} ORDER BY position`),
    versions: await rowsOf(
      0,
      'SELECT view, aggregate_id, version, parked_version FROM view_positions WHERE colour = ? ORDER BY view, aggregate_id',
      colour,
    ),
  };
}

export const liveColours = async () =>
  Object.fromEntries(
    (await rowsOf<{ view: string; live: string }>(0, 'SELECT view, live FROM views')).map((row) => [
      row.view,
      row.live,
    ]),
  );

export const allIn = (colour: 'blue' | 'green') => Object.fromEntries(VIEWS.map((view) => [view, colour]));
export const ALL_GREEN = allIn('green');
export const ALL_BLUE = allIn('blue');

/** Reads the feed from a cursor to its end, as a client does; answers `id@version` each. */
export async function follow(after: readonly number[] = []) {
  const databases = viewDatabases(testEnv).slice(0, 1);
  const seen: string[] = [];
  for (let cursor = after; ; ) {
    const { events, next } = await readFeed(databases, cursor, { limit: 17 });
    if (events.length === 0) return { seen, next };
    seen.push(...events.map(({ aggregateId, event }) => `${aggregateId}@${event.version}`));
    cursor = next;
  }
}

export const allOf = (logs: readonly TestLog[]) =>
  logs.flatMap((log) => upTo(log.head).map((version) => `${log.aggregateId}@${version}`)).sort();
