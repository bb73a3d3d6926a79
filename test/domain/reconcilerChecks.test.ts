/** What the reconciler's checks take for wrong: outboxes and the archive, broken in turn. */
import { describe, expect, it } from 'vitest';
import { type ArchivedLog, archiveCheck } from '../../queues/reconciler/archive.ts';
import { ANNOUNCEMENT_LATE_MS, outboxCheck } from '../../queues/reconciler/outbox.ts';
import { Untold } from '../../queues/reconciler/untold.ts';
import { findingOf, LATE_MS, type Verdict } from '../../queues/reconciler/verdict.ts';
import type { OpenFinding } from '../../schemas/reconciliation.ts';
import { timeText } from '../../schemas/time.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { EPOCH, StatedActor } from '../support/statement.ts';

const KEY = { aggregateType: 'account', aggregateId: 'local' };
const logger = createLogger('test', 'error', () => undefined);

const faults = (verdicts: readonly Verdict[]) =>
  Object.fromEntries(verdicts.map(({ where, fault }) => [where, fault]));

/** An open account in a world of its own. */
async function opened(): Promise<StatedActor> {
  const actor = new StatedActor();
  await actor.run('OpenAccount', {
    customerId: 'c',
    accountType: 'INDIVIDUAL',
    currency: 'USD',
    initialBalance: '1000',
  });
  return actor;
}

describe('an outbox', () => {
  async function checked() {
    const actor = await opened();
    const { core, world } = actor;
    const sagas = { at: 0 };
    const check = outboxCheck({
      untold: new Untold(logger),
      now: () => world.now,
      told: async () => core.outbox.told(),
      head: async () => core.head(),
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map([['account/local', sagas.at]]),
      announce: () => core.alarm(),
      tellSagas: async (_, toVersion) => {
        sagas.at = toVersion;
      },
      forgetSagas: async () => undefined,
    });
    return { check, core, world, sagas };
  }

  it('that a queue refuses is a finding once it is late, and none once the queue takes it', async () => {
    const { check, world } = await checked();
    world.onSend = () => {
      throw new Error('the queue is away');
    };
    world.now = EPOCH + ANNOUNCEMENT_LATE_MS - 1;
    expect(faults(await check.judge([KEY], []))).toEqual({ views: undefined });
    world.now = EPOCH + ANNOUNCEMENT_LATE_MS;
    const [verdict] = await check.judge([KEY], []);
    expect(verdict?.fault).toBe(
      `was told up to version 0, and what comes next was recorded at ${timeText(EPOCH)}`,
    );
    world.onSend = () => undefined;
    world.now += 60_000;
    const finding = { ...findingOf(verdict as Verdict & { fault: string }), openedAt: timeText(world.now) };
    expect(await check.repair(finding, () => false)).toBe(true);
    expect(faults(await check.judge([KEY], []))).toEqual({ views: undefined });
    expect(world.sent).toHaveLength(1);
  });

  it('that has only just woken, years after its last event, tells everybody and is no finding', async () => {
    const { check, world } = await checked();
    world.now = EPOCH + 1_000 * LATE_MS;
    expect(faults(await check.judge([KEY], []))).toEqual({ views: undefined });
    expect(world.sent).toHaveLength(1);
  });

  it('whose sagas did not hear what they were told is a finding, and they are told', async () => {
    const told = { at: 0 };
    let now = EPOCH;
    const check = outboxCheck({
      untold: new Untold(logger),
      now: () => now,
      told: async () => [{ group: 'sagas', version: 3, lacksSince: null }],
      head: async () => 3,
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map([['account/local', told.at]]),
      announce: async () => undefined,
      forgetSagas: async () => {
        told.at = 0;
      },
      tellSagas: async (_, toVersion) => {
        told.at = Math.max(told.at, toVersion);
      },
    });
    expect(faults(await check.judge([KEY], []))).toEqual({ sagas: undefined });
    now += LATE_MS;
    expect(faults(await check.judge([KEY], []))).toEqual({
      sagas: 'was told up to version 3, and has taken up to 0',
    });
    const finding = { ...KEY, check: 'outbox', where: 'sagas' } as OpenFinding;
    await check.repair(finding, () => false);
    expect(faults(await check.judge([KEY], []))).toEqual({ sagas: undefined });
    // What comes next would be taken for what was told already.
    told.at = 7;
    expect(faults(await check.judge([KEY], []))).toEqual({
      sagas: 'has taken up to version 7, and its log ends at 3',
    });
    await check.repair(finding, () => false);
    expect(told.at).toBe(3);
  });

  it('of an actor that does not answer has no verdict', async () => {
    const { check } = await checked();
    const away = outboxCheck({
      untold: new Untold(logger),
      now: () => EPOCH,
      told: () => Promise.reject(new Error('away')),
      head: async () => 0,
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map(),
      announce: async () => undefined,
      tellSagas: async () => undefined,
      forgetSagas: async () => undefined,
    });
    expect(await away.judge([KEY], [])).toEqual([]);
    expect(await check.judge([], [])).toEqual([]);
  });
});

