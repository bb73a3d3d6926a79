import { beforeEach, describe, expect, it } from 'vitest';
import type { ViewDatabase } from '../../queues/kernel/database.ts';
import { LogsNotRead } from '../../queues/kernel/errors.ts';
import { GROUP_CALLS } from '../../queues/kernel/pacing.ts';
import type { RebuildableProjector } from '../../queues/kernel/projector.ts';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import type { RebuildJob } from '../../queues/rebuild/job.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { type RebuildKind, VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import { viewDatabases } from '../../workers/env.ts';
import { readFeed } from '../../workers/reads/feed.ts';
import { databaseOf, rebuildDeps, rowsOf, TestLog, testEnv, upTo } from '../support/projection.ts';

const never = () => false;

/** All tables of the tests' database as they were before anything happened. */
beforeEach(async () => {
  const tables = VIEWS.flatMap((view) => [`${view}_blue`, `${view}_green`]);
  await databaseOf(0).batch(
    [...tables, 'views', 'view_positions', 'rebuilds', 'position_guard'].map((table) => ({
      sql: `DELETE FROM ${table}`,
      parameters: [],
    })),
  );
});

/** The views that the accounts of these tests are in. */
const ACCOUNT_VIEWS: readonly ViewName[] = ['accounts', 'positions', 'trades', 'journal'];

let jobs = 0;

/** Runs a rebuild to its end. */
async function rebuild(
  deps: RebuildDeps,
  views: readonly ViewName[] = VIEWS,
  kind: RebuildKind = 'rebuild',
): Promise<RebuildJob> {
  expect(await startRebuild(deps, { id: `job-${++jobs}`, kind, views })).toEqual({ ok: true });
  return (await advanceRebuild(deps, never)) as RebuildJob;
}

