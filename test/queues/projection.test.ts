import { describe, expect, it } from 'vitest';
import { consumeBatch } from '../../queues/kernel/consumer.ts';
import type { RunnerDeps } from '../../queues/kernel/deps.ts';
import { parkedAggregates } from '../../queues/kernel/parked.ts';
import { project } from '../../queues/kernel/runner.ts';
import { sweepPage } from '../../queues/kernel/sweep.ts';
import { partOf } from '../../schemas/partition.ts';
import {
  databaseOf,
  everyViewAt,
  memoryLogger,
  positionsOf,
  rowsOf,
  runnerDeps,
  storedVersions,
  TestLog,
  upTo,
} from '../support/projection.ts';

describe('the runner', () => {
  it('applies a message to every view', async () => {
    const log = new TestLog('plain').open().trade(3);
    const result = await project(runnerDeps(0, [log]), log.messages());
    expect(result).toEqual({ applied: 16, skipped: 0, repaired: 0, parked: 0 });
    expect(await positionsOf(0, 'plain')).toEqual(everyViewAt(4));
    expect(await storedVersions(0, 'plain')).toEqual({ journal: [1, 2, 3, 4], trades: [2, 3, 4] });
    expect(await rowsOf(0, "SELECT cash, version FROM accounts_blue WHERE account_id = 'plain'")).toEqual([
      { cash: '996', version: 4 },
    ]);
    expect(
      await rowsOf(0, "SELECT quantity, version FROM positions_blue WHERE account_id = 'plain'"),
    ).toEqual([{ quantity: '4', version: 4 }]);
  });

  it('skips duplicates: whole, in part, and twice in one batch', async () => {
    const log = new TestLog('twice').open().trade(9);
    const deps = runnerDeps(0, [log]);
    await project(deps, [...log.messages(1, 6), ...log.messages(1, 6)]);
    const repeat = await project(deps, log.messages(1, 6));
    expect(repeat).toEqual({ applied: 0, skipped: 6, repaired: 0, parked: 0 });
    await project(deps, [...log.messages(4, 10), ...log.messages(5, 7)]);
    expect(await storedVersions(0, 'twice')).toEqual({ journal: upTo(10), trades: upTo(10).slice(1) });
    expect(deps.reads).toEqual([]);
  });

  it('puts messages of one batch in order, and fills a hole from the log', async () => {
    const log = new TestLog('holes').open().trade(19);
    const deps = runnerDeps(0, [log]);
    await project(deps, [...log.messages(4, 6), ...log.messages(1, 3)]);
    expect(deps.reads).toEqual([]);
    const result = await project(deps, [...log.messages(15, 20), ...log.messages(9, 10)]);
    expect(deps.reads).toEqual(['holes@7']);
    expect(result.applied).toBe(14 * 4);
    expect(await storedVersions(0, 'holes')).toEqual({ journal: upTo(20), trades: upTo(20).slice(1) });
    expect(await positionsOf(0, 'holes')).toEqual(everyViewAt(20));
  });

  it('takes a wake-up without events for what it is', async () => {
    const log = new TestLog('awake').open().trade(2);
    await project(runnerDeps(0, [log]), [log.announcement()]);
    expect(await positionsOf(0, 'awake')).toEqual(everyViewAt(3));
  });

  it('gives up for now where the log does not have what was announced, and applies nothing of it', async () => {
    const log = new TestLog('short').open().trade(2);
    const error = await project(runnerDeps(0, []), log.messages(2, 3)).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'Retryable', message: expect.stringContaining('short') });
    expect(await positionsOf(0, 'short')).toEqual({});
  });

  it('takes more events than one transaction holds', async () => {
    const log = new TestLog('long').open().trade(6_999);
    const result = await project(runnerDeps(0, [log]), [log.announcement()]);
    expect(result).toMatchObject({ applied: 28_000, repaired: 7_000 });
    const { journal, trades } = await storedVersions(0, 'long');
    expect(journal).toEqual(upTo(7_000));
    expect(trades.length).toBe(6_999);
  });

  it('applies once where consumers race', async () => {
    const logs = upTo(8).map((number) => new TestLog(`race-${number}`).open().trade(40));
    const share = () => runnerDeps(0, logs);
    await Promise.all([
      project(
        share(),
        logs.flatMap((log) => log.messages(1, 30)),
      ),
      project(
        share(),
        logs.flatMap((log) => log.messages(1, 41)),
      ),
      project(
        share(),
        logs.map((log) => log.announcement()),
      ),
    ]);
    for (const { aggregateId } of logs) {
      const versions = { journal: upTo(41), trades: upTo(41).slice(1) };
      expect(await storedVersions(0, aggregateId)).toEqual(versions);
      expect(await positionsOf(0, aggregateId)).toEqual(everyViewAt(41));
    }
    expect(await rowsOf(0, 'SELECT * FROM position_guard')).toEqual([]);
  });

  it('stores events in the journal to the letter, whether a message is taken whole or in part', async () => {
    const odd = { reference: 'ünï "quoted" \\ \u2028 \u0000 💰', amount: '1', cash: '1' };
    const log = new TestLog('letter').open().add('FundsDeposited', odd).add('FundsDeposited', odd).trade();
    const deps = runnerDeps(0, [log]);
    await project(deps, log.messages(1, 1));
    await project(deps, log.messages(2, 2));
    await project(deps, log.messages(1, 4));
    const rows = await rowsOf<{ events: string; previous_hash: string; types: string }>(
      0,
      "SELECT events, previous_hash, types FROM journal_blue WHERE aggregate_id = 'letter' ORDER BY position",
    );
    const stored = rows.map(({ events }) => events.slice(1, -1)).join(',');
    expect(`[${stored}]`).toBe(log.messages()[0]?.eventsText);
    expect(rows.map((row) => row.previous_hash)).toEqual([
      '0'.repeat(64),
      log.messages(1, 1)[0]?.events[0]?.hash,
      log.messages(2, 2)[0]?.events[0]?.hash,
    ]);
    expect(rows.map((row) => JSON.parse(row.types))).toEqual([
      { AccountOpened: 1 },
      { FundsDeposited: 1 },
      { FundsDeposited: 1, TradeExecuted: 1 },
    ]);
  });

  it('brings old events up to date in the views and leaves them as stored in the journal', async () => {
    const opened = { cash: '7', currency: 'EUR', customerId: 'customer-1' };
    const log = new TestLog('old').add('AccountOpened', opened, 1);
    await project(runnerDeps(0, [log]), log.messages());
    expect(
      await rowsOf(0, "SELECT account_type, currency FROM accounts_blue WHERE account_id = 'old'"),
    ).toEqual([{ account_type: 'INDIVIDUAL', currency: 'EUR' }]);
    const [row] = await rowsOf<{ events: string }>(
      0,
      "SELECT events FROM journal_blue WHERE aggregate_id = 'old'",
    );
    expect(JSON.parse(row?.events ?? '')[0]).toMatchObject({ schemaVersion: 1, data: opened });
  });
});

