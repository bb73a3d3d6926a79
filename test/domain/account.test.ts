/** The account's rules, given/when/then: every event, every refusal, and the order in which refusals are checked. */
import { describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import {
  ACCOUNT_REFUSALS,
  type AccountCommand,
  type AccountEvent,
  accountEvents,
} from '../../schemas/account.ts';
import { transferEvents } from '../../schemas/transfer.ts';
import {
  buy,
  close,
  closed,
  deposit,
  freeze,
  frozen,
  given,
  holding,
  limited,
  open,
  opened,
  run,
  sell,
  setLimits,
  stateAfter,
  unfreeze,
  unfrozen,
  withdraw,
} from '../support/account.ts';
import { RECEIVED_AT } from '../support/given.ts';

const MAX_INPUT = '999999999999999.99999999';

describe('an account', () => {
  it('is opened with what its customer brings', () => {
    const command = open({
      initialBalance: '100',
      accountType: 'CORPORATE',
      customerId: 'c-9',
      currency: 'EUR',
    });
    given()
      .when(command)
      .events({
        type: 'AccountOpened',
        data: { accountType: 'CORPORATE', cash: '100', currency: 'EUR', customerId: 'c-9' },
      });
  });

  it('is opened with nothing', () => {
    given().when(open()).event('AccountOpened', { cash: '0' });
  });

  it('takes a deposit and says what it holds then', () => {
    given(opened('1000'))
      .when(deposit('0.5', 'salary'))
      .events({ type: 'FundsDeposited', data: { amount: '0.5', cash: '1000.5', reference: 'salary' } });
    given(opened('1000')).when(deposit('1')).event('FundsDeposited', { reference: null });
  });

  it('pays out up to all that it holds', () => {
    given(opened('1000'))
      .when(withdraw('999.99', 'rent'))
      .events({ type: 'FundsWithdrawn', data: { amount: '999.99', cash: '0.01', reference: 'rent' } });
    given(opened('1000')).when(withdraw('1000')).event('FundsWithdrawn', { cash: '0', reference: null });
  });

  it('buys for cash and says everything that follows from it', () => {
    given(opened('1000'))
      .when(buy('2.5', '100.1', { fee: '1.25', executedAt: '2013-10-07T13:30:00.000Z' }))
      .events({
        type: 'TradeExecuted',
        data: {
          cash: '748.5',
          executedAt: '2013-10-07T13:30:00.000Z',
          fee: '1.25',
          fees: '1.25',
          notional: '250.25',
          position: { averageCost: '100.1', costBasis: '250.25', quantity: '2.5', realizedPnl: '0' },
          price: '100.1',
          quantity: '2.5',
          realizedPnl: '0',
          side: 'BUY',
          symbol: 'IBM',
          tradeId: 't-1',
        },
      });
  });

  it('spends its last cent on a trade, and not one more', () => {
    given(opened('100'))
      .when(buy('1', '99', { fee: '1' }))
      .event('TradeExecuted', { cash: '0' });
    given(opened('100'))
      .when(buy('1', '99', { fee: '1.00000001' }))
      .refused('insufficient_funds');
  });

  it('sells for cash, less the fee', () => {
    given(opened(), holding('IBM', { quantity: '10', averageCost: '5', costBasis: '50' }, '1000', '2'))
      .when(sell('4', '7', { fee: '0.5' }))
      .event('TradeExecuted', {
        cash: '1027.5',
        fee: '0.5',
        fees: '2.5',
        notional: '28',
        realizedPnl: '8',
        position: { averageCost: '5', costBasis: '30', quantity: '6', realizedPnl: '8' },
      });
  });

  it('takes the time of receipt for a trade that does not say when it was made', () => {
    given(opened())
      .when(buy('1', '1'))
      .event('TradeExecuted', { executedAt: RECEIVED_AT, fee: '0', fees: '0' });
  });

  it('keeps the limits that are not sent, and lifts those that are sent as null', () => {
    given(opened(), limited({ maxOrderNotional: '5', maxPositionQuantity: '6', allowShort: true }))
      .when(setLimits({ maxPositionQuantity: null, maxPositionNotional: '7' }))
      .events({
        type: 'LimitsSet',
        data: {
          allowShort: true,
          maxOrderNotional: '5',
          maxPositionNotional: '7',
          maxPositionQuantity: null,
        },
      });
  });

  it('is frozen, unfrozen and closed, each for a reason', () => {
    given(opened())
      .when(freeze)
      .events({ type: 'AccountFrozen', data: { reason: 'review' } });
    given(opened(), frozen)
      .when(unfreeze)
      .events({ type: 'AccountUnfrozen', data: { reason: 'cleared' } });
    given(opened('0'))
      .when(close)
      .events({ type: 'AccountClosed', data: { reason: 'moved' } });
  });

  it('is closed after positions that are closed themselves', () => {
    given(opened(), holding('IBM', { quantity: '0', realizedPnl: '3' }, '0'))
      .when(close)
      .event('AccountClosed', {});
  });

  it('folds to the same state from every event that it writes, which its schemas take as they are', () => {
    const steps: AccountCommand[] = [open({ initialBalance: '1000' }), deposit('5'), withdraw('2.5')].concat(
      [buy('3', '10.333', { fee: '0.1' }), sell('1', '11'), setLimits({ maxOrderNotional: '50' })],
      [freeze, unfreeze, sell('2', '9'), withdraw('1000.401'), close],
    );
    const seen = new Set<string>();
    const history: AccountEvent[] = [];
    for (const command of steps) {
      const decision = accountDecider.decide({ ...command, at: RECEIVED_AT }, stateAfter(history));
      if (!decision.accepted) throw new Error(`${command.type} was refused: ${decision.refusal.detail}`);
      for (const event of decision.events) {
        expect(accountEvents[event.type].parse(event.data)).toEqual(event.data);
        seen.add(event.type);
        history.push(event);
      }
    }
    // Those of transfers and amendments are specified in accountTransfers.test.ts and amendments.test.ts.
    const elsewhere = [...Object.keys(transferEvents), 'TradeCorrected', 'TradeCancelled'];
    const others = Object.keys(accountEvents).filter((type) => !elsewhere.includes(type));
    expect([...seen].sort()).toEqual(others.sort());
    expect(stateAfter(history)).toEqual(run(...steps).state);
    expect(stateAfter(history)).toMatchObject({ status: 'CLOSED', cash: '0', fees: '0.1' });
  });
});

describe('a refusal', () => {
  it.each<[string, AccountEvent[], AccountCommand, RegExp]>([
    ['account_already_open', [opened()], open(), /opened before/],
    ['account_not_found', [], deposit('1'), /not been opened/],
    ['account_closed', [opened(), closed], deposit('1'), /is closed/],
    ['account_frozen', [opened(), frozen], deposit('1'), /is frozen/],
    ['account_not_frozen', [opened()], unfreeze, /is not frozen/],
    ['amount_precision', [opened()], deposit('0.001'), /USD has at most 2 decimals/],
    ['amount_precision', [], open({ initialBalance: '0.001' }), /USD has at most 2 decimals/],
    ['amount_precision', [opened()], withdraw('0.001'), /USD has at most 2 decimals/],
    ['amount_out_of_range', [opened(`${'9'.repeat(21)}`)], deposit('1'), /range of the ledger/],
    ['amount_out_of_range', [opened('9'.repeat(21)), limited({ allowShort: true })], sell('1', '1'), /range/],
    [
      'amount_out_of_range',
      [opened('9'.repeat(21)), holding('IBM', { quantity: '9'.repeat(21) }, '9'.repeat(21))],
      buy('1', '1'),
      /range/,
    ],
    [
      // A sale worth a digit more than events have, though its fee and earlier losses keep cash and profit within them.
      'amount_out_of_range',
      [opened('0'), holding('IBM', { quantity: MAX_INPUT, realizedPnl: '-999999999999999' }, '0')],
      sell(MAX_INPUT, '1000000.5', { fee: '999999999999999' }),
      /trade itself/,
    ],
    [
      'limit_exceeded',
      [opened(), limited({ maxOrderNotional: '9.99' })],
      buy('1', '10'),
      /maxOrderNotional is 9.99/,
    ],
    ['insufficient_position', [opened()], sell('1', '10'), /Held are 0 IBM, the sale needs 1/],
    ['insufficient_funds', [opened('9.99')], buy('1', '10'), /cash is 9.99, the trade needs 10/],
    ['insufficient_funds', [opened('9.99')], withdraw('10'), /cash is 9.99, the withdrawal needs 10/],
    [
      'insufficient_funds',
      [opened('0'), holding('IBM', { quantity: '1' }, '0')],
      sell('1', '1', { fee: '2' }),
      /needs/,
    ],
    ['account_not_empty', [opened('0.01')], close, /0.01 in cash/],
    ['account_not_empty', [opened('0'), holding('IBM', { quantity: '1' }, '0')], close, /still holds IBM/],
    ['account_not_empty', [opened('0'), holding('IBM', { quantity: '-1' }, '0')], close, /still holds IBM/],
  ])('%s, after %j', (code, history, command, detail) => {
    given(...history)
      .when(command)
      .refused(code as (typeof ACCOUNT_REFUSALS)[number], detail);
  });

  it('is checked in the order of the list: of two that apply, the first one is named', () => {
    const poor = opened('1');
    const short = holding('IBM', { quantity: '1', costBasis: '1', averageCost: '1' }, '1');
    const tight = limited({ maxOrderNotional: '0.5' });
    const both: [first: string, second: string, history: AccountEvent[], command: AccountCommand][] = [
      ['account_already_open', 'amount_precision', [poor], open({ initialBalance: '0.001' })],
      ['account_not_found', 'amount_precision', [], deposit('0.001')],
      ['account_closed', 'amount_precision', [poor, closed], deposit('0.001')],
      ['account_closed', 'account_not_frozen', [poor, closed], unfreeze],
      ['account_frozen', 'amount_precision', [poor, frozen], deposit('0.001')],
      ['account_frozen', 'limit_exceeded', [poor, tight, frozen], buy('1', '10')],
      ['account_frozen', 'account_not_empty', [poor, frozen], close],
      ['amount_precision', 'insufficient_funds', [poor], withdraw('1.001')],
      ['amount_precision', 'amount_out_of_range', [opened('9'.repeat(21))], deposit('1.001')],
      ['limit_exceeded', 'insufficient_position', [poor, tight], sell('1', '10')],
      ['limit_exceeded', 'insufficient_funds', [poor, tight], buy('1', '10')],
      ['insufficient_position', 'insufficient_funds', [poor, short], sell('2', '1', { fee: '10' })],
      [
        'limit_exceeded',
        'amount_out_of_range',
        [opened('9'.repeat(21)), limited({ allowShort: true, maxOrderNotional: '1' })],
        sell('1', '10'),
      ],
      ['insufficient_position', 'amount_out_of_range', [opened('9'.repeat(21))], sell('1', '10')],
      [
        'insufficient_funds',
        'amount_out_of_range',
        [opened('1'), holding('IBM', { quantity: '9'.repeat(21) }, '1')],
        buy('1', MAX_INPUT),
      ],
    ];
    for (const [first, second, history, command] of both) {
      expect(given(...history).when(command).outcome, `${first} before ${second}`).toBe(first);
      const place = (code: string) => ACCOUNT_REFUSALS.indexOf(code as (typeof ACCOUNT_REFUSALS)[number]);
      expect(place(first), `${first} stands before ${second} in the list`).toBeLessThan(place(second));
    }
  });
});

describe('status', () => {
  const STATUSES = {
    UNOPENED: [],
    OPEN: [opened('0')],
    FROZEN: [opened('0'), frozen],
    CLOSED: [opened('0'), closed],
  };
  const OUTCOMES: [name: string, command: AccountCommand, outcomes: string[]][] = [
    // columns: UNOPENED, OPEN, FROZEN, CLOSED
    [
      'OpenAccount',
      open(),
      ['accepted', 'account_already_open', 'account_already_open', 'account_already_open'],
    ],
    ['DepositFunds', deposit('1'), ['account_not_found', 'accepted', 'account_frozen', 'account_closed']],
    [
      'WithdrawFunds',
      withdraw('1'),
      ['account_not_found', 'insufficient_funds', 'account_frozen', 'account_closed'],
    ],
    [
      'ExecuteTrade',
      buy('1', '1'),
      ['account_not_found', 'insufficient_funds', 'account_frozen', 'account_closed'],
    ],
    [
      'SetLimits',
      setLimits({ allowShort: true }),
      ['account_not_found', 'accepted', 'accepted', 'account_closed'],
    ],
    ['FreezeAccount', freeze, ['account_not_found', 'accepted', 'account_frozen', 'account_closed']],
    ['UnfreezeAccount', unfreeze, ['account_not_found', 'account_not_frozen', 'accepted', 'account_closed']],
    ['CloseAccount', close, ['account_not_found', 'accepted', 'account_frozen', 'account_closed']],
  ];

  it.each(OUTCOMES)('decides about %s', (_name, command, outcomes) => {
    const found = Object.values(STATUSES).map((history) => given(...history).when(command).outcome);
    expect(found).toEqual(outcomes);
  });

  it('comes back to OPEN after a freeze, with everything as it was', () => {
    const before = [opened('5'), limited({ allowShort: true })];
    expect(stateAfter([...before, frozen, unfrozen])).toEqual(stateAfter(before));
    given(...before, frozen, unfrozen)
      .when(deposit('1'))
      .event('FundsDeposited', { cash: '6' });
  });

  it('is not changed by a refusal', () => {
    const before = stateAfter([opened('5'), frozen]);
    expect(given(opened('5'), frozen).when(deposit('1')).state).toEqual(before);
  });
});

describe('minor units', () => {
  const CASES: [currency: string, whole: string, fraction: string, decimals: number][] = [
    ['JPY', '100', '0.1', 0],
    ['KRW', '1', '1.5', 0],
    ['USD', '100.25', '100.255', 2],
    ['EUR', '0.01', '0.001', 2],
    ['KWD', '1.234', '1.2345', 3],
    ['BHD', '0.001', '0.0001', 3],
  ];
  it.each(CASES)('of %s let %s in and out, and not %s', (currency, whole, fraction, decimals) => {
    const detail = new RegExp(`${currency} has at most ${decimals} decimals`);
    given()
      .when(open({ currency, initialBalance: whole }))
      .event('AccountOpened', { cash: whole });
    given()
      .when(open({ currency, initialBalance: fraction }))
      .refused('amount_precision', detail);
    given(opened('1000', currency)).when(deposit(whole)).event('FundsDeposited', { amount: whole });
    given(opened('1000', currency)).when(deposit(fraction)).refused('amount_precision', detail);
    given(opened('1000', currency)).when(withdraw(whole)).event('FundsWithdrawn', { amount: whole });
    given(opened('1000', currency)).when(withdraw(fraction)).refused('amount_precision', detail);
  });

  it('do not bind trades, which have prices and fees of 8 decimals', () => {
    given(opened('1000', 'JPY'))
      .when(buy('0.00000001', '0.5', { fee: '0.00000001' }))
      .event('TradeExecuted', { notional: '0', cash: '999.99999999' });
  });

  it('do not keep back the fractions that trades leave: the whole balance may go out', () => {
    const history = [opened('1000', 'JPY'), holding('IBM', { quantity: '0' }, '10.12345678')];
    given(...history)
      .when(withdraw('10.12345678'))
      .event('FundsWithdrawn', { cash: '0' });
    given(...history)
      .when(withdraw('10.1234567'))
      .refused('amount_precision');
    given(...history)
      .when(withdraw('0.12345678'))
      .refused('amount_precision');
  });
});

describe('what the kernel asks the account', () => {
  it('is the trade id, of a trade alone', () => {
    expect(accountDecider.resourceId?.(buy('1', '1', { tradeId: 't-7' }))).toBe('t-7');
    expect(accountDecider.resourceId?.(deposit('1'))).toBeUndefined();
    expect(accountDecider.resourceIdOfEvent?.(holding('IBM', {}))).toBe('t-0');
    expect(accountDecider.resourceIdOfEvent?.(opened())).toBeUndefined();
  });

  it('is a reply that names the position after the trade, without what is not public', () => {
    const position = { quantity: '1', averageCost: '2', costBasis: '2', realizedPnl: '3' };
    expect(accountDecider.reply?.([holding('IBM', position, '7')])).toEqual({
      tradeId: 't-0',
      cash: '7',
      position: { symbol: 'IBM', quantity: '1', averageCost: '2', realizedPnl: '3' },
    });
    expect(accountDecider.reply?.([opened()])).toEqual({});
    expect(accountDecider.reply?.([])).toEqual({});
  });
});
