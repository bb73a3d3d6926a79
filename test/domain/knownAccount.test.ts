/** What was, as it was recorded and as it is known later: states and balances against a plain refold, the two axes crossed. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BALANCE_PERIODS_MAX,
  type BalanceHistory,
  type BalanceRequest,
  balanceHistory,
} from '../../actors/account/balanceHistory.ts';
import type { BalancePeriod, DayBalances } from '../../actors/account/balances.ts';
import { knownAccount } from '../../actors/account/known.ts';
import { KNOWN_HOLDINGS, type KnownHoldings } from '../../actors/account/knownHoldings.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { type History, STRETCH_EVENTS } from '../../actors/kernel/decider.ts';
import { DigestTable } from '../../actors/kernel/digestTable.ts';
import type { LogHistory } from '../../actors/kernel/history.ts';
import { Exact, plain } from '../../demo/exact.ts';
import type { AccountEvent } from '../../schemas/account.ts';
import type { Interval } from '../../schemas/calendar.ts';
import {
  AmendedAccount,
  commandsOf,
  opening,
  plainState,
  type Sent,
  step,
} from '../support/amendedAccount.ts';
import { finished } from '../support/paced.ts';
import { holds } from '../support/property.ts';
import { numbersOf } from '../support/random.ts';

const PROPERTY = { seed: 20261122, runs: 100 };
const DAY_MS = 86_400_000;

const historyOf = ({ aggregate }: AmendedAccount) =>
  aggregate.history() as History<AccountState, AccountEvent>;

/** The state as it is known, as the account's actor finds it; `stretchEvents` apart it keeps checkpoints. */
function knownState(account: AmendedAccount, version: number, knownVersion: number, stretchEvents = 1_000) {
  const history = historyOf(account) as LogHistory<AccountState>;
  const table = new DigestTable<KnownHoldings>(account.storage, KNOWN_HOLDINGS);
  const checkpoints = {
    stretchEvents,
    kept: (stretch: number) => table.kept(stretch),
    keep: (stretch: number, holdings: KnownHoldings) => void table.keep(stretch, holdings),
  };
  const source = { history: history as History<AccountState, AccountEvent>, checkpoints };
  const known = finished(knownAccount(source, version, knownVersion));
  return { ...known, eventsRead: history.eventsRead };
}

/** A balance history as the account's actor makes it. */
function balances(account: AmendedAccount, request: BalanceRequest): BalanceHistory {
  const { log, digests } = account.aggregate;
  return finished(
    balanceHistory(
      {
        history: historyOf(account),
        openedAt: log.read(1, 1)[0]?.recordedAt ?? 0,
        versionAt: (time) => log.versionAt(time),
        balances: (after, upTo) => log.search.values('cash', after, upTo),
        digest: (stretch) => digests?.of(stretch) as readonly DayBalances[],
      },
      request,
    ),
  );
}

/** The next beginning of a period after a time, by the calendar of the runtime and a walk over days. */
function nextStart(interval: Interval, time: number): number {
  for (let start = (Math.floor(time / DAY_MS) + 1) * DAY_MS; ; start += DAY_MS) {
    const date = new Date(start);
    if (interval === 'day') return start;
    if (interval === 'week' && date.getUTCDay() === 1) return start;
    if (interval === 'month' && date.getUTCDate() === 1) return start;
  }
}

/** The same history from the account refolded version by version. */
function plainBalances(
  account: AmendedAccount,
  cashOf: (version: number) => string,
  interval: Interval,
  from: number,
  to: number,
): Omit<BalancePeriod, 'period'>[] {
  const times = account.aggregate.log.readStored(1, -1).map(({ recordedAt }) => recordedAt);
  const cash = times.map((_, index) => cashOf(index + 1));
  const periods: Omit<BalancePeriod, 'period'>[] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, nextStart(interval, start));
    const before = times.filter((time) => time < start).length;
    const within = cash.slice(before, times.filter((time) => time < end).length);
    const held = [...(before === 0 ? [] : [cash[before - 1] as string]), ...within];
    const all = (held.length === 0 ? ['0'] : held).map((text) => new Exact(text));
    periods.push({
      from: new Date(start).toISOString(),
      to: new Date(end).toISOString(),
      opening: before === 0 ? '0' : (cash[before - 1] as string),
      closing: plain(all.at(-1) as Exact),
      minimum: plain(Exact.min(...all)),
      maximum: plain(Exact.max(...all)),
    });
    start = end;
  }
  return periods;
}

