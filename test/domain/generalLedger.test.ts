/** The general ledger: read in parts, interrupted, raced for and lied to, its sums hold at whatever versions its books stand. */
import { describe, expect, it } from 'vitest';
import type { SummedAccount } from '../../queues/reconciler/reader.ts';
import { TRANSFERS_MAX } from '../../queues/reconciler/transfers.ts';
import { findingOf, LATE_MS, type Verdict } from '../../queues/reconciler/verdict.ts';
import type { OpenFinding } from '../../schemas/reconciliation.ts';
import { timeText } from '../../schemas/time.ts';
import { keyOfAccount, LedgerWorld } from '../support/ledgerWorld.ts';
import { numbersOf } from '../support/random.ts';
import { EPOCH } from '../support/statement.ts';

const SEED = 20261128;
const DEPOSIT = { amount: '7' };

async function worldOf(...accountIds: string[]): Promise<LedgerWorld> {
  const world = new LedgerWorld();
  for (const accountId of accountIds) await world.open(accountId);
  return world;
}

async function deposits(world: LedgerWorld, accountId: string, count: number): Promise<void> {
  for (let more = 0; more < count; more++) await world.actor(accountId).run('DepositFunds', DEPOSIT);
}

describe('an account', () => {
  it('is read whole, however much happens between two looks, and nothing of it twice', async () => {
    const world = await worldOf('a');
    world.eventsMax = 250;
    await deposits(world, 'a', 899);
    for (const [version, eventsBehind] of [
      [250, 650],
      [500, 400],
      [750, 150],
      [900, 0],
      [900, 0],
    ]) {
      expect(await world.look('balance', 'a')).toEqual({ cash: undefined });
      expect(world.ledger.books(['a'])[0]).toMatchObject({ version, head: 900 });
      expect(world.sums()).toMatchObject({ accounts: 1, events: version, eventsBehind, difference: '0' });
      expect(world.ledger.behind('', 10)).toEqual(eventsBehind === 0 ? [] : ['a']);
    }
    expect(world.read).toEqual([1, 251, 501, 751]);
    expect(world.sums()).toMatchObject({ held: '7293', deposited: '7293', withdrawn: '0', inTransit: '0' });
  });

  it('with much to read keeps no other from being read whole', async () => {
    const world = await worldOf('big', 'small', 'tiny');
    await deposits(world, 'big', 500);
    await deposits(world, 'small', 20);
    world.eventsMax = 100;
    await world.look('balance', 'big', 'small', 'tiny');
    const versions = world.ledger
      .books(['big', 'small', 'tiny'])
      .map(({ accountId, version }) => [accountId, version]);
    expect(Object.fromEntries(versions)).toEqual({ tiny: 1, small: 21, big: 78 });
  });

  it('that two look at is counted once', async () => {
    const world = await worldOf('a');
    await deposits(world, 'a', 9);
    const looks = [1, 2, 3].map(() => world.look('balance', 'a'));
    expect(await Promise.all(looks)).toEqual(Array(3).fill({ cash: undefined }));
    expect(world.sums()).toMatchObject({ accounts: 1, events: 10, held: '1063', difference: '0' });
  });

  it.each<[string, (state: SummedAccount) => SummedAccount, string, string]>([
    ['cash', (state) => ({ ...state, cash: '1036' }), 'holds 1036, and its movements come to 1035', '1'],
    [
      'what is set aside',
      (state) => ({ ...state, reserved: '1' }),
      'has 1 set aside, and not for as much in transfers',
      '0',
    ],
    [
      'what is expected',
      (state) => ({ ...state, expected: '2' }),
      'expects 2, and not as much in transfers',
      '0',
    ],
  ])('that says other %s than its log is wrong, and the sum with it', async (_, bend, fault, difference) => {
    const world = await worldOf('a', 'b');
    await deposits(world, 'a', 5);
    world.bendState = bend;
    expect(await world.look('balance', 'a')).toEqual({ cash: fault });
    expect(await world.look('balance', 'a')).toEqual({ cash: fault });
    expect(world.sums().difference).toBe(difference);
    const all = '1036 and 0 is in transit, 1 more than the 1035 that came in';
    expect(await world.sumFault()).toBe(difference === '0' ? undefined : `accounts hold ${all}`);
    world.bendState = (state) => state;
    expect(await world.look('balance', 'a')).toEqual({ cash: undefined });
    expect(await world.sumFault()).toBeUndefined();
  });

  it('of which an event says another balance than it makes is read up to there, until that is mended', async () => {
    const world = await worldOf('a');
    world.eventsMax = 10;
    await deposits(world, 'a', 29);
    world.bendEvents = (events) =>
      events.map((event) =>
        event.version === 15 ? { ...event, data: { ...event.data, amount: '8' } } : event,
      );
    expect(await world.look('balance', 'a')).toEqual({ cash: undefined });
    const fault =
      'its movements do not add up: FundsDeposited 15 says 1098, and what it moves makes 1099 of 1091';
    for (let round = 0; round < 3; round++) expect(await world.look('balance', 'a')).toEqual({ cash: fault });
    expect(world.ledger.books(['a'])[0]?.version).toBe(10);
    world.bendEvents = (events) => events;
    for (let round = 0; round < 2; round++) await world.look('balance', 'a');
    expect(world.ledger.books(['a'])[0]?.version).toBe(30);
  });

  it('whose log has a hole, or has lost what was read, is wrong', async () => {
    const world = await worldOf('a');
    await deposits(world, 'a', 5);
    world.bendEvents = (events) => events.filter(({ version }) => version !== 3);
    expect((await world.look('balance', 'a')).cash).toBe('its movements do not add up: version 4 follows 2');
    world.bendEvents = (events) => events;
    await world.look('balance', 'a');
    world.bendHead = () => 4;
    expect((await world.look('balance', 'a')).cash).toBe(
      'its log ends at version 4, and was read up to 6 before',
    );
  });

  it('that does not answer has no verdict, and the others have', async () => {
    const world = await worldOf('a', 'b');
    const keys = [keyOfAccount('nobody'), keyOfAccount('a'), keyOfAccount('b')];
    const verdicts = await world.checks().balance.judge(keys, []);
    expect(verdicts.map(({ aggregateId }) => aggregateId)).toEqual(['a', 'b']);
  });
});

