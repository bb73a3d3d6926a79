/** A consumer that remembers where views stand: it asks less, and is never believed. */
import { describe, expect, it } from 'vitest';
import type { Statement } from '../../queues/kernel/database.ts';
import { resumeKnown } from '../../queues/kernel/parked.ts';
import { REMEMBERED_MAX, RememberedStandings } from '../../queues/kernel/rememberedStandings.ts';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { advanceRebuild, cancelRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import {
  databaseOf,
  everyViewAt,
  positionsOf,
  rebuildDeps,
  rowsOf,
  runnerDeps,
  storedVersions,
  TestLog,
  upTo,
} from '../support/projection.ts';

/** A consumer of some logs: what it asked of the database, `read` or `moved`, and the messages that it has taken. */
function consumer(...logs: TestLog[]) {
  const asked: string[] = [];
  const database = databaseOf(0);
  const batch = (statements: readonly Statement[]) => {
    asked.push(statements.some(({ sql }) => sql.includes('position_guard')) ? 'moved' : 'read');
    return database.batch(statements);
  };
  const remembered = new RememberedStandings(projectors);
  const deps = { ...runnerDeps(0, logs, { database: { ...database, batch } }), remembered };
  return {
    asked,
    deps,
    take: async (log: TestLog, from: number, to: number) => {
      asked.length = 0;
      await project(deps, log.messages(from, to));
      return [...asked];
    },
  };
}

/** Brings the rows of an account to where they were at version 2, or at none. */
async function putBack(id: string, version: number): Promise<void> {
  await rowsOf(0, 'DELETE FROM trades_blue WHERE account_id = ? AND version > ?', id, version);
  await rowsOf(0, 'DELETE FROM journal_blue WHERE aggregate_id = ? AND from_version > ?', id, version);
  await rowsOf(0, 'UPDATE view_positions SET version = ? WHERE aggregate_id = ?', version, id);
  if (version > 0) return;
  for (const table of ['accounts', 'positions'])
    await rowsOf(0, `DELETE FROM ${table}_blue WHERE account_id = ?`, id);
  await rowsOf(0, 'DELETE FROM view_positions WHERE aggregate_id = ?', id);
}

/** Ends a call after one step. */
function once(): () => boolean {
  let steps = 0;
  return () => ++steps > 1;
}

/** All views of an account at one version, and each event once. */
async function expectWhole(log: TestLog, version = log.head): Promise<void> {
  const { aggregateId } = log;
  expect(await positionsOf(0, aggregateId)).toEqual(everyViewAt(version));
  expect(await storedVersions(0, aggregateId)).toEqual({
    journal: upTo(version),
    trades: upTo(version).slice(1),
  });
}

describe('a consumer that remembers', () => {
  it('asks once, and then only moves what each message goes on from', async () => {
    const log = new TestLog('known').open().trade(9);
    const { take } = consumer(log);
    expect(await take(log, 1, 3)).toEqual(['read', 'moved']);
    expect(await take(log, 4, 4)).toEqual(['moved']);
    expect(await take(log, 5, 10)).toEqual(['moved']);
    await expectWhole(log);
  });

  it('asks again for what does not go on where it stands: a duplicate, a hole, and what it does not know', async () => {
    const [log, other] = [new TestLog('gaps').open().trade(9), new TestLog('gaps-2').open()];
    const { take, deps, asked } = consumer(log, other);
    await take(log, 1, 3);
    expect(await take(log, 2, 3)).toEqual(['read']);
    expect(await take(log, 8, 10)).toEqual(['read', 'moved']);
    expect(deps.reads).toEqual(['gaps@4']);
    asked.length = 0;
    await project(deps, [...log.trade().messages(11), ...other.messages()]);
    expect(asked).toEqual(['read', 'moved']);
    await expectWhole(log);
  });

  it('loses the race where another has taken the same message, and applies nothing twice', async () => {
    const log = new TestLog('raced').open().trade(5);
    const [one, other] = [consumer(log), consumer(log)];
    await one.take(log, 1, 3);
    await other.take(log, 1, 3);
    expect(await other.take(log, 4, 5)).toEqual(['moved']);
    expect(await one.take(log, 4, 5)).toEqual(['moved', 'read']);
    expect(await one.take(log, 6, 6)).toEqual(['moved']);
    await expectWhole(log);
  });

  it('counts what it lost to another as there already', async () => {
    const log = new TestLog('counted').open().trade(5);
    const [one, other] = [consumer(log), consumer(log)];
    await one.take(log, 1, 3);
    await project(other.deps, log.messages(1, 5));
    expect(await project(one.deps, log.messages(4, 6))).toMatchObject({ applied: 4, skipped: 2 });
  });

  it.each([
    ['an earlier version', 2],
    ['before its first event', 0],
  ])('fills from the log what a database lacks that was put back to %s', async (_, version) => {
    const id = `back-${version}`;
    const log = new TestLog(id).open().trade(9);
    const { take, deps } = consumer(log);
    await take(log, 1, 2);
    await take(log, 3, 4);
    await putBack(id, version);
    expect(await take(log, 5, 10)).toEqual(['moved', 'read', 'moved']);
    expect(deps.reads).toEqual([`${id}@${version + 1}`]);
    await expectWhole(log);
  });

  it('remembers nothing of what is parked, so that it goes on once it may', async () => {
    const log = new TestLog('parked').open().add('TradeExecuted', { cash: '1' }).trade(2);
    const { take, deps } = consumer(log);
    await take(log, 1, 4);
    expect(await positionsOf(0, 'parked')).toMatchObject({ journal: 4, trades: 1 });
    expect((await take(log, 4, 4))[0]).toBe('read');
    await rowsOf(0, "UPDATE view_positions SET parked_version = NULL WHERE aggregate_id = 'parked'");
    await resumeKnown(deps);
    const mended = new TestLog('parked').open().trade(4);
    await consumer(mended).take(mended, 1, 5);
    await take(mended, 5, 5);
    expect(await positionsOf(0, 'parked')).toMatchObject({ journal: 5, trades: 5 });
  });

  it('moves the colour that is being built along as soon as it is level, and the right one after the switch', async () => {
    const log = new TestLog('built').open().trade(20);
    const { take } = consumer(log);
    await take(log, 1, 4);
    const rebuild = rebuildDeps(0, [log]);
    await startRebuild(rebuild, { id: 'r-1', kind: 'rebuild', views: ['trades', 'journal'] });
    // It learns of the rebuild by losing a race, and of its end as well.
    expect(await take(log, 5, 5)).toEqual(['moved', 'read', 'moved']);
    const isBuilding = async () =>
      (await rowsOf(0, "SELECT 1 FROM views WHERE view = 'trades' AND building")).length > 0;
    while (!(await isBuilding())) await advanceRebuild(rebuild, once());
    expect(await take(log, 6, 6)).toEqual(['moved', 'read', 'moved']);
    // Nothing is remembered until the new colour is level.
    expect(await take(log, 7, 7)).toEqual(['read', 'moved']);
    for (let version = 8; version < 15; version++) {
      await advanceRebuild(rebuild, once());
      await take(log, version, version);
    }
    await advanceRebuild(rebuild, () => false);
    await take(log, 15, 21);
    const rows = await rowsOf<{ n: number }>(
      0,
      "SELECT count(*) AS n FROM trades_green WHERE account_id = 'built'",
    );
    expect(rows).toEqual([{ n: 20 }]);
    expect(await rowsOf(0, "SELECT live FROM views WHERE view = 'trades'")).toEqual([{ live: 'green' }]);
  });

  it('goes on after a rebuild was cancelled', async () => {
    const log = new TestLog('given-up').open().trade(9);
    const { take } = consumer(log);
    await take(log, 1, 4);
    await startRebuild(rebuildDeps(0, [log]), { id: 'r-2', kind: 'rebuild', views: ['accounts'] });
    await take(log, 5, 6);
    await cancelRebuild(rebuildDeps(0, [log]));
    expect(await take(log, 7, 8)).toEqual(['moved', 'read', 'moved']);
    expect(await take(log, 9, 9)).toEqual(['moved']);
    const [position] = await rowsOf<{ version: number }>(
      0,
      "SELECT version FROM view_positions WHERE aggregate_id = 'given-up' AND view = 'accounts' AND colour = 'blue'",
    );
    expect(position?.version).toBe(9);
  });

  it('forgets what was used longest ago', () => {
    const memory = new RememberedStandings(projectors);
    const targets = [{ view: 'journal', colour: 'blue', role: 'live' }] as const;
    const keyOfNumber = (number: number) => ({ aggregateType: 'account', aggregateId: String(number) });
    for (let number = 0; number <= REMEMBERED_MAX; number++) {
      memory.keep({ targets, epoch: 0, positions: new Map(), isFilling: false }, [keyOfNumber(number)]);
    }
    expect(memory.recall([{ key: keyOfNumber(0), after: 0 }])).toBeUndefined();
    expect(memory.recall([{ key: keyOfNumber(1), after: 0 }])).toBeDefined();
  });
});