describe('the archive', () => {
  function checked(
    log: { -readonly [Name in keyof ArchivedLog]: ArchivedLog[Name] },
    now: number,
    archivist: 'there' | 'away' | 'asked before' = 'there',
  ) {
    const archived: number[][] = [];
    const untold = new Untold(logger);
    const archive = async ({ fromVersion, toVersion }: { fromVersion: number; toVersion: number }) => {
      archived.push([fromVersion, toVersion]);
      Object.assign(log, { state: 'COMPLETE', archived: toVersion });
    };
    const check = archiveCheck({
      untold,
      logger,
      now: () => now,
      compare: async () => [log],
      recordedAt: async () => EPOCH,
      archive,
      catchUp: async (ranges) => {
        if (archivist === 'away') throw new Error('the bucket is away');
        if (archivist === 'asked before') return 'WAITS';
        for (const range of ranges) await archive(range);
        return 'TAKEN';
      },
    });
    return { check, archived, untold };
  }

  it.each<[ArchivedLog['state'], number, string | undefined]>([
    ['COMPLETE', 10 * LATE_MS, undefined],
    ['BEHIND', LATE_MS - 1, undefined],
    ['BEHIND', LATE_MS, 'has up to version 2 of 5, and lacks the next one for an hour'],
    ['DIFFERENT', 0, 'version 2 is another event in the archive, or the log has lost it (it ends at 5)'],
  ])('%s after %i ms: %s', async (state, after, fault) => {
    const { check } = checked({ ...KEY, state, head: 5, archived: 2 }, EPOCH + after, 'away');
    expect(faults(await check.judge([KEY], []))).toEqual({ log: fault });
  });

  it('that lacks events for long since nothing ran meanwhile takes them when it is looked at, and nothing is found', async () => {
    const { check, archived } = checked({ ...KEY, state: 'BEHIND', head: 5, archived: 2 }, EPOCH + LATE_MS);
    expect(faults(await check.judge([KEY], []))).toEqual({ log: undefined });
    expect(archived).toEqual([[3, 5]]);
  });

  it('that was asked once already takes them with what else comes, and nothing is told of them yet', async () => {
    const behind = { ...KEY, state: 'BEHIND', head: 5, archived: 2 } as const;
    const { check, untold } = checked({ ...behind }, EPOCH + LATE_MS, 'asked before');
    expect(await check.judge([KEY], [])).toEqual([]);
    expect(untold.count).toBe(1);
  });

  it('that lacks events is brought what it lacks; what differs is left as it is', async () => {
    const behind = checked({ ...KEY, state: 'BEHIND', head: 5, archived: 2 }, EPOCH + LATE_MS);
    const finding = { ...KEY, check: 'archive', where: 'log' } as OpenFinding;
    await behind.check.repair(finding, () => false);
    expect(behind.archived).toEqual([[3, 5]]);
    expect(faults(await behind.check.judge([KEY], []))).toEqual({ log: undefined });
    const different = checked({ ...KEY, state: 'DIFFERENT', head: 5, archived: 2 }, EPOCH);
    await different.check.repair(finding, () => false);
    expect(different.archived).toEqual([]);
  });

  it('of a log that does not answer has no verdict', async () => {
    const { check } = checked({ ...KEY, state: 'UNREACHABLE', head: null, archived: 2 }, EPOCH + LATE_MS);
    expect(await check.judge([KEY], [])).toEqual([]);
  });
});