function madePeriods(history: BalanceHistory): Omit<BalancePeriod, 'period'>[] {
  if (history.status !== 'made') throw new Error(history.status);
  return history.periods.map(({ period: _, ...rest }) => rest);
}

describe('the account as it is known', () => {
  it('is what its trades give at every version, by what is known at every other, asked at any time', () => {
    let differences = 0;
    holds(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), fc.nat(), (steps, pick) => {
        const account = new AmendedAccount();
        const random = numbersOf(pick);
        // Checkpoints close to one another, and some so far apart that there are none.
        const stretchEvents = 1 + Math.floor(random() ** 2 * 20);
        const compare = (isNewest: boolean) => {
          const head = account.ledger.version;
          const version = 1 + Math.floor(random() * head);
          const known = isNewest ? head : version + Math.floor(random() * (head - version + 1));
          const { state, amendments } = knownState(account, version, known, stretchEvents);
          const expected = account.ledger.state(version, known);
          expect(plainState(state), `${version} known at ${known}`).toEqual(expected);
          const then = account.ledger.state(version);
          expect(plainState(account.aggregate.stateAt(version).state)).toEqual(then);
          if (amendments.length === 0) expect(expected).toEqual(then);
          else differences++;
        };
        // What was asked before leaves checkpoints, which later amendments overtake.
        for (const command of commandsOf(steps)) {
          account.now += 60_000;
          account.run(command);
          if (random() < 0.3) compare(true);
        }
        for (let tries = 0; tries < 12; tries++) compare(tries < 6);
      }),
      PROPERTY,
    );
    expect(differences).toBeGreaterThan(100);
  });

  it('is read from checkpoints once it was asked for, until another trade before them is amended', () => {
    const account = new AmendedAccount();
    const stretchEvents = 10;
    const far = (version: number) => knownState(account, version, account.ledger.version, stretchEvents);
    const amend = (data: Sent['data'], type = 'CorrectTrade') =>
      expect(account.run({ type, data: { ...data, reason: 'x' } })).toEqual(['accepted']);
    account.run(opening('1000000'), { type: 'SetLimits', data: { allowShort: true } });
    // Through zero and back: by one too many either way, so that what is held before matters to what comes after.
    for (let count = 0; count < 200; count++) {
      const [symbol, side] = [count % 3 === 0 ? 'IBM' : 'F', count % 2 === 0 ? 'BUY' : 'SELL'];
      const data = {
        tradeId: `t-${count}`,
        symbol,
        side,
        quantity: `${1 + (count % 5)}.5`,
        price: `${3 + (count % 7)}`,
      };
      account.run({ type: 'ExecuteTrade', data });
    }
    amend({ tradeId: 't-9', price: '17.77' });
    expect(far(190).eventsRead).toBeGreaterThan(170);
    expect(far(190).eventsRead).toBeLessThan(stretchEvents + 5);
    expect(plainState(far(185).state)).toEqual(account.ledger.state(185, account.ledger.version));
    amend({ tradeId: 't-150' }, 'CancelTrade');
    expect(far(190).eventsRead).toBeLessThan(60);
    expect(far(140).eventsRead).toBeLessThan(stretchEvents + 5);
    for (const version of [140, 152, 160, 190, 201]) {
      const { state } = far(version);
      expect(plainState(state)).toEqual(account.ledger.state(version, account.ledger.version));
    }
    // What was known before it is asked for still, and does not take the place of what is known now.
    const before = account.ledger.version - 1;
    expect(plainState(knownState(account, 190, before, stretchEvents).state)).toEqual(
      account.ledger.state(190, before),
    );
    expect(far(190).eventsRead).toBeLessThan(stretchEvents + 5);
    // They are used: another checkpoint gives another state, and one of another release is left alone.
    const right = far(195).state;
    account.storage.sql.exec(
      `UPDATE digests SET digest = json_set(digest, '$.IBM.position.quantity', '999') WHERE name = 'known holdings'`,
    );
    expect(far(195).state).not.toEqual(right);
    account.storage.sql.exec("UPDATE digests SET recipe = 0 WHERE name = 'known holdings'");
    expect(far(195).state).toEqual(right);
  });

  it.each([2, 20])('is what its trades give in %i symbols at once, corrected after one another', (count) => {
    const account = new AmendedAccount();
    account.run(opening('1000000'));
    const symbols = Array.from({ length: count }, (_, index) => `S${index}`);
    const buy = (round: number) => (symbol: string) => {
      const tradeId = `${symbol}-${round}`;
      return {
        type: 'ExecuteTrade',
        data: { tradeId, symbol, side: 'BUY', quantity: '2', price: `${3 + round}` },
      };
    };
    const correct = (symbol: string) => ({
      type: 'CorrectTrade',
      data: { tradeId: `${symbol}-1`, price: '2', reason: 'x' },
    });
    const done = [1, 2].flatMap((round) => account.run(...symbols.map(buy(round))));
    const version = account.ledger.version;
    done.push(...account.run(...symbols.map(correct)));
    expect(new Set(done)).toEqual(new Set(['accepted']));
    const head = account.ledger.version;
    const { state, amendments } = knownState(account, version, head);
    expect(amendments).toHaveLength(count);
    expect(plainState(state)).toEqual(account.ledger.state(version, head));
    expect(state.positions.S1?.averageCost).toBe('3.5');
  });

  it('keeps status, limits and what is set aside as they were', () => {
    const account = new AmendedAccount();
    account.run(opening('1000'));
    account.run({
      type: 'ExecuteTrade',
      data: { tradeId: 't', symbol: 'IBM', side: 'BUY', quantity: '1', price: '9' },
    });
    account.run({ type: 'SetLimits', data: { allowShort: true } });
    account.run({ type: 'CancelTrade', data: { tradeId: 't', reason: 'x' } });
    const { state } = knownState(account, 2, 4);
    expect(state).toEqual({
      ...account.aggregate.stateAt(2).state,
      cash: '1000',
      positions: { IBM: { quantity: '0', averageCost: '0', costBasis: '0', realizedPnl: '0' } },
      lastTrades: {},
    });
  });
});

