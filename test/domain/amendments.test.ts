/** Corrections and cancellations of trades: what the corrected sequence of trades gives, and what is refused by name. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMENDMENT_REACH_EVENTS, accountAmending } from '../../actors/account/amendments.ts';
import { accountDecider } from '../../actors/account/decider.ts';
import { HISTORY_EVENTS_MAX } from '../../actors/kernel/history.ts';
import { ACCOUNT_REFUSALS, accountEvents } from '../../schemas/account.ts';
import { parseDecimal } from '../../schemas/decimal.ts';
import {
  AmendedAccount,
  commandsOf,
  opening,
  plainState,
  type Sent,
  step,
} from '../support/amendedAccount.ts';
import { holds } from '../support/property.ts';

const PROPERTY = { seed: 20261121, runs: 100 };

const trade = (
  tradeId: string,
  side: 'BUY' | 'SELL',
  quantity: string,
  price: string,
  fee = '0',
  symbol = 'IBM',
): Sent => ({ type: 'ExecuteTrade', data: { tradeId, symbol, side, quantity, price, fee } });
const correct = (tradeId: string, terms: Sent['data']): Sent => ({
  type: 'CorrectTrade',
  data: { tradeId, ...terms, reason: 'contract note' },
});
const cancel = (tradeId: string): Sent => ({
  type: 'CancelTrade',
  data: { tradeId, reason: 'booked twice' },
});
const allowShort = (allowed: boolean): Sent => ({ type: 'SetLimits', data: { allowShort: allowed } });
const reasoned = (type: string): Sent => ({ type, data: { reason: 'review' } });

/** An account in which all of these were accepted, one turn each. */
function after(...commands: readonly Sent[]): AmendedAccount {
  const account = new AmendedAccount();
  for (const command of commands) {
    account.now += 1_000;
    expect(account.run(command), JSON.stringify(command)).toEqual(['accepted']);
  }
  return account;
}

describe('a correction', () => {
  it('gives cash, average cost and profit that the trades would have given, and says all of it', () => {
    const account = after(
      opening('10000'),
      trade('b-1', 'BUY', '10', '100', '1'),
      trade('b-2', 'BUY', '30', '120'),
      trade('s-1', 'SELL', '20', '130', '0.5'),
    );
    expect(account.state.positions.IBM?.realizedPnl).toBe('300');
    account.now = Date.parse('2026-02-01T10:00:00Z');
    // 10 at 96 and 30 at 120 are 114 each: the sale realises 20 × (130 − 114).
    expect(account.run(correct('b-1', { price: '96', fee: '2' }))).toEqual(['accepted']);
    expect(account.event()).toEqual({
      type: 'TradeCorrected',
      data: {
        tradeId: 'b-1',
        symbol: 'IBM',
        side: 'BUY',
        quantity: '10',
        price: '96',
        notional: '960',
        fee: '2',
        realizedPnl: '0',
        reason: 'contract note',
        executedAt: '2026-01-05T09:00:02.000Z',
        effectiveAt: '2026-01-05T09:00:02.000Z',
        tradeVersion: 2,
        changes: { cash: '39', fees: '1', quantity: '0', realizedPnl: '20' },
        cash: '8037.5',
        fees: '2.5',
        position: { quantity: '20', averageCost: '114', costBasis: '2280', realizedPnl: '320' },
        lastTrade: { tradeId: 's-1', price: '130', executedAt: '2026-01-05T09:00:04.000Z' },
      },
    });
  });

  it('of a sale says what that sale really earned', () => {
    const account = after(opening('1000'), trade('b', 'BUY', '10', '10'), trade('s', 'SELL', '4', '12'));
    account.run(correct('s', { price: '13' }));
    expect(account.event()).toMatchObject({
      data: { realizedPnl: '12', changes: { cash: '4', realizedPnl: '4' } },
    });
  });

  it('turns a sale into the purchase that it was', () => {
    const account = after(
      opening('1000'),
      trade('b', 'BUY', '10', '10'),
      trade('x', 'SELL', '4', '12', '1'),
      correct('x', { side: 'BUY' }),
    );
    expect(account.state).toMatchObject({
      cash: '851',
      fees: '1',
      positions: { IBM: { quantity: '14', averageCost: '10.57142857', costBasis: '148', realizedPnl: '0' } },
    });
  });

  it('may be corrected again, each time from what it said last', () => {
    const account = after(
      opening('1000'),
      trade('b', 'BUY', '10', '10'),
      correct('b', { price: '11' }),
      correct('b', { quantity: '5' }),
    );
    expect(account.event()).toMatchObject({ data: { price: '11', quantity: '5', changes: { cash: '55' } } });
    expect(account.state.cash).toBe('945');
  });

  it('takes the trade of its own turn, and of a turn before it', () => {
    const account = new AmendedAccount();
    expect(
      account.run(
        opening('1000'),
        trade('b', 'BUY', '10', '10'),
        correct('b', { price: '11' }),
        trade('c', 'BUY', '1', '12'),
        cancel('b'),
        correct('c', { price: '13' }),
      ),
    ).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'accepted']);
    expect(account.state).toEqual(account.ledger.state(6));
    expect(account.run(correct('c', { price: '14' }))).toEqual(['accepted']);
    expect(account.state).toEqual(account.ledger.state(7));
  });

  it('reads through thousands of trades, page by page', () => {
    const account = after(opening('1000000'), trade('first', 'BUY', '3', '7.77', '0.01'));
    const later = Array.from({ length: 2_300 }, (_, index) =>
      trade(`t-${index}`, index % 3 === 2 ? 'SELL' : 'BUY', '1', `${10 + (index % 7)}.01`),
    );
    for (let start = 0; start < later.length; start += 100) account.run(...later.slice(start, start + 100));
    expect(account.run(correct('first', { price: '6.66' }))).toEqual(['accepted']);
    expect(account.state).toEqual(account.ledger.state(account.ledger.version));
    expect(account.run(cancel('t-1100'))).toEqual(['accepted']);
    expect(account.state).toEqual(account.ledger.state(account.ledger.version));
  });

  it('leaves an account that was short no shorter, though it may be short no more', () => {
    const account = after(
      opening('1000'),
      allowShort(true),
      trade('s', 'SELL', '10', '10'),
      allowShort(false),
      correct('s', { price: '12' }),
      correct('s', { quantity: '6' }),
    );
    expect(account.run(correct('s', { quantity: '7' }))).toEqual(['insufficient_position']);
  });
});

