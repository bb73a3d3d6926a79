/** What the reconciler's checks take for wrong: outboxes, the archive, transfers and balances that are broken in turn. */
import { describe, expect, it } from 'vitest';
import { type ArchivedLog, archiveCheck } from '../../queues/reconciler/archive.ts';
import { balanceCheck, type SummedAccount } from '../../queues/reconciler/balance.ts';
import { ANNOUNCEMENT_LATE_MS, outboxCheck } from '../../queues/reconciler/outbox.ts';
import { TRANSFERS_MAX, transferCheck, WINDOW_EVENTS } from '../../queues/reconciler/transfers.ts';
import { findingOf, LATE_MS, type Verdict } from '../../queues/reconciler/verdict.ts';
import { MovementLedger } from '../../reports/statement/movements.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
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

/** Money that leaves an account for another. */
async function transferOut(actor: StatedActor, transferId: string): Promise<void> {
  const expiresAt = timeText(EPOCH + 60_000);
  const transfer = { transferId, amount: '1', currency: 'USD', toAccountId: 'other', expiresAt };
  await actor.run('ReserveFunds', transfer);
  await actor.run('SettleFunds', { transferId });
}

const eventsOf = (actor: StatedActor) => async (_: object, fromVersion: number, limit: number) =>
  JSON.parse(actor.core.events(fromVersion, limit)) as EventEnvelope[];

describe('an outbox', () => {
  async function checked() {
    const actor = await opened();
    const { core, world } = actor;
    const sagas = { at: 0 };
    const check = outboxCheck({
      logger,
      now: () => world.now,
      told: async () => core.outbox.told(),
      head: async () => core.head(),
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map([['account/local', sagas.at]]),
      announce: () => core.alarm(),
      tellSagas: async (_, toVersion) => {
        sagas.at = toVersion;
      },
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
      logger,
      now: () => now,
      told: async () => [{ group: 'sagas', version: 3, lacksSince: null }],
      head: async () => 3,
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map([['account/local', told.at]]),
      announce: async () => undefined,
      tellSagas: async (_, toVersion) => {
        told.at = toVersion;
      },
    });
    expect(faults(await check.judge([KEY], []))).toEqual({ sagas: undefined });
    now += LATE_MS;
    expect(faults(await check.judge([KEY], []))).toEqual({
      sagas: 'was told up to version 3, and has taken up to 0',
    });
    await check.repair({ ...KEY, check: 'outbox', where: 'sagas' } as OpenFinding, () => false);
    expect(faults(await check.judge([KEY], []))).toEqual({ sagas: undefined });
  });

  it('of an actor that does not answer has no verdict', async () => {
    const { check } = await checked();
    const away = outboxCheck({
      logger,
      now: () => EPOCH,
      told: () => Promise.reject(new Error('away')),
      head: async () => 0,
      recordedAt: async () => EPOCH,
      sagasAt: async () => new Map(),
      announce: async () => undefined,
      tellSagas: async () => undefined,
    });
    expect(await away.judge([KEY], [])).toEqual([]);
    expect(await check.judge([], [])).toEqual([]);
  });
});