/** Accounts whose logs came in messages of differing length, some of them in one batch. */
async function someAccounts(deps: (logs: TestLog[]) => RebuildDeps, count = 12): Promise<TestLog[]> {
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
async function contents(colour: 'blue' | 'green') {
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

const liveColours = async () =>
  Object.fromEntries(
    (await rowsOf<{ view: string; live: string }>(0, 'SELECT view, live FROM views')).map((row) => [
      row.view,
      row.live,
    ]),
  );

const allIn = (colour: 'blue' | 'green') => Object.fromEntries(VIEWS.map((view) => [view, colour]));
const ALL_GREEN = allIn('green');
const ALL_BLUE = allIn('blue');

/** Reads the feed from a cursor to its end, as a client does; answers `id@version` each. */
async function follow(after: readonly number[] = []) {
  const databases = viewDatabases(testEnv).slice(0, 1);
  const seen: string[] = [];
  for (let cursor = after; ; ) {
    const { events, next } = await readFeed(databases, cursor, { limit: 17 });
    if (events.length === 0) return { seen, next };
    seen.push(...events.map(({ aggregateId, event }) => `${aggregateId}@${event.version}`));
    cursor = next;
  }
}

const allOf = (logs: readonly TestLog[]) =>
  logs.flatMap((log) => upTo(log.head).map((version) => `${log.aggregateId}@${version}`)).sort();

describe('a rebuild', () => {
  it('makes the same rows again, row for row and place for place, and switches', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own));
    const before = await contents('blue');
    const job = await rebuild(rebuildDeps(0, logs));
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0, reason: null, aggregatesDone: 12 });
    expect(job.eventsApplied).toBe(logs.reduce((sum, log) => sum + log.head, 0));
    expect(await contents('green')).toEqual(before);
    expect(await contents('blue')).toEqual(before);
    expect(await liveColours()).toEqual(ALL_GREEN);
    await project(rebuildDeps(0, logs), logs[3]?.trade(2).messages() ?? []);
    expect((await contents('green')).trades.length).toBe(before.trades.length + 2);
    const back = await rebuild(rebuildDeps(0, logs));
    expect(back).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
    expect(await liveColours()).toEqual(ALL_BLUE);
    expect(await contents('blue')).toEqual(await contents('green'));
  });

  it('of some views leaves the others alone', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 3);
    const job = await rebuild(rebuildDeps(0, logs), ['trades', 'accounts']);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
    expect(await liveColours()).toEqual({ accounts: 'green', trades: 'green' });
    expect((await contents('green')).journal).toEqual([]);
  });

  it('reads a long log in portions, and verifies it in slices', async () => {
    const log = new TestLog('long').open().trade(12_000);
    const deps = rebuildDeps(0, [log], { owner: async () => log.ownState(log.head) });
    for (let from = 1; from <= log.head; from += 700) {
      await project(deps, log.messages(from, Math.min(from + 699, log.head)));
    }
    const job = await rebuild(deps);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0, eventsApplied: 12_001 });
    expect(await contents('green')).toEqual(await contents('blue'));
  });

  it('fetches what no message and no sweep has brought to the live views yet', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 2);
    logs[0]?.trade(4);
    logs.push(new TestLog('unheard-of').open().trade(2));
    const job = await rebuild(rebuildDeps(0, logs), ['trades']);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0, aggregatesDone: 3 });
    expect((await follow()).seen.toSorted()).toEqual(allOf(logs));
    expect((await contents('green')).trades).toEqual((await contents('blue')).trades);
  });

  it('asks few owners at once, however many small aggregates there are', async () => {
    const logs = upTo(2 * GROUP_CALLS + 1).map((number) => new TestLog(`acc-${number}`).open());
    const asked: Record<string, number> = {};
    const whole = rebuildDeps(0, logs);
    await project(
      whole,
      logs.map((log) => log.announcement()),
    );
    const counted = <Range extends unknown[], Answer>(
      name: string,
      ask: (...range: Range) => Promise<Answer>,
    ) => {
      let now = 0;
      return async (...range: Range) => {
        asked[name] = Math.max(asked[name] ?? 0, ++now);
        await new Promise<void>((resolve) => void setTimeout(resolve, 0));
        return ask(...range).finally(() => now--);
      };
    };
    const { head, owner, readLog } = whole;
    const job = await rebuild({
      ...whole,
      directoryParts: 1,
      directory: async (_, after) => (after === null ? logs : []),
      head: counted('head', head),
      owner: counted('owner', owner),
      readLog: counted('readLog', readLog),
    });
    expect(job).toMatchObject({ phase: 'SWITCHED', eventsApplied: logs.length });
    expect(asked).toEqual({ head: GROUP_CALLS, owner: GROUP_CALLS, readLog: GROUP_CALLS });
  });

  it('counts each event that it has stored, though the next ones cannot be stored or read', async () => {
    const log = new TestLog('acc-1').open().trade(39, 'IBM');
    const whole = rebuildDeps(0, [log], { portion: () => 10 });
    await project(whole, log.messages());
    expect(await startRebuild(whole, { id: 'counted', kind: 'rebuild', views: ['trades'] })).toEqual({
      ok: true,
    });
    const unstored = { ...whole, database: failingToStore(databaseOf(0), 11, { isFailingOn: false }) };
    await expect(advanceRebuild(unstored, never)).rejects.toThrow('cut off');
    const unread: RebuildDeps = {
      ...whole,
      readLog: async (key, from, limit) => {
        if (from > 30) throw new Error('no answer');
        return whole.readLog(key, from, limit);
      },
    };
    await expect(advanceRebuild(unread, never)).rejects.toThrow(LogsNotRead);
    expect(await advanceRebuild(whole, never)).toMatchObject({ phase: 'SWITCHED', eventsApplied: log.head });
  });

  it.each([true, false])('reads the next portion while one is being stored: %s', async (readsAhead) => {
    const log = new TestLog('acc-1').open().trade(39, 'IBM');
    const whole = rebuildDeps(0, [log], { portion: () => 10, readsAhead });
    await project(whole, log.messages());
    await startRebuild(whole, { id: `ahead-${readsAhead}`, kind: 'rebuild', views: ['trades'] });
    const seen = new Set<boolean>();
    let storing = 0;
    const deps: RebuildDeps = {
      ...whole,
      database: {
        ...whole.database,
        batch: (statements) => {
          storing++;
          return whole.database.batch(statements).finally(() => storing--);
        },
      },
      readLog: async (...range) => {
        if (range[1] > 10) seen.add(storing > 0);
        return whole.readLog(...range);
      },
    };
    expect(await advanceRebuild(deps, never)).toMatchObject({ phase: 'SWITCHED' });
    expect([...seen]).toEqual([readsAhead]);
  });

  it('says what went wrong first, where counting goes wrong then', async () => {
    const log = new TestLog('acc-1').open().trade(39, 'IBM');
    const whole = rebuildDeps(0, [log], { portion: () => 10 });
    await project(whole, log.messages());
    expect(await startRebuild(whole, { id: 'uncounted', kind: 'rebuild', views: ['trades'] })).toEqual({
      ok: true,
    });
    const down = { ...whole, database: failingToStore(databaseOf(0), 11, { isFailingOn: true }) };
    await expect(advanceRebuild(down, never)).rejects.toThrow('cut off');
    expect(await advanceRebuild(whole, never)).toMatchObject({
      phase: 'SWITCHED',
      eventsApplied: log.head - 10,
    });
  });

  it('goes on where it was cut off, wherever that was', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 2);
    const before = await contents('blue');
    for (const point of ['before', 'after'] as const) {
      for (let survived = 0, isDone = false; !isDone; survived++) {
        const id = `cut-${point}-${survived}`;
        const cut = rebuildDeps(0, logs, { database: failingAfter(databaseOf(0), survived, point) });
        const started = await startRebuild(cut, { id, kind: 'rebuild', views: ACCOUNT_VIEWS }).catch(
          () => undefined,
        );
        const died =
          started === undefined || (await advanceRebuild(cut, never).catch(() => 'died')) === 'died';
        isDone = !died;
        const deps = rebuildDeps(0, logs);
        expect(await startRebuild(deps, { id, kind: 'rebuild', views: ACCOUNT_VIEWS })).toEqual({ ok: true });
        const job = await advanceRebuild(deps, never);
        expect(job).toMatchObject({ job: id, phase: 'SWITCHED', differencesFound: 0 });
        const colour = (await liveColours()).journal as 'blue' | 'green';
        expect(await contents(colour)).toEqual(before);
      }
    }
  }, 60_000);

  it('may be carried on by several callers at once', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own));
    const before = await contents('blue');
    const deps = () => rebuildDeps(0, logs);
    const order = { id: 'together', kind: 'rebuild', views: VIEWS } as const;
    expect(await startRebuild(deps(), order)).toEqual({ ok: true });
    const ends = await Promise.all([1, 2, 3].map(() => advanceRebuild(deps(), never)));
    const job = await advanceRebuild(deps(), never);
    expect(ends.length).toBe(3);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0, aggregatesDone: 12 });
    expect(await contents('green')).toEqual(before);
  });

  it('begins once: another one has to wait', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 2);
    const deps = rebuildDeps(0, logs);
    await startRebuild(deps, { id: 'first', kind: 'rebuild', views: VIEWS });
    const second = await startRebuild(deps, { id: 'second', kind: 'rebuild', views: ['trades'] });
    expect(second).toMatchObject({ ok: false, code: 'rebuild_in_progress' });
    expect(await advanceRebuild(deps, never)).toMatchObject({ job: 'first', phase: 'SWITCHED' });
  });

  it('goes on while events come in, and readers of the feed notice nothing', async () => {
    const logs = await someAccounts((own) => rebuildDeps(0, own), 8);
    let { seen, next } = await follow();
    let isOver = false;
    const write = async () => {
      for (let round = 0; !isOver; round++) {
        const log = logs[round % logs.length] as TestLog;
        const first = log.trade(1 + (round % 5)).head;
        const consumers = [log.messages(Math.max(1, first - 2)), [log.announcement()]];
        await Promise.all(consumers.map((messages) => project(rebuildDeps(0, logs), messages)));
        if (round % 7 === 0) await project(rebuildDeps(0, logs), addAccount(logs));
      }
    };
    const read = async () => {
      while (!isOver) {
        const more = await follow(next);
        seen = [...seen, ...more.seen];
        next = more.next;
      }
    };
    const writing = write();
    const reading = read();
    for (let turn = 0; turn < 3; turn++) {
      const job = await rebuild(rebuildDeps(0, logs));
      expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 0 });
    }
    isOver = true;
    await Promise.all([writing, reading]);
    await project(
      rebuildDeps(0, logs),
      logs.map((log) => log.announcement()),
    );
    seen = [...seen, ...(await follow(next)).seen];
    expect(seen.toSorted()).toEqual(allOf(logs));
    const last = new Map<string, number>();
    for (const [id, version] of seen.map((name) => name.split('@') as [string, string])) {
      expect(Number(version)).toBe((last.get(id) ?? 0) + 1);
      last.set(id, Number(version));
    }
    expect((await follow()).seen.toSorted()).toEqual(allOf(logs));
  });
});

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