describe('the sums', () => {
  it('hold at whatever versions the accounts are read, in every currency', async () => {
    const random = numbersOf(SEED);
    const pick = (count: number) => Math.floor(random() * count);
    const world = new LedgerWorld();
    const currencies = ['USD', 'JPY'];
    const accounts = Array.from({ length: 8 }, (_, index) => ({
      id: `a-${index}`,
      currency: currencies[index % 2] as string,
    }));
    for (const { id, currency } of accounts) await world.open(id, '100000', currency);
    const onTheWay: { from: string; to: string; id: string; amount: string; currency: string }[] = [];
    for (let step = 0; step < 400; step++) {
      const { id: from, currency } = accounts[pick(8)] as (typeof accounts)[number];
      const to = (
        accounts.filter((one) => one.currency === currency && one.id !== from)[pick(3)] as { id: string }
      ).id;
      const amount = String(1 + pick(50));
      const kind = random();
      if (kind < 0.3) {
        const transfer = { from, to, id: `t-${step}`, amount, currency };
        await world.leave(from, to, transfer.id, amount, currency);
        onTheWay.push(transfer);
      } else if (kind < 0.55) {
        const [transfer] = onTheWay.splice(pick(onTheWay.length), 1);
        if (transfer !== undefined)
          await world.arrive(transfer.from, transfer.to, transfer.id, transfer.amount, transfer.currency);
      } else if (kind < 0.65) await world.actor(from).run('DepositFunds', { amount });
      else if (kind < 0.7) await world.actor(from).run('WithdrawFunds', { amount });
      else {
        world.eventsMax = 1 + pick(12);
        const looked = accounts.filter(() => random() < 0.4).map(({ id }) => id);
        expect((await world.look('balance', ...looked)).cash, `seed ${SEED}, step ${step}`).toBeUndefined();
        for (const sums of world.ledger.sums())
          expect(world.sums(sums.currency).difference, `seed ${SEED}, step ${step}`).toBe('0');
      }
    }
    world.eventsMax = 100_000;
    await world.look('balance', ...accounts.map(({ id }) => id));
    for (const currency of currencies) {
      const own = accounts.filter((one) => one.currency === currency);
      const held = own.reduce((sum, { id }) => sum + Number(world.actor(id).core.read()?.state.cash), 0);
      const away = onTheWay.filter((one) => one.currency === currency);
      const inTransit = away.reduce((sum, { amount }) => sum + Number(amount), 0);
      expect(world.sums(currency)).toMatchObject({
        accounts: 4,
        eventsBehind: 0,
        held: String(held),
        inTransit: String(inTransit),
        difference: '0',
      });
    }
    for (const { from, to, id, amount, currency } of onTheWay)
      await world.arrive(from, to, id, amount, currency);
    await world.look('balance', ...accounts.map(({ id }) => id));
    for (const currency of currencies) expect(world.sums(currency).inTransit).toBe('0');
    for (const { id } of accounts) expect(world.ledger.openTransfers(id, EPOCH, 10)).toEqual([]);
  });

  it('count what arrived before it is read to have left as less than nothing in transit', async () => {
    const world = await worldOf('a', 'b');
    await world.look('balance', 'a', 'b');
    await world.leave('a', 'b', 't-1', '30');
    await world.arrive('a', 'b', 't-1', '30');
    await world.look('balance', 'b');
    expect(world.sums()).toMatchObject({ held: '2030', inTransit: '-30', difference: '0' });
    await world.look('balance', 'a');
    expect(world.sums()).toMatchObject({ held: '2000', inTransit: '0', difference: '0' });
  });

  it('take in trades, their fees and their amendments', async () => {
    const world = await worldOf('a');
    const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '3', price: '10.5', side: 'BUY', fee: '0.25' };
    await world.actor('a').run('ExecuteTrade', trade);
    await world.actor('a').run('CorrectTrade', { tradeId: 't-1', price: '10', reason: 'x' });
    await world.actor('a').run('CancelTrade', { tradeId: 't-1', reason: 'x' });
    for (const [version, traded] of [
      [2, '-31.75'],
      [3, '-30.25'],
      [4, '0'],
    ]) {
      world.eventsMax = version === 2 ? 2 : 1;
      expect(await world.look('balance', 'a')).toEqual({ cash: undefined });
      expect(world.sums()).toMatchObject({ events: version, traded, difference: '0' });
    }
  });

  it('that nobody has read say nothing', async () => {
    expect(await (await worldOf()).sumFault()).toBeUndefined();
  });
});

