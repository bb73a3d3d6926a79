import { beforeEach, describe, expect, it } from 'vitest';
import type { RebuildableProjector } from '../../queues/kernel/projector.ts';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import { databaseOf, rebuildDeps, rowsOf, TestLog, upTo } from '../support/projection.ts';
import {
  ALL_BLUE,
  ALL_GREEN,
  allOf,
  contents,
  emptyViews,
  follow,
  liveColours,
  never,
  rebuild,
  someAccounts,
} from '../support/rebuild.ts';

beforeEach(emptyViews);

describe('a live view that is damaged', () => {
  it('is told apart from the rebuilt one, which equals the logs and takes its place', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 5);
    const before = await contents('blue');
    await databaseOf(0).batch(
      [
        "DELETE FROM trades_blue WHERE account_id = 'acc-2' AND version = 3",
        "UPDATE accounts_blue SET cash = '1000000' WHERE account_id = 'acc-4'",
        "INSERT INTO positions_blue SELECT account_id, 'FAKE', quantity, average_cost, cost_basis, realized_pnl, version FROM positions_blue WHERE account_id = 'acc-5' LIMIT 1",
      ].map((sql) => ({ sql, parameters: [] })),
    );
    const job = await rebuild(rebuildDeps(0, logs));
    expect(job).toMatchObject({ phase: 'SWITCHED', reason: null, differencesFound: 4 });
    expect(
      job.differences.map(({ view, kind, aggregateId, version }) => [view, kind, aggregateId, version]),
    ).toEqual(
      expect.arrayContaining([
        ['trades', 'only_rebuilt', 'acc-2', 3],
        ['accounts', 'only_rebuilt', 'acc-4', undefined],
        ['accounts', 'only_live', 'acc-4', undefined],
        ['positions', 'only_live', 'acc-5', undefined],
      ]),
    );
    expect(await contents('green')).toEqual(before);
  });

  it('gives lost events a place in the feed where readers still come by, in version order', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 4);
    const { next } = await follow();
    const [lost] = await rowsOf<{ position: number; from_version: number; to_version: number }>(
      0,
      "SELECT position, from_version, to_version FROM journal_blue WHERE aggregate_id = 'acc-3' ORDER BY position LIMIT 1",
    );
    await databaseOf(0).batch([
      { sql: 'DELETE FROM journal_blue WHERE position = ?', parameters: [lost?.position ?? 0] },
    ]);
    const job = await rebuild(rebuildDeps(0, logs), ['journal']);
    expect(job).toMatchObject({ phase: 'SWITCHED', reason: null });
    expect(job.differences[0]).toMatchObject({ view: 'journal', kind: 'only_rebuilt', aggregateId: 'acc-3' });
    const { seen } = await follow(next);
    const head = (logs[2] as TestLog).head;
    expect(seen).toEqual(upTo(head).map((version) => `acc-3@${version}`));
    expect((await follow()).seen.toSorted()).toEqual(allOf(logs));
  });

  it('is rebuilt even where it is ahead of a log that was restored to an earlier day', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    logs[1]?.cutTo(4);
    const job = await rebuild(rebuildDeps(0, logs));
    expect(job).toMatchObject({ phase: 'SWITCHED', reason: null });
    expect(job.differences).toEqual([
      expect.objectContaining({ kind: 'ahead_of_log', aggregateId: 'acc-2' }),
    ]);
    const versions = await rowsOf(
      0,
      "SELECT DISTINCT version FROM view_positions WHERE colour = 'green' AND aggregate_id = 'acc-2'",
    );
    expect(versions).toEqual([{ version: 4 }]);
  });
});

describe('a log with a hole', () => {
  it('is not taken for one that has lost its end: nothing is switched, and the hole is named', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    const before = await contents('blue');
    const whole = rebuildDeps(0, logs);
    const readLog: typeof whole.readLog = async (key, fromVersion, limit) => {
      const messages = await whole.readLog(key, fromVersion, limit);
      if (key.aggregateId !== 'acc-2') return messages;
      return messages.map((one) => ({ ...one, events: one.events.filter(({ version }) => version !== 3) }));
    };
    const { head } = logs[1] as TestLog;
    await expect(rebuild(rebuildDeps(0, logs, { readLog }))).rejects.toThrow(
      `the log of account/acc-2 ends at version ${head} and did not give version 3`,
    );
    expect(await liveColours()).toEqual(ALL_BLUE);
    expect(await contents('blue')).toEqual(before);
    // The same rebuild goes on once the log is whole.
    expect(await rebuild(whole)).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
  });
});