describe('a poison event', () => {
  it('parks its aggregate in the views that cannot take it, and nothing else', async () => {
    const sick = new TestLog('sick').open().trade(2).trade(1, 'IBM', { position: 'none' }).trade(2);
    const well = new TestLog('well').open().trade(5);
    const deps = runnerDeps(0, [sick, well]);
    const result = await project(deps, [...sick.messages(), ...well.messages()]);
    expect(result.parked).toBe(1);
    expect(await positionsOf(0, 'sick')).toEqual({ ...everyViewAt(6), positions: 3 });
    expect(await positionsOf(0, 'well')).toEqual(everyViewAt(6));
    expect((await storedVersions(0, 'sick')).journal).toEqual(upTo(6));
    const [parked] = await rowsOf(
      0,
      'SELECT view, parked_version, parked_reason FROM view_positions WHERE parked_version IS NOT NULL',
    );
    expect(parked).toMatchObject({ view: 'positions', parked_version: 4 });
    const logger = deps.logger as ReturnType<typeof memoryLogger>;
    expect(logger.lines.find(({ message }) => message === 'event parked')).toMatchObject({
      level: 'error',
      fields: { aggregateId: 'sick', version: 4, view: 'positions', correlationId: 'test' },
    });
  });

  it('holds later events of its aggregate, and lets every other view have them', async () => {
    const log = new TestLog('held').open().trade(1, 'IBM', { position: 'none' }).trade(3);
    const deps = runnerDeps(0, [log]);
    await project(deps, log.messages(1, 2));
    const later = await project(deps, log.messages(3, 5));
    expect(later).toMatchObject({ applied: 9, parked: 0 });
    expect(await positionsOf(0, 'held')).toEqual({ ...everyViewAt(5), positions: 1 });
  });

  it('is found where only the database can tell, among thousands of others in the same transaction', async () => {
    const sick = new TestLog('refused').open().trade(700).trade(1, 'IBM', { executedAt: 'never' }).trade(5);
    const others = upTo(3).map((number) => new TestLog(`beside-${number}`).open().trade(300));
    const logs = [sick, ...others];
    let batches = 0;
    const database = databaseOf(0);
    const deps = runnerDeps(0, logs, {
      database: {
        all: (statement) => database.all(statement),
        batch: (statements) => {
          batches++;
          return database.batch(statements);
        },
      },
    });
    const result = await project(
      deps,
      logs.flatMap((log) => log.messages()),
    );
    expect(result.parked).toBe(1);
    expect(await positionsOf(0, 'refused')).toEqual({ ...everyViewAt(707), trades: 701 });
    expect((await storedVersions(0, 'refused')).trades).toEqual(upTo(701).slice(1));
    for (const log of others) expect(await positionsOf(0, log.aggregateId)).toEqual(everyViewAt(301));
    // Halving, not one by one.
    expect(batches).toBeLessThan(60);
  });
});

