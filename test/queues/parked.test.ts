/** Parked aggregates of the views: whom poison holds up, and how what waits behind it is replayed. */
import { describe, expect, it } from 'vitest';
import { consumeBatch } from '../../queues/kernel/consumer.ts';
import { parkedAggregates, resume } from '../../queues/kernel/parked.ts';
import { APPLY_EVENTS_MAX, type RunnerDeps } from '../../queues/kernel/runner.ts';
import { databaseOf, memoryLogger, rowsOf, runnerDeps, TestLog, upTo } from '../support/projection.ts';

const PART = 0;

/** Delivers messages once, as a batch of their own. */
async function deliver(deps: RunnerDeps, messages: ReturnType<typeof messagesOf>): Promise<void> {
  await consumeBatch({ parts: 1, logger: memoryLogger(), runnerDeps: () => deps, chance: () => 0 }, messages);
}

function messagesOf(texts: readonly string[]) {
  return texts.map((body, index) => {
    const said: string[] = [];
    return {
      id: `m-${index}`,
      body,
      attempts: 1,
      said,
      ack: () => void said.push('ack'),
      retry: () => void said.push('retry'),
    };
  });
}

const versionsOf = async (view: string, aggregateId: string) =>
  rowsOf<{ version: number; parked: number | null }>(
    PART,
    'SELECT version, parked_version AS parked FROM view_positions WHERE view = ? AND aggregate_id = ?',
    view,
    aggregateId,
  );

describe('a poison event', () => {
  it('delays no other aggregate by more than the batch it came in, nor other views of its own', async () => {
    const logs = upTo(60).map((number) => new TestLog(`crowd-${number}`).open().trade(3));
    const poisoned = logs.filter((_, index) => index % 6 === 0);
    for (const log of poisoned) log.trade(1, 'IBM', { quantity: null }).trade(2);
    const deps = runnerDeps(PART, logs);
    const first = messagesOf(logs.flatMap((log) => log.texts()));
    await deliver(deps, first);
    // One batch, delivered once: nothing was given back to the queue.
    expect(first.map(({ said }) => said)).toEqual(first.map(() => ['ack']));
    for (const log of logs) {
      const isPoisoned = poisoned.includes(log);
      const trades = isPoisoned ? [{ version: 4, parked: 5 }] : [{ version: 4, parked: null }];
      expect(await versionsOf('trades', log.aggregateId)).toEqual(trades);
      for (const view of ['accounts', 'positions', 'journal']) {
        expect(await versionsOf(view, log.aggregateId)).toEqual([{ version: log.head, parked: null }]);
      }
    }
    // And the next one goes by as if nothing had been.
    for (const log of logs) log.trade(1);
    const second = messagesOf(logs.flatMap((log) => log.texts(log.head, log.head)));
    await deliver(deps, second);
    for (const log of logs.filter((each) => !poisoned.includes(each))) {
      expect(await versionsOf('trades', log.aggregateId)).toEqual([{ version: 5, parked: null }]);
    }
  });

  it('is listed with its reason, page by page, in one order', async () => {
    const database = databaseOf(PART);
    const all = await parkedAggregates(database, '', 100);
    expect(all.length).toBe(10);
    expect(all[0]).toMatchObject({ view: 'trades', aggregateType: 'account', version: 4, parkedVersion: 5 });
    expect(all[0]?.reason).toMatch(/\S/);
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const page = await parkedAggregates(database, after, 3);
      ids.push(...page.map(({ aggregateId }) => aggregateId));
      const last = page.at(-1);
      if (last === undefined) break;
      after = `trades.account.${last.aggregateId}`;
    }
    expect(ids).toEqual(all.map(({ aggregateId }) => aggregateId));
    expect(ids).toEqual([...ids].sort());
  });
});

describe('the replay behind a parked event', () => {
  /** Mends an event that was poison by taking it back out of the log's data. */
  function parkedLog(name: string, behind: number): { log: TestLog; mended: TestLog } {
    const log = new TestLog(name).open().trade(1).trade(1, 'IBM', { quantity: null }).trade(behind);
    const mended = new TestLog(name)
      .open()
      .trade(1)
      .trade(1 + behind);
    return { log, mended };
  }

  async function park(log: TestLog): Promise<void> {
    const deps = runnerDeps(PART, [log]);
    const messages = messagesOf(log.texts(1, 3));
    await deliver(deps, messages);
    expect(await versionsOf('trades', log.aggregateId)).toEqual([{ version: 2, parked: 3 }]);
  }

  const trades = (aggregateId: string) =>
    rowsOf<{ version: number }>(
      PART,
      'SELECT version FROM trades_blue WHERE account_id = ? ORDER BY version',
      aggregateId,
    );

  it('is bounded by time and goes on where it ended', async () => {
    const behind = 2 * APPLY_EVENTS_MAX + 10;
    const { log, mended } = parkedLog('long-replay', behind);
    await park(log);
    const deps = runnerDeps(PART, [mended]);
    const statuses: string[] = [];
    for (;;) {
      let transactions = 0;
      const resumed = await resume(deps, 'trades', log, mended.head, () => transactions++ > 0);
      if (resumed === undefined) break;
      statuses.push(`${resumed.status} ${resumed.version}`);
    }
    expect(statuses).toEqual([
      `RESUMING ${2 + APPLY_EVENTS_MAX}`,
      `RESUMING ${2 + 2 * APPLY_EVENTS_MAX}`,
      `RESUMED ${mended.head}`,
    ]);
    const rows = await trades(log.aggregateId);
    expect(rows.map(({ version }) => version)).toEqual(upTo(mended.head).slice(1));
  });

  it('survives a crash between any two of its steps, without a row twice', async () => {
    const { log, mended } = parkedLog('crashing-replay', 40);
    await park(log);
    for (let survived = 0, isDone = false; !isDone; survived++) {
      expect(survived).toBeLessThan(50);
      let left = survived;
      const database = databaseOf(PART);
      const dying = {
        all: <Row>(statement: Parameters<typeof database.all>[0]) =>
          left-- > 0 ? database.all<Row>(statement) : Promise.reject(new Error('crash')),
        batch: (statements: Parameters<typeof database.batch>[0]) =>
          left-- > 0 ? database.batch(statements) : Promise.reject(new Error('crash')),
      };
      const deps = runnerDeps(PART, [mended], { database: dying });
      const resumed = await resume(deps, 'trades', log, mended.head).catch(() => 'crashed' as const);
      isDone = resumed === undefined || (resumed !== 'crashed' && resumed.status === 'RESUMED');
    }
    expect(await versionsOf('trades', log.aggregateId)).toEqual([{ version: mended.head, parked: null }]);
    expect((await trades(log.aggregateId)).map(({ version }) => version)).toEqual(upTo(mended.head).slice(1));
  });

  it('parks again at the next event that cannot be taken', async () => {
    const { log } = parkedLog('twice-poisoned', 3);
    const second = new TestLog('twice-poisoned').open().trade(3).trade(1, 'IBM', { quantity: null }).trade(1);
    await park(log);
    const resumed = await resume(runnerDeps(PART, [second]), 'trades', log, second.head);
    expect(resumed).toMatchObject({ status: 'PARKED', version: 4, parked: { parkedVersion: 5 } });
  });

  it('is not for what is not parked and not behind', async () => {
    const log = new TestLog('well').open().trade(1);
    const deps = runnerDeps(PART, [log]);
    expect(await resume(deps, 'trades', log, log.head)).toBeUndefined();
    await deliver(deps, messagesOf(log.texts()));
    expect(await resume(deps, 'trades', log, log.head)).toBeUndefined();
  });
});