describe('a balance history', () => {
  it('is what a refold gives, by day, week and month, as recorded and as known', () => {
    holds(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 30 }),
        fc.array(fc.nat(40 * 24), { minLength: 5, maxLength: 30 }),
        fc.constantFrom<Interval>('day', 'week', 'month'),
        fc.nat(),
        (steps, hours, interval, pick) => {
          const account = new AmendedAccount();
          const openedAt = account.now;
          for (const [index, command] of commandsOf(steps).entries()) {
            account.run(command);
            // Also several in one millisecond, and at the very edges of days.
            account.now += (hours[index % hours.length] as number) * 3_600_000 * (index % 3);
            if (index % 5 === 0) account.now = Math.ceil(account.now / DAY_MS) * DAY_MS;
          }
          const head = account.ledger.version;
          const random = numbersOf(pick);
          const end = account.now + 40 * DAY_MS;
          const cuts = [random(), random()]
            .sort()
            .map((part) => openedAt + Math.floor(part * (end - openedAt)));
          const [from, to] = [Math.min(cuts[0] as number, end - 1), (cuts[1] as number) + 1];
          const then = madePeriods(balances(account, { interval, from, to }));
          const recorded = (version: number) => account.ledger.state(version).cash;
          expect(then).toEqual(plainBalances(account, recorded, interval, from, to));
          const now = madePeriods(balances(account, { interval, from, to, knownVersion: head }));
          const known = (version: number) => account.ledger.state(version, head).cash;
          expect(now).toEqual(plainBalances(account, known, interval, from, to));
        },
      ),
      { ...PROPERTY, runs: 60 },
    );
  });

  it('comes from digests of long stretches where no amendment reaches into them', () => {
    const account = new AmendedAccount();
    const random = numbersOf(PROPERTY.seed);
    const openedAt = account.now;
    account.run(opening('100000'));
    const order = (count: number) => ({
      type: 'ExecuteTrade',
      data: {
        tradeId: `t-${count}`,
        symbol: 'IBM',
        side: count % 2 === 0 ? 'BUY' : 'SELL',
        quantity: '1',
        price: `${100 + Math.floor(random() * 50)}.${Math.floor(random() * 10)}1`,
      },
    });
    for (let count = 0; count < 3.5 * STRETCH_EVENTS; count += 50) {
      account.now += Math.floor(random() * DAY_MS);
      account.run(...Array.from({ length: 50 }, (_, index) => order(count + index)));
    }
    const texts = () =>
      account.storage.sql
        .exec<{ stretch: number; digest: string }>('SELECT stretch, digest FROM digests ORDER BY stretch')
        .toArray();
    const request = { interval: 'day', to: account.now + 1 } as const;
    const from = Math.floor(openedAt / DAY_MS) * DAY_MS;
    const cash = (known?: number) => {
      const values = account.ledger.cashes(known);
      return (version: number) => values[version - 1] as string;
    };
    const kept = texts();
    const first = madePeriods(balances(account, request));
    expect(first).toEqual(plainBalances(account, cash(), 'day', from, request.to));
    expect(kept.map(({ stretch }) => stretch)).toEqual([0, 1, 2]);
    expect(madePeriods(balances(account, request))).toEqual(first);
    account.now += 1;
    account.run({ type: 'CorrectTrade', data: { tradeId: 't-1234', price: '90', reason: 'x' } });
    account.run({ type: 'CancelTrade', data: { tradeId: 't-2600', reason: 'x' } });
    const head = account.ledger.version;
    const later = { ...request, to: account.now + 1 };
    const now = madePeriods(balances(account, { ...later, knownVersion: head }));
    expect(now).toEqual(plainBalances(account, cash(head), 'day', from, later.to));
    expect(madePeriods(balances(account, later))).toEqual(
      plainBalances(account, cash(), 'day', from, later.to),
    );
    // What is kept is what was recorded, and it is used: another digest gives another history.
    expect(texts()).toEqual(kept);
    account.storage.sql.exec("UPDATE digests SET digest = '[]' WHERE stretch = 0");
    expect(madePeriods(balances(account, request))).not.toEqual(first);
    account.storage.sql.exec('UPDATE digests SET recipe = 0');
    expect(madePeriods(balances(account, request))).toEqual(first);
    expect(texts()).toEqual(kept);
  });

  it('names its periods, weeks after ISO 8601', () => {
    const account = new AmendedAccount();
    account.now = Date.parse('2026-12-30T23:59:59.999Z');
    account.run(opening('5'));
    account.now = Date.parse('2027-01-04T00:00:00.000Z');
    account.run({ type: 'DepositFunds', data: { amount: '1' } });
    const named = (interval: Interval) => {
      const history = balances(account, { interval, to: account.now + 1 });
      if (history.status !== 'made') throw new Error(history.status);
      return history.periods.map(({ period, from, to, closing }) => [period, from, to, closing].join(' '));
    };
    expect(named('week')).toEqual([
      '2026-W53 2026-12-28T00:00:00.000Z 2027-01-04T00:00:00.000Z 5',
      '2027-W01 2027-01-04T00:00:00.000Z 2027-01-04T00:00:00.001Z 6',
    ]);
    expect(named('month')).toEqual([
      '2026-12 2026-12-01T00:00:00.000Z 2027-01-01T00:00:00.000Z 5',
      '2027-01 2027-01-01T00:00:00.000Z 2027-01-04T00:00:00.001Z 6',
    ]);
    expect(named('day')).toHaveLength(6);
  });

  it('is not made where there is none', () => {
    const account = new AmendedAccount();
    const { now } = account;
    expect(balances(account, { interval: 'day', to: now })).toEqual({ status: 'not_found' });
    account.run(opening('5'));
    expect(balances(account, { interval: 'day', to: now })).toEqual({ status: 'not_found' });
    expect(balances(account, { interval: 'day', to: now + 1 })).toMatchObject({ status: 'made', version: 1 });
    account.run({ type: 'DepositFunds', data: { amount: '1' } });
    const early = { interval: 'day', to: now + 1, knownVersion: 1 } as const;
    expect(balances(account, early)).toEqual({ status: 'known_too_early', version: 2 });
    const years = (count: number) => ({ interval: 'day', to: now + count * DAY_MS }) as const;
    expect(balances(account, years(BALANCE_PERIODS_MAX - 1))).toMatchObject({ status: 'made' });
    expect(balances(account, years(BALANCE_PERIODS_MAX + 1))).toMatchObject({ status: 'too_long' });
  });
});