describe('after databases were added', () => {
  it('a rebuild fetches what belongs here now, and leaves out what does not', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 4);
    const stranger = new TestLog('moved-here').open().trade(5);
    const all = [...logs, stranger];
    const owns = ({ aggregateId }: { aggregateId: string }) => aggregateId !== 'acc-2';
    const job = await rebuild(rebuildDeps(0, all, { owns }));
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
    const owners = await rowsOf(0, "SELECT DISTINCT aggregate_id FROM view_positions WHERE colour = 'green'");
    const ids = ['acc-1', 'acc-3', 'acc-4', 'moved-here'];
    expect(owners.map(({ aggregate_id }) => aggregate_id).sort()).toEqual(ids);
    expect((await follow()).seen.toSorted()).toEqual(allOf(all.filter(owns)));
    await databaseOf(0).batch([{ sql: 'UPDATE views SET kept = 1', parameters: [] }]);
    const back = await rebuild(
      rebuildDeps(0, all, { owns: ({ aggregateId }) => aggregateId !== 'acc-3' }),
      VIEWS,
      'revert',
    );
    expect(back).toMatchObject({ phase: 'FAILED', reason: 'databases were added or removed since' });
  });
});

describe('a rebuild that must not switch', () => {
  it('fails where the rebuilt view contradicts the owner, and leaves the live one', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    const before = await contents('blue');
    const job = await rebuild(rebuildDeps(0, logs, { projectors: withWrongCash() }));
    expect(job).toMatchObject({ phase: 'FAILED', reason: expect.stringContaining('contradicts its owner') });
    expect(job.differences).toContainEqual(
      expect.objectContaining({ view: 'accounts', kind: 'contradicts_owner', aggregateId: 'acc-1' }),
    );
    expect(await contents('blue')).toEqual(before);
    expect(await rowsOf(0, 'SELECT DISTINCT live, building FROM views')).toEqual([
      { live: 'blue', building: 0 },
    ]);
    expect(await rebuild(rebuildDeps(0, logs))).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
  });

  it('fails where an owner has an event that this release does not know, and says so', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    const known = rebuildDeps(0, logs);
    const owner: typeof known.owner = async (key, version) =>
      key.aggregateId === 'acc-2' ? { unknown: 'account cannot fold StockSplit' } : known.owner(key, version);
    const job = await rebuild(rebuildDeps(0, logs, { owner }), ['journal']);
    expect(job).toMatchObject({
      phase: 'FAILED',
      reason:
        'journal of account/acc-2 contradicts its owner: this release cannot say what it is (account cannot fold StockSplit)',
    });
    expect(await liveColours()).toMatchObject({ journal: 'blue' });
    expect(await rebuild(known)).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
  });

  it('fails where it cannot take an event that the live view has', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    const job = await rebuild(rebuildDeps(0, logs, { projectors: refusing('trades', 'acc-2', 5) }));
    expect(job).toMatchObject({ phase: 'FAILED', reason: 'trades cannot take event 5 of account/acc-2' });
    expect(await liveColours()).toEqual(ALL_BLUE);
  });

  it('does not mind an event that the live view could not take either', async () => {
    const log = new TestLog('sick').open().trade(2).trade(1, 'IBM', { position: 'none' }).trade(2);
    await project(rebuildDeps(0, [log]), log.messages());
    const job = await rebuild(rebuildDeps(0, [log]), ['positions']);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
    const [position] = await rowsOf(
      0,
      "SELECT version, parked_version FROM view_positions WHERE view = 'positions' AND colour = 'green'",
    );
    // The new colour has not met the event yet: it will when the log is read again.
    expect(position).toEqual({ version: 3, parked_version: null });
    await project(rebuildDeps(0, [log]), [log.announcement()]);
    const parked = "SELECT parked_version FROM view_positions WHERE view = 'positions' AND colour = 'green'";
    expect(await rowsOf(0, parked)).toEqual([{ parked_version: 4 }]);
  });

  it('has no effect on a consumer that read the colours before, but to make it read them again', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 2);
    const [log] = logs as [TestLog];
    await startRebuild(rebuildDeps(0, logs), { id: 'stale', kind: 'rebuild', views: VIEWS });
    const database = databaseOf(0);
    let batches = 0;
    const consumer = rebuildDeps(0, logs, {
      database: {
        all: (statement) => database.all(statement),
        batch: async (statements) => {
          // Between this consumer's reading and its writing the rebuild comes to its end.
          if (++batches === 1) await advanceRebuild(rebuildDeps(0, logs, { head: async () => 1 }), never);
          return database.batch(statements);
        },
      },
    });
    await project(consumer, log.trade(3).messages());
    expect(batches).toBe(2);
    const versions = await rowsOf<{ colour: string; version: number }>(
      0,
      'SELECT DISTINCT colour, version FROM view_positions WHERE aggregate_id = ? ORDER BY colour',
      log.aggregateId,
    );
    expect(versions).toEqual([
      { colour: 'blue', version: log.head - 3 },
      { colour: 'green', version: log.head },
    ]);
  });
});

