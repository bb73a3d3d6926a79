import { beforeEach, describe, expect, it } from 'vitest';
import type { ViewDatabase } from '../../queues/kernel/database.ts';
import { LogsNotRead } from '../../queues/kernel/errors.ts';
import { GROUP_CALLS } from '../../queues/kernel/pacing.ts';
import { project } from '../../queues/kernel/runner.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { VIEWS } from '../../schemas/tables/views.ts';
import { databaseOf, rebuildDeps, TestLog, upTo } from '../support/projection.ts';
import {
  ACCOUNT_VIEWS,
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

  it('reads the next portion while one is being stored', async () => {
    const log = new TestLog('acc-1').open().trade(39, 'IBM');
    const whole = rebuildDeps(0, [log], { portion: () => 10 });
    await project(whole, log.messages());
    await startRebuild(whole, { id: 'ahead', kind: 'rebuild', views: ['trades'] });
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
    expect([...seen]).toEqual([true]);
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