describe('a cancellation', () => {
  it('moves back all that the trade moved, and says so', () => {
    const account = after(
      opening('1000'),
      trade('b-1', 'BUY', '10', '10', '1'),
      trade('b-2', 'BUY', '10', '20'),
      trade('s-1', 'SELL', '5', '30'),
      cancel('b-2'),
    );
    expect(account.event()).toMatchObject({
      type: 'TradeCancelled',
      data: {
        tradeId: 'b-2',
        tradeVersion: 3,
        changes: { cash: '200', fees: '0', quantity: '-10', realizedPnl: '25' },
        cash: '1049',
        fees: '1',
        position: { quantity: '5', averageCost: '10', costBasis: '50', realizedPnl: '100' },
      },
    });
  });

  it('leaves an empty position of a symbol that was never traded otherwise', () => {
    const account = after(opening('1000'), trade('b', 'BUY', '10', '10', '1'), cancel('b'));
    expect(account.state).toEqual({
      cash: '1000',
      fees: '0',
      lastTrades: {},
      positions: { IBM: { quantity: '0', averageCost: '0', costBasis: '0', realizedPnl: '0' } },
    });
  });

  it('keeps the id of the trade: the same trade is its repeat, another one is refused', () => {
    const booked = trade('b', 'BUY', '10', '10');
    const account = after(opening('1000'), booked, cancel('b'));
    expect(account.run(booked)).toEqual(['replayed']);
    expect(account.run(trade('b', 'BUY', '1', '10'))).toEqual(['command_id_reused']);
  });
});