/** A new account's first events, as a message. */
function addAccount(logs: TestLog[]) {
  const log = new TestLog(`late-${logs.length}`).open().trade(2);
  logs.push(log);
  return log.messages();
}

/** A database that stops answering after so many transactions: the next one is not run, or is run and not answered. */
function failingAfter(database: ViewDatabase, survived: number, point: 'before' | 'after'): ViewDatabase {
  let batches = 0;
  return {
    all: (statement) => database.all(statement),
    batch: async (statements) => {
      if (batches++ < survived) return database.batch(statements);
      if (point === 'after') await database.batch(statements);
      throw new Error('cut off');
    },
  };
}

/** A database that fails as the trade of a version is stored, and perhaps in every transaction after it. */
function failingToStore(
  database: ViewDatabase,
  version: number,
  { isFailingOn }: { isFailingOn: boolean },
): ViewDatabase {
  let hasFailed = false;
  return {
    all: (statement) => database.all(statement),
    batch: async (statements) => {
      if (hasFailed && isFailingOn) throw new Error('still down');
      const isStoring = statements.some(
        ({ sql, parameters }) =>
          sql.includes('INTO trades_') && String(parameters[0]).includes(`"t-${version}"`),
      );
      if (!isStoring) return database.batch(statements);
      hasFailed = true;
      throw new Error('cut off');
    },
  };
}

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
