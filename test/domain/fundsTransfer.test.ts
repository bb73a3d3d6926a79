/** Transfers on a network that may do anything: money is in one place at every instant, and every transfer comes to an end. */
import { expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { type Random, seededRandom } from '../../demo/random.ts';
import { add, formatDecimal, parseDecimal, subtract, ZERO } from '../../schemas/decimal.ts';
import { TRANSFER_DEFINITION } from '../../schemas/saga.ts';
import { ModelActor } from '../support/modelActor.ts';
import { NO_FAULTS, SagaSchedule } from '../support/sagaSchedule.ts';

const RUNS = 400;
const STEPS = 60;
const CASH = '100';

/** What came into the accounts, less what went out: the other side of the equation. */
function flowOf(accounts: readonly ModelActor<AccountState>[]): string {
  let sum = ZERO;
  for (const { type, data } of accounts.flatMap(({ events }) => events)) {
    const { amount, cash } = data as { amount: string; cash: string };
    if (type === 'AccountOpened') sum = add(sum, parseDecimal(cash));
    if (type === 'FundsWithdrawn') sum = subtract(sum, parseDecimal(amount));
  }
  return formatDecimal(sum);
}

/** What the accounts have, and what has left one and not reached the other. */
function moneyOf(accounts: readonly ModelActor<AccountState>[]): string {
  let sum = ZERO;
  const arrived = new Set<string>();
  for (const { state, events } of accounts) {
    sum = add(sum, parseDecimal(state.cash));
    for (const { type, data } of events) {
      if (type === 'FundsTransferredIn') arrived.add((data as { transferId: string }).transferId);
    }
  }
  for (const { type, data } of accounts.flatMap(({ events }) => events)) {
    const { transferId, amount } = data as { transferId: string; amount: string };
    if (type === 'FundsTransferredOut' && !arrived.has(transferId)) sum = add(sum, parseDecimal(amount));
  }
  return formatDecimal(sum);
}

function openAccount(id: string, currency: string): ModelActor<AccountState> {
  const account = new ModelActor<AccountState>(accountDecider);
  const data = { customerId: id, accountType: 'INDIVIDUAL', currency, initialBalance: CASH };
  account.execute('open', { type: 'OpenAccount', data }, 0);
  return account;
}

function scheduleOf(random: Random, seed: number) {
  const from = openAccount('from', 'USD');
  const to = openAccount('to', random.chance(0.1) ? 'EUR' : 'USD');
  const check = () => expect(moneyOf([from, to]), `seed ${seed}`).toBe(flowOf([from, to]));
  const often = () => (random.chance(0.3) ? 0 : random.integer(40) / 100);
  const schedule = new SagaSchedule(
    random,
    { lost: often(), unanswered: often(), repeated: often(), crashes: often(), timePasses: often() },
    DEFINITIONS,
    new Map<string, ModelActor<unknown>>([
      ['account from', from],
      ['account to', to],
    ]),
    check,
  );
  return { schedule, from, to, check };
}

/** Things that customers and operators do meanwhile. */
function disturb(random: Random, accounts: readonly ModelActor<AccountState>[], now: number, step: number) {
  if (!random.chance(0.1)) return;
  const data = { reason: 'why not', amount: '70' };
  const type = random.pick(['FreezeAccount', 'UnfreezeAccount', 'WithdrawFunds', 'CloseAccount']);
  const { amount, reason } = data;
  random
    .pick(accounts)
    .execute(`step ${step}`, { type, data: type === 'WithdrawFunds' ? { amount } : { reason } }, now);
}

function end(schedule: SagaSchedule, accounts: readonly ModelActor<AccountState>[], seed: number): void {
  schedule.calm();
  for (const account of accounts) {
    account.execute('thaw', { type: 'UnfreezeAccount', data: { reason: 'the end' } }, schedule.now);
  }
  for (let step = 0; !schedule.isOver || schedule.saga.state.status === 'PARKED'; step++) {
    expect(step, `seed ${seed} comes to rest: ${schedule.saga.state.status}`).toBeLessThan(2_000);
    if (schedule.isOver) schedule.tell(`retry ${step}`, { type: 'RetrySaga', data: { reason: 'again' } });
    schedule.step();
  }
}

it('money is conserved at every instant, and every transfer completes or leaves no trace', () => {
  const endings: Record<string, number> = {};
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const { schedule, from, to, check } = scheduleOf(random, seed);
    const input = {
      transferId: 't',
      fromAccountId: 'from',
      toAccountId: 'to',
      amount: random.pick(['30', '100', '150']),
      currency: 'USD',
      expiresInSeconds: random.pick([1, 60, 3_600]),
    };
    schedule.start('transfer-t', TRANSFER_DEFINITION, input);
    for (let step = 0; step < STEPS; step++) {
      schedule.step();
      if (random.chance(0.5)) {
        disturb(random, [from, to], schedule.now, step);
      }
    }
    end(schedule, [from, to], seed);
    const { status } = schedule.saga.state;
    endings[status] = (endings[status] ?? 0) + 1;
    expect(from.state.reserved, `seed ${seed}`).toBe('0');
    expect(to.state.expected, `seed ${seed}`).toBe('0');
    expect(from.events.filter(({ type }) => type === 'FundsTransferredOut')).toHaveLength(
      status === 'COMPLETED' ? 1 : 0,
    );
    expect(to.events.filter(({ type }) => type === 'FundsTransferredIn')).toHaveLength(
      status === 'COMPLETED' ? 1 : 0,
    );
    check();
  }
  // Every ending there is, or the schedules are too tame.
  expect(Object.keys(endings).sort()).toEqual(['COMPENSATED', 'COMPLETED']);
});