describe('going back', () => {
  it('brings level what was live before, and switches', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 4);
    await rebuild(rebuildDeps(0, logs));
    await project(
      rebuildDeps(0, logs),
      logs.flatMap((log) => log.trade(2, 'NVDA').messages(log.head - 1)),
    );
    await databaseOf(0).batch([
      { sql: "DELETE FROM trades_green WHERE account_id = 'acc-1'", parameters: [] },
    ]);
    const reading = await follow();
    const job = await rebuild(rebuildDeps(0, logs), ['trades', 'journal'], 'revert');
    expect(job).toMatchObject({ kind: 'revert', phase: 'SWITCHED', eventsApplied: 8 });
    expect(await liveColours()).toEqual({ ...ALL_GREEN, trades: 'blue', journal: 'blue' });
    expect((await contents('blue')).journal).toEqual((await contents('green')).journal);
    expect((await contents('blue')).trades.filter(({ account_id }) => account_id === 'acc-1').length).toBe(6);
    expect(await follow(reading.next)).toEqual({ seen: [], next: reading.next });
    const forth = await rebuild(rebuildDeps(0, logs), ['trades'], 'revert');
    expect(forth.phase).toBe('SWITCHED');
  });

  it('is refused where nothing was kept', async () => {
    const deps = rebuildDeps(0, await someAccounts((own) => rebuildDeps(0, own), 1));
    const order = { id: 'back', kind: 'revert', views: ['trades'] } as const;
    expect(await startRebuild(deps, order)).toMatchObject({ ok: false, code: 'nothing_kept' });
  });
});

function bent(
  view: ViewName,
  add: (event: Parameters<ReturnType<RebuildableProjector['collector']>['add']>[0]) => void,
): RebuildableProjector[] {
  return projectors.map((projector) => {
    if (projector.view !== view) return projector;
    return {
      ...projector,
      collector(target) {
        const collector = projector.collector(target);
        return {
          statements: () => collector.statements(),
          add(event) {
            add(event);
            collector.add(event);
          },
        };
      },
    };
  });
}

/** Projectors of which one refuses an event. */
function refusing(view: ViewName, aggregateId: string, version: number): RebuildableProjector[] {
  return bent(view, (event) => {
    if (event.aggregateId === aggregateId && event.version === version) throw new Error('not this one');
  });
}

/** Projectors of which the accounts' gets the cash wrong. */
function withWrongCash(): RebuildableProjector[] {
  return projectors.map((projector) => {
    if (projector.view !== 'accounts') return projector;
    return {
      ...projector,
      collector(target) {
        const collector = projector.collector(target);
        const wrong = { sql: `UPDATE accounts_${target.colour} SET cash = '7'`, parameters: [] };
        return {
          add: (event) => collector.add(event),
          statements: () =>
            target.role === 'building' ? [...collector.statements(), wrong] : collector.statements(),
        };
      },
    };
  });
}