describe('a transfer', () => {
  /** Money that has left `a` an hour ago. */
  async function left(amount = '30'): Promise<LedgerWorld> {
    const world = await worldOf('a', 'b');
    await world.leave('a', 'b', 't-1', amount);
    world.now = EPOCH + LATE_MS;
    return world;
  }

  const openFinding = (verdicts: readonly Verdict[]): OpenFinding => ({
    ...findingOf(verdicts.find(({ fault }) => fault !== undefined) as Verdict & { fault: string }),
    openedAt: timeText(EPOCH),
  });

  it('that left and arrived is in order, whichever side is read first', async () => {
    for (const order of [['a', 'b'], ['b', 'a'], ['a'], ['b']]) {
      const world = await left();
      await world.arrive('a', 'b', 't-1', '30');
      expect(await world.look('transfer', ...order)).toEqual({ out: undefined, in: undefined });
    }
  });

  it('that left and did not arrive is found after an hour, brought and in order then', async () => {
    const world = await left();
    world.now -= 1;
    expect(await world.look('transfer', 'a')).toEqual({ out: undefined, in: undefined });
    world.now += 1;
    const { transfer } = world.checks();
    const verdicts = await transfer.judge([keyOfAccount('a')], []);
    expect(verdicts[0]).toMatchObject({
      version: 3,
      fault: 'transfer t-1 of 30 left for b and has not reached it',
    });
    await transfer.repair(openFinding(verdicts), () => false);
    expect(await world.look('transfer', 'a')).toEqual({ out: undefined, in: undefined });
    await world.look('balance', 'b');
    expect(world.sums()).toMatchObject({ inTransit: '0', difference: '0' });
  });

  it('of which less arrived than left is wrong on both sides, and is not brought once more', async () => {
    const world = await left();
    await world.arrive('a', 'b', 't-1', '29');
    const { transfer } = world.checks();
    const verdicts = await transfer.judge([keyOfAccount('a')], []);
    expect(verdicts[0]?.fault).toContain('has not reached it');
    expect((await world.look('transfer', 'b')).in).toBe('transfer t-1 of 29 came from a and has not left it');
    await transfer.repair(openFinding(verdicts), () => false);
    expect(world.actor('b').core.read()?.state.cash).toBe('1029');
  });

  it('that came twice is found, though it left', async () => {
    const world = await left();
    await world.arrive('a', 'b', 't-1', '30');
    await world.look('balance', 'a', 'b');
    await world.arrive('a', 'b', 't-1', '30');
    expect((await world.look('transfer', 'b')).in).toBe(
      'transfer t-1 of 30 came from a once more than it left it',
    );
    expect(world.sums()).toMatchObject({ inTransit: '-30', difference: '0' });
  });

  it('that came from nowhere is found', async () => {
    const world = await worldOf('b');
    await world.arrive('nobody', 'b', 't-1', '30');
    expect((await world.look('transfer', 'b')).in).toBe(
      'transfer t-1 of 30 came from nobody and has not left it',
    );
  });

  it('stays a finding however many come after it, and each lost one is found in turn', async () => {
    const world = await left();
    for (let number = 0; number < 3 * TRANSFERS_MAX; number++) {
      await world.leave('a', 'b', `later-${number}`);
      if (number % 10 !== 7) await world.arrive('a', 'b', `later-${number}`);
    }
    await world.look('balance', 'b');
    const found: (string | undefined)[] = [];
    for (;;) {
      const { transfer } = world.checks();
      const verdicts = await transfer.judge([keyOfAccount('a')], []);
      const { out } = Object.fromEntries(verdicts.map(({ where, fault }) => [where, fault]));
      if (out === undefined) break;
      found.push(out.split(' ')[1]);
      await transfer.repair(openFinding(verdicts), () => false);
      await world.look('balance', 'b');
    }
    expect(found).toEqual(['t-1', ...[7, 17, 27, 37, 47, 57].map((number) => `later-${number}`)]);
    expect(world.sums()).toMatchObject({ inTransit: '0', difference: '0' });
  });

  it('is followed among so many others and no more', async () => {
    const world = await left();
    for (let number = 0; number < TRANSFERS_MAX + 5; number++) await world.leave('a', 'b', `later-${number}`);
    await world.look('transfer', 'a');
    expect(world.asked).toHaveLength(TRANSFERS_MAX);
    expect(world.asked).toContain('t-1');
  });
});