/** A transfer on a network that loses nothing, whose saga dies before some steps of the schedule. */
function transferWithCrashes(seed: number, amount: string, crashesBefore: ReadonlySet<number>) {
  const random = seededRandom(seed);
  const [from, to] = [openAccount('from', 'USD'), openAccount('to', 'USD')];
  const check = () => expect(moneyOf([from, to])).toBe(flowOf([from, to]));
  const schedule = new SagaSchedule(
    random,
    NO_FAULTS,
    DEFINITIONS,
    new Map<string, ModelActor<unknown>>([
      ['account from', from],
      ['account to', to],
    ]),
    check,
  );
  const parties = { transferId: 't', fromAccountId: 'from', toAccountId: 'to' };
  const input = { ...parties, amount, currency: 'USD', expiresInSeconds: 3_600 };
  schedule.start('transfer-t', TRANSFER_DEFINITION, input);
  let steps = 0;
  for (; !schedule.isOver; steps++) {
    if (crashesBefore.has(steps)) schedule.crash();
    schedule.step();
    expect(steps, 'comes to rest').toBeLessThan(500);
  }
  // A saga that does not know whether it had reserved has it released, which of nothing changes nothing.
  const effects = [from, to].map(({ events }) =>
    events.map(({ type }) => type).filter((type) => type !== 'FundsReleased'),
  );
  expect([from.state.reserved, to.state.expected]).toEqual(['0', '0']);
  return { steps, status: schedule.saga.state.status, effects };
}

it.each([
  ['that goes through', '30', 'COMPLETED'],
  ['that is undone', '150', 'COMPENSATED'],
] as const)(
  'a transfer %s does the same, wherever its saga dies, once or twice',
  (_name, amount, expected) => {
    const undisturbed = transferWithCrashes(1, amount, new Set());
    expect(undisturbed.status).toBe(expected);
    let runs = 0;
    for (let first = 0; first <= undisturbed.steps; first++) {
      for (let second = first; second <= undisturbed.steps + 2; second++) {
        const { status, effects } = transferWithCrashes(1, amount, new Set([first, second]));
        expect([first, second, status, effects]).toEqual([first, second, expected, undisturbed.effects]);
        runs++;
      }
    }
    expect(runs).toBeGreaterThan(15);
  },
);