describe('the archive', () => {
  function checked(log: { -readonly [Name in keyof ArchivedLog]: ArchivedLog[Name] }, now: number) {
    const archived: number[][] = [];
    const check = archiveCheck({
      logger,
      now: () => now,
      compare: async () => [log],
      recordedAt: async () => EPOCH,
      archive: async (_, from, to) => {
        archived.push([from, to]);
        Object.assign(log, { state: 'COMPLETE', archived: to });
      },
    });
    return { check, archived };
  }

  it.each<[ArchivedLog['state'], number, string | undefined]>([
    ['COMPLETE', 10 * LATE_MS, undefined],
    ['BEHIND', LATE_MS - 1, undefined],
    ['BEHIND', LATE_MS, 'has up to version 2 of 5, and lacks the next one for an hour'],
    ['DIFFERENT', 0, 'version 2 is another event in the archive, or the log has lost it (it ends at 5)'],
  ])('%s after %i ms: %s', async (state, after, fault) => {
    const { check } = checked({ ...KEY, state, head: 5, archived: 2 }, EPOCH + after);
    expect(faults(await check.judge([KEY], []))).toEqual({ log: fault });
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

describe('a transfer', () => {
  /** Two accounts, the first of which has sent money to the second, which has it or not. */
  async function sent(arrives: boolean, amount = '30') {
    const [from, to] = [await opened(), await opened()];
    const transfer = { transferId: 't-1', amount: '30', currency: 'USD' };
    const expiresAt = timeText(EPOCH + 60_000);
    await from.run('ReserveFunds', { ...transfer, toAccountId: 'other', expiresAt });
    await from.run('SettleFunds', { transferId: 't-1' });
    const arrive = async () => {
      await to.run('AcceptTransfer', { ...transfer, amount, fromAccountId: 'local' });
      await to.run('CreditTransfer', { transferId: 't-1' });
    };
    if (arrives) await arrive();
    const actors = new Map([
      ['local', from],
      ['other', to],
    ]);
    const check = transferCheck({
      logger,
      now: () => EPOCH + LATE_MS,
      head: async ({ aggregateId }) => actors.get(aggregateId)?.core.head() ?? 0,
      events: ({ aggregateId }, first, limit) =>
        eventsOf(actors.get(aggregateId) as StatedActor)({}, first, limit),
      find: async (accountId, type, transferId) => {
        const actor = actors.get(accountId);
        const all = actor === undefined ? [] : await eventsOf(actor)({}, 1, 1_000);
        return all.find(({ eventType, data }) => eventType === type && data.transferId === transferId);
      },
      deliver: arrive,
    });
    return { check, from, to };
  }

  const openFinding = (verdicts: readonly Verdict[]): OpenFinding => ({
    ...findingOf(verdicts.find(({ fault }) => fault !== undefined) as Verdict & { fault: string }),
    openedAt: timeText(EPOCH),
  });

  it('that left and arrived is in order, from either side', async () => {
    const { check } = await sent(true);
    const keys = [KEY, { ...KEY, aggregateId: 'other' }];
    for (const { fault } of await check.judge(keys, [])) expect(fault).toBeUndefined();
  });

  it('that left and did not arrive is found, brought and in order then', async () => {
    const { check } = await sent(false);
    const verdicts = await check.judge([KEY], []);
    expect(faults(verdicts)).toEqual({
      out: 'transfer t-1 of 30 left for other and has not reached it',
      in: undefined,
    });
    await check.repair(openFinding(verdicts), () => false);
    expect(faults(await check.judge([KEY], []))).toEqual({ out: undefined, in: undefined });
  });

  it('of which less arrived than left is wrong on both sides', async () => {
    const { check } = await sent(true, '29');
    expect(faults(await check.judge([KEY], [])).out).toContain('has not reached it');
    expect(faults(await check.judge([{ ...KEY, aggregateId: 'other' }], [])).in).toBe(
      'transfer t-1 of 29 came from local and has not left it',
    );
  });

  it('stays a finding however much happens after it', async () => {
    const { check, from } = await sent(false);
    const finding = openFinding(await check.judge([KEY], []));
    for (let more = 0; more < WINDOW_EVENTS; more++) await from.run('DepositFunds', { amount: '1' });
    expect(faults(await check.judge([KEY], [])).out).toBeUndefined();
    expect(faults(await check.judge([KEY], [finding])).out).toContain('has not reached it');
  });

  it('stays a finding however many transfers come after it, lost ones too', async () => {
    const { check, from } = await sent(false);
    const finding = openFinding(await check.judge([KEY], []));
    for (let number = 0; number < TRANSFERS_MAX; number++) await transferOut(from, `later-${number}`);
    expect(faults(await check.judge([KEY], [])).out).toContain('transfer later-0 of 1');
    const verdicts = await check.judge([KEY], [finding]);
    expect(verdicts[0]).toMatchObject({ where: 'out', version: finding.version });
  });

  it('is followed among so many others and no more', async () => {
    const actor = await opened();
    for (let number = 0; number < TRANSFERS_MAX + 5; number++) await transferOut(actor, `t-${number}`);
    const asked: string[] = [];
    const check = transferCheck({
      logger,
      now: () => EPOCH + LATE_MS,
      head: async () => actor.core.head(),
      events: eventsOf(actor),
      find: async (_, __, transferId) => {
        asked.push(transferId);
        return undefined;
      },
      deliver: async () => undefined,
    });
    await check.judge([KEY], []);
    expect(asked).toHaveLength(TRANSFERS_MAX);
    expect(asked).toContain(`t-${TRANSFERS_MAX + 4}`);
  });
});

describe('a balance', () => {
  async function checked(bend: (state: SummedAccount) => SummedAccount, skips = 0) {
    const actor = await opened();
    for (let more = 0; more < 5; more++) await actor.run('DepositFunds', { amount: '7' });
    const expiresAt = timeText(EPOCH + 60_000);
    const transfer = { transferId: 't-1', amount: '30', currency: 'USD', toAccountId: 'other', expiresAt };
    await actor.run('ReserveFunds', transfer);
    const check = balanceCheck({
      logger,
      head: async () => actor.core.head(),
      state: async (_, version) => bend(actor.core.read({ version })?.state as SummedAccount),
      events: async (_, first, limit) => (await eventsOf(actor)({}, first + skips, limit)) as EventEnvelope[],
      balanceAfter: (version, balance, events) => {
        const ledger = new MovementLedger(version, balance);
        ledger.add(events);
        return ledger.balance;
      },
    });
    return faults(await check.judge([KEY], [])).cash;
  }

  it('that its movements come to is in order', async () => {
    expect(await checked((state) => state)).toBeUndefined();
  });

  it.each<[string, (state: SummedAccount) => SummedAccount, string]>([
    ['cash', (state) => ({ ...state, cash: '1036' }), 'holds 1036, and its movements come to 1035'],
    [
      'what is set aside',
      (state) => ({ ...state, reserved: '1' }),
      'has 1 set aside, and not for as much in transfers',
    ],
    ['what is expected', (state) => ({ ...state, expected: '2' }), 'expects 2, and not as much in transfers'],
  ])('with another %s is wrong', async (_, bend, fault) => {
    expect(await checked(bend)).toBe(fault);
  });

  it('of a log with a hole does not add up', async () => {
    expect(await checked((state) => state, 1)).toMatch(/^its movements do not add up: event 2 follows 0/);
  });
});