describe('an amendment is refused', () => {
  const bought = [opening('100'), trade('b', 'BUY', '10', '10')];
  it.each<[code: string, history: Sent[], command: Sent]>([
    ['account_not_found', [], cancel('b')],
    ['account_closed', [opening('0'), reasoned('CloseAccount')], cancel('b')],
    ['account_frozen', [...bought, reasoned('FreezeAccount')], cancel('b')],
    ['trade_not_found', bought, cancel('c')],
    ['trade_already_cancelled', [...bought, cancel('b')], cancel('b')],
    ['trade_already_cancelled', [...bought, cancel('b')], correct('b', { price: '9' })],
    ['nothing_to_correct', bought, correct('b', { price: '10', side: 'BUY' })],
    ['nothing_to_correct', [...bought, correct('b', { price: '9' })], correct('b', { price: '9' })],
    ['insufficient_position', [...bought, trade('s', 'SELL', '4', '10')], cancel('b')],
    [
      'insufficient_position',
      [...bought, trade('s', 'SELL', '4', '10')],
      correct('b', { quantity: '3.99999999' }),
    ],
    ['insufficient_funds', bought, correct('b', { price: '10.00000001' })],
    ['insufficient_funds', bought, correct('b', { fee: '0.01' })],
    [
      'insufficient_funds',
      [...bought, trade('s', 'SELL', '10', '20'), { type: 'WithdrawFunds', data: { amount: '200' } }],
      correct('s', { price: '19.99' }),
    ],
    [
      'amount_out_of_range',
      [opening('0'), allowShort(true), trade('s', 'SELL', '1', '1')],
      correct('s', { quantity: '999999999999999', price: '999999999999999' }),
    ],
    [
      // A sale worth a digit more than events have, though its fee and an earlier loss keep cash and profit within them.
      'amount_out_of_range',
      [
        opening('999999999999999'),
        trade('b', 'BUY', '1', '999999000000000'),
        trade('s', 'SELL', '1', '0.00000001'),
        trade('m', 'BUY', '999999999999999', '0.00000001'),
        trade('n', 'SELL', '999999999999999', '1'),
      ],
      correct('n', { price: '1000000.5', fee: '999999999999999' }),
    ],
  ])('%s, after %j', (code, history, command) => {
    const account = after(...history);
    const { version } = account.ledger;
    expect(account.run(command)).toEqual([code]);
    expect(account.aggregate.log.head().version).toBe(version);
  });

  it('in the order of the list', () => {
    const both: [first: string, second: string, history: Sent[], command: Sent][] = [
      ['account_frozen', 'trade_not_found', [opening('1'), reasoned('FreezeAccount')], cancel('b')],
      [
        'insufficient_position',
        'insufficient_funds',
        [...bought, trade('s', 'SELL', '4', '10')],
        correct('b', { quantity: '1', price: '999' }),
      ],
      [
        'insufficient_funds',
        'amount_out_of_range',
        bought,
        correct('b', { quantity: '999999999999999', price: '999999999999999' }),
      ],
    ];
    for (const [first, second, history, command] of both) {
      expect(after(...history).run(command), `${first} before ${second}`).toEqual([first]);
      const place = (code: string) => ACCOUNT_REFUSALS.indexOf(code as (typeof ACCOUNT_REFUSALS)[number]);
      expect(place(first)).toBeLessThan(place(second));
    }
  });

  it('for a command id or a reference that is no trade of this account', () => {
    const account = after(opening('100'), { type: 'DepositFunds', data: { amount: '1', reference: 'b' } });
    // The deposit's command id is c-2.
    expect(account.run(cancel('c-2'), cancel('b'))).toEqual(['trade_not_found', 'trade_not_found']);
  });

  it('beyond the reach of a turn', () => {
    const account = after(...bought);
    const event = account.event(2);
    const at = { version: 2, recordedAt: 0, event };
    const history = {
      version: AMENDMENT_REACH_EVENTS + 2,
      stateAt: () => accountDecider.initial(),
      created: () => at,
      amendments: () => [],
      having: () => [[at]],
    };
    const { state } = account.aggregate.current();
    const decide = (version: number) =>
      accountAmending.decide({ ...cancel('b'), at: '' }, state, { ...history, version });
    expect(decide(AMENDMENT_REACH_EVENTS + 2)).toMatchObject({ refusal: { code: 'trade_out_of_reach' } });
    expect(decide(AMENDMENT_REACH_EVENTS + 1)).toMatchObject({ accepted: true });
  });

  it('for a while, where one turn has read too much', () => {
    const account = after(opening('100000'), trade('b', 'BUY', '10', '10', '0', 'MSFT'));
    for (let turn = 0; turn < 4; turn++) {
      const deposits = Array.from({ length: 150 }, () => ({ type: 'DepositFunds', data: { amount: '1' } }));
      account.run(...deposits);
    }
    const corrections = Array.from({ length: 500 }, (_, index) => correct('b', { price: `${20 + index}` }));
    const outcomes = account.run(...corrections);
    const done = outcomes.indexOf('overloaded');
    // Each looks through some 600 events and what the turn itself has added.
    expect(done).toBeGreaterThan(HISTORY_EVENTS_MAX / 1_500);
    expect(done).toBeLessThan(HISTORY_EVENTS_MAX / 500);
    expect(new Set(outcomes.slice(done))).toEqual(new Set(['overloaded']));
    expect(account.run(corrections[done] as Sent)).toEqual(['accepted']);
    expect(account.state).toEqual(account.ledger.state(account.ledger.version));
  });
});