describe('an event that this release does not know', () => {
  const parkedIn = async (part: number, aggregateId: string) =>
    (await parkedAggregates(databaseOf(part), 'trades.', 10)).filter(
      (parked) => parked.aggregateId === aggregateId,
    );
  const sweep = (log: TestLog, deps: RunnerDeps) => {
    const part = partOf(log.aggregateId, 2);
    return sweepPage({
      directory: {
        sweepCursor: async () => null,
        list: async () => [{ aggregateType: 'account', aggregateId: log.aggregateId }],
        saveSweepCursor: async () => undefined,
      },
      parts: 2,
      logger: memoryLogger(),
      head: async () => log.head,
      runnerDeps: (index) => (index === part ? deps : runnerDeps(index, [log])),
    });
  };
  const waiting = { accounts: 1, journal: 4, positions: 1, trades: 1 };

  it('parks its account in every view but the journal, and goes on once a release knows its type', async () => {
    const log = new TestLog('future').open().add('AccountMerged', { with: 'another' }).trade(2);
    const part = partOf('future', 2);
    const before = runnerDeps(part, [log]);
    expect(await project(before, log.messages())).toMatchObject({ parked: 3 });
    expect(await positionsOf(part, 'future')).toEqual(waiting);
    expect(await parkedIn(part, 'future')).toMatchObject([
      { parkedVersion: 2, reason: 'this release does not know events of type AccountMerged@1' },
    ]);
    await sweep(log, before);
    expect(await positionsOf(part, 'future')).toEqual(waiting);
    await sweep(log, runnerDeps(part, [log], { knowsEvent: () => true }));
    expect(await positionsOf(part, 'future')).toEqual(everyViewAt(4));
    expect(await parkedIn(part, 'future')).toEqual([]);
  });

  it('waits as well where it knows the type, and not its schema version', async () => {
    const deposit = { amount: '1', cash: '1001', reference: null, channel: 'CARD' };
    const log = new TestLog('newer').open().add('FundsDeposited', deposit, 2).trade(2);
    const part = partOf('newer', 2);
    const before = runnerDeps(part, [log]);
    await project(before, log.messages());
    await sweep(log, before);
    expect(await positionsOf(part, 'newer')).toEqual(waiting);
    const reason = 'this release does not know events of type FundsDeposited@2';
    expect(await parkedIn(part, 'newer')).toMatchObject([{ parkedVersion: 2, reason }]);
    expect((await storedVersions(part, 'newer')).journal).toEqual([1, 2, 3, 4]);
    const asked: unknown[] = [];
    const knowsEvent: RunnerDeps['knowsEvent'] = ({ eventType, schemaVersion }) => {
      asked.push([eventType, schemaVersion]);
      return true;
    };
    await sweep(log, runnerDeps(part, [log], { knowsEvent }));
    expect(asked[0]).toEqual(['FundsDeposited', 2]);
    // The views that have no use for a deposit went on.
    expect(await positionsOf(part, 'newer')).toEqual({ ...everyViewAt(4), accounts: 1 });
  });

  it('goes on where an earlier release parked it and named the type alone', async () => {
    const log = new TestLog('earlier').open().add('AccountMerged', { with: 'another' }).trade(1);
    const part = partOf('earlier', 2);
    await project(runnerDeps(part, [log]), log.messages());
    await databaseOf(part).batch([
      {
        sql: "UPDATE view_positions SET parked_reason = replace(parked_reason, '@1', '') WHERE aggregate_id = ?",
        parameters: ['earlier'],
      },
    ]);
    await sweep(log, runnerDeps(part, [log], { knowsEvent: () => true }));
    expect(await positionsOf(part, 'earlier')).toEqual(everyViewAt(3));
  });
});