describe('whatever is amended', () => {
  it('the account is what its trades give, refolded from scratch', () => {
    const seen = new Map<string, number>();
    holds(
      fc.property(fc.array(step, { minLength: 10, maxLength: 50 }), (steps) => {
        const account = new AmendedAccount();
        for (const command of commandsOf(steps)) {
          account.now += 60_000;
          const [outcome] = account.run(command);
          const name = `${command.type} ${outcome}`;
          seen.set(name, (seen.get(name) ?? 0) + 1);
          const { version } = account.ledger;
          expect(account.state).toEqual(account.ledger.state(version));
          if (outcome !== 'accepted') continue;
          const event = account.event();
          expect(accountEvents[event.type].parse(event.data)).toEqual(event.data);
        }
        const head = account.ledger.version;
        expect(plainState(account.reopened().stateFromEvents(head).state)).toEqual(account.state);
      }),
      PROPERTY,
    );
    // Agreement means little where nothing happens.
    for (const type of ['CorrectTrade', 'CancelTrade']) {
      expect(seen.get(`${type} accepted`) ?? 0, `${type} accepted`).toBeGreaterThan(30);
    }
    for (const end of ['trade_already_cancelled', 'insufficient_position', 'insufficient_funds']) {
      expect(seen.get(`CorrectTrade ${end}`) ?? 0, end).toBeGreaterThan(5);
    }
  });

  it('comes to the same in one turn as in many', () => {
    holds(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), fc.array(fc.nat(6)), (steps, sizes) => {
        const one = new AmendedAccount();
        const many = new AmendedAccount();
        const commands = commandsOf(steps);
        const outcomes = commands.flatMap((command) => one.run(command));
        const grouped: string[] = [];
        for (let start = 0, turn = 0; start < commands.length; turn++) {
          const end = start + 1 + (sizes[turn % Math.max(1, sizes.length)] ?? 0);
          grouped.push(...many.run(...commands.slice(start, end)));
          start = end;
        }
        expect(grouped).toEqual(outcomes);
        const log = ({ aggregate }: AmendedAccount) =>
          aggregate.log.readStored(1, -1).map(({ eventType, data }) => [eventType, data]);
        expect(log(many)).toEqual(log(one));
      }),
      PROPERTY,
    );
  });

  it('changes add up: what came in, less what went out, is there', () => {
    holds(
      fc.property(fc.array(step, { minLength: 10, maxLength: 50 }), (steps) => {
        const account = new AmendedAccount();
        for (const command of commandsOf(steps)) account.run(command);
        for (let version = 2; version <= account.ledger.version; version++) {
          const event = account.event(version);
          if (event.type !== 'TradeCorrected' && event.type !== 'TradeCancelled') continue;
          const before = account.aggregate.stateAt(version - 1).state;
          const after = account.aggregate.stateAt(version).state;
          const { changes, symbol } = event.data;
          const moved = (name: 'cash' | 'fees') => parseDecimal(after[name]) - parseDecimal(before[name]);
          expect([moved('cash'), moved('fees')]).toEqual([
            parseDecimal(changes.cash),
            parseDecimal(changes.fees),
          ]);
          const held = (state: typeof after) => parseDecimal(state.positions[symbol]?.quantity ?? '0');
          expect(held(after) - held(before)).toBe(parseDecimal(changes.quantity));
        }
      }),
      { ...PROPERTY, runs: 40 },
    );
  });
});