describe('the consumer', () => {
  const message = (id: string, body: unknown, attempts = 1) => {
    const said: string[] = [];
    const delays: number[] = [];
    const retry = ({ delaySeconds }: { delaySeconds: number }) => {
      said.push('retry');
      delays.push(delaySeconds);
    };
    return { id, body, attempts, said, delays, ack: () => void said.push('ack'), retry };
  };
  const chance = () => 0;

  it('gives back what is no announcement until the dead letters take it, and says so', async () => {
    const logger = memoryLogger();
    const bodies = ['{"hello":1}', 'no json', 7, '{"aggregateType":"account"}'];
    const messages = bodies.map((body, index) => message(`m-${index}`, body));
    const log = new TestLog('beside-nonsense').open();
    messages.push(message('good', log.texts()[0]));
    await consumeBatch({ parts: 2, logger, runnerDeps: (part) => runnerDeps(part, [log]), chance }, messages);
    expect(messages.map(({ said }) => said)).toEqual([...Array(4).fill(['retry']), ['ack']]);
    const complaints = logger.lines.filter((line) => line.message === 'message is not an announcement');
    expect(complaints.length).toBe(4);
    expect(await positionsOf(partOf(log.aggregateId, 2), log.aggregateId)).toEqual(everyViewAt(1));
  });

  it('gives back the messages of an owner that does not answer, and applies what came beside them', async () => {
    const silent = new TestLog('silent').open().trade(4);
    const well = new TestLog('answering').open().trade(4);
    const deps = runnerDeps(0, [well]);
    const messages = [silent.texts(3, 5)[0], well.texts(2, 5)[0], silent.texts(1, 1)[0]].map((body, index) =>
      message(`m-${index}`, body),
    );
    await consumeBatch({ parts: 1, logger: deps.logger, runnerDeps: () => deps, chance }, messages);
    expect(messages.map(({ said }) => said)).toEqual([['retry'], ['ack'], ['retry']]);
    expect(await positionsOf(0, 'answering')).toEqual(everyViewAt(5));
    expect(await positionsOf(0, 'silent')).toEqual({});
  });

  it('gives back the messages of a database that fails, applies the others, and loses nothing', async () => {
    const logs = upTo(12).map((number) => new TestLog(`share-${number}`).open().trade(2));
    const fail = () => Promise.reject(new Error('D1_ERROR: the database is overloaded'));
    const failing = runnerDeps(1, logs, { database: { all: fail, batch: fail } });
    const first = logs.map((log) => message(log.aggregateId, log.texts()[0]));
    const deps = { parts: 2, logger: memoryLogger(), chance };
    await consumeBatch(
      { ...deps, runnerDeps: (part) => (part === 1 ? failing : runnerDeps(0, logs)) },
      first,
    );
    expect(first.map(({ said }) => said)).toEqual(
      logs.map((log) => [partOf(log.aggregateId, 2) === 1 ? 'retry' : 'ack']),
    );
    const again = first.filter(({ said }) => said[0] === 'retry').map(({ id, body }) => message(id, body));
    expect(again.length).toBeGreaterThan(0);
    await consumeBatch({ ...deps, runnerDeps: (part) => runnerDeps(part, logs) }, again);
    for (const { aggregateId } of logs) {
      expect(await positionsOf(partOf(aggregateId, 2), aggregateId)).toEqual(everyViewAt(3));
    }
  });

  it('waits longer before each delivery of what keeps failing, and not all as long', async () => {
    const fail = () => Promise.reject(new Error('D1_ERROR: the database is overloaded'));
    const log = new TestLog('patient').open();
    const failing = runnerDeps(0, [log], { database: { all: fail, batch: fail } });
    const delayAfter = async (attempts: number, random: number) => {
      const sent = message('m', log.texts()[0], attempts);
      const deps = { parts: 1, logger: memoryLogger(), runnerDeps: () => failing, chance: () => random };
      await consumeBatch(deps, [sent]);
      return sent.delays[0];
    };
    const attempts = [1, 2, 3, 4, 8, 100];
    expect(await Promise.all(attempts.map((count) => delayAfter(count, 0)))).toEqual([
      5, 10, 20, 40, 600, 600,
    ]);
    expect(await Promise.all(attempts.map((count) => delayAfter(count, 0.9)))).toEqual([
      3, 6, 11, 22, 330, 330,
    ]);
  });

  it('says of each request whose events are in the views where it came to', async () => {
    const log = new TestLog('followed').open().trade(2).inRequest('another').trade(3);
    const logger = memoryLogger();
    const sent = message('m', log.texts()[0]);
    await consumeBatch({ parts: 1, logger, runnerDeps: () => runnerDeps(0, [log]), chance }, [sent]);
    const lines = logger.lines.filter((line) => line.message === 'events projected');
    const account = { aggregateType: 'account', aggregateId: 'followed' };
    expect(lines.map(({ fields }) => fields)).toEqual([
      { ...account, fromVersion: 1, version: 3, correlationId: 'test' },
      { ...account, fromVersion: 4, version: 6, correlationId: 'another' },
    ]);
  });
});
