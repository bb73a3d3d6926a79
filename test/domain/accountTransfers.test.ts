/** An account's part in transfers: what it reserves it cannot spend, what it accepts it takes, what is given up never comes. */
import { describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import { BARRED_REMEMBERED, TRANSFERS_MAX } from '../../actors/account/transfers.ts';
import { type AccountEvent, accountEvents } from '../../schemas/account.ts';
import type { TransferCommand } from '../../schemas/transfer.ts';
import { given, opened, stateAfter } from '../support/account.ts';
import { RECEIVED_AT } from '../support/given.ts';

const LATER = '2026-01-02T03:05:05.678Z';

const reserve = (amount = '30', transferId = 't', more: object = {}): TransferCommand => ({
  type: 'ReserveFunds',
  data: { transferId, toAccountId: 'b', amount, currency: 'USD', expiresAt: LATER, ...more },
});
const acceptTransfer = (amount = '30', transferId = 't', more: object = {}): TransferCommand => ({
  type: 'AcceptTransfer',
  data: { transferId, fromAccountId: 'a', amount, currency: 'USD', ...more },
});
const about = (type: Exclude<TransferCommand['type'], 'ReserveFunds' | 'AcceptTransfer'>, transferId = 't') =>
  ({ type, data: { transferId } }) as TransferCommand;

/** The events of commands that are all accepted. */
function history(start: AccountEvent[], ...commands: TransferCommand[]): AccountEvent[] {
  const events = [...start];
  for (const command of commands) {
    const decision = accountDecider.decide({ ...command, at: RECEIVED_AT }, stateAfter(events));
    if (!decision.accepted) throw new Error(`${command.type} was refused: ${decision.refusal.code}`);
    for (const event of decision.events) {
      expect(accountEvents[event.type].parse(event.data)).toEqual(event.data);
      events.push(event);
    }
  }
  return events;
}

const OPEN = [opened('100')];
const RESERVED = history(OPEN, reserve());
const ACCEPTED = history(OPEN, acceptTransfer());
const frozen: AccountEvent = { type: 'AccountFrozen', data: { reason: 'court' } };
const closed: AccountEvent = { type: 'AccountClosed', data: { reason: 'moved' } };
const withdraw = (amount: string) => ({ type: 'WithdrawFunds' as const, data: { amount } });
const freeze = { type: 'FreezeAccount' as const, data: { reason: 'court' } };

describe('the paying account', () => {
  it('sets money aside, which then cannot be spent', () => {
    const { state } = given(...OPEN).when(reserve());
    expect(state).toMatchObject({ cash: '100', reserved: '30' });
    given(...RESERVED)
      .when(withdraw('70.01'))
      .refused('insufficient_funds', /cash is 70,/);
    given(...RESERVED)
      .when(reserve('70.01', 't-2'))
      .refused('insufficient_funds', /cash is 70,/);
    const trade = {
      tradeId: 'x',
      symbol: 'IBM',
      side: 'BUY' as const,
      quantity: '1',
      price: '70.01',
    };
    given(...RESERVED)
      .when({ type: 'ExecuteTrade', data: trade })
      .refused('insufficient_funds', /cash is 70,/);
    given(...RESERVED)
      .when(withdraw('70'))
      .events({ type: 'FundsWithdrawn', data: { amount: '70', cash: '30', reference: null } });
  });

  it('lets a sale happen whatever is reserved', () => {
    const trade = { tradeId: 'x', symbol: 'IBM', side: 'SELL' as const, quantity: '1', price: '5' };
    const limits = {
      allowShort: true,
      maxOrderNotional: null,
      maxPositionNotional: null,
      maxPositionQuantity: null,
    };
    const all = history([...OPEN, { type: 'LimitsSet', data: limits }], reserve('100'));
    given(...all)
      .when({ type: 'ExecuteTrade', data: trade })
      .event('TradeExecuted', { cash: '105' });
  });

  it('pays what it reserved, once', () => {
    given(...RESERVED)
      .when(about('SettleFunds'))
      .events({
        type: 'FundsTransferredOut',
        data: { transferId: 't', toAccountId: 'b', amount: '30', cash: '70', reserved: '0' },
      });
    given(...history(RESERVED, about('SettleFunds')))
      .when(about('SettleFunds'))
      .refused('transfer_not_found');
  });

  it.each([
    ['ReleaseFunds', 'FundsReleased'],
    ['ExpireFunds', 'FundsReservationExpired'],
  ] as const)('%s frees the money, and nothing is paid any more', (command, event) => {
    given(...RESERVED)
      .when(about(command))
      .events({ type: event, data: { transferId: 't', amount: '30', cash: '100', reserved: '0' } });
    given(...history(RESERVED, about(command)))
      .when(about('SettleFunds'))
      .refused('transfer_not_found');
  });

  it('has a timer for each reservation', () => {
    const state = stateAfter(history(RESERVED, reserve('5', '17')));
    expect([...(accountDecider.timers?.(state) ?? [])]).toEqual(
      ['17', 't'].map((transferId) => ({
        timer: `expire ${transferId}`,
        dueAt: Date.parse(LATER),
        command: { type: 'ExpireFunds', data: { transferId } },
      })),
    );
    given(...OPEN)
      .when(about('ExpireFunds'))
      .refused('transfer_not_found');
  });

  it('frees reserved money while it is frozen, and pays none', () => {
    given(...RESERVED, frozen)
      .when(about('SettleFunds'))
      .refused('account_frozen');
    given(...RESERVED, frozen)
      .when(about('ReleaseFunds'))
      .event('FundsReleased', { reserved: '0' });
  });
});

describe('the receiving account', () => {
  it('agrees to take money as long as it may', () => {
    given(...OPEN)
      .when(acceptTransfer('30', 't', { expiresAt: LATER }))
      .events({ type: 'TransferAccepted', data: { transferId: 't', fromAccountId: 'a', amount: '30' } });
  });

  it('takes what it accepted, once, also while it is frozen', () => {
    for (const before of [ACCEPTED, [...ACCEPTED, frozen]]) {
      given(...before)
        .when(about('CreditTransfer'))
        .events({
          type: 'FundsTransferredIn',
          data: { transferId: 't', fromAccountId: 'a', amount: '30', cash: '130' },
        });
    }
    given(...history(ACCEPTED, about('CreditTransfer')))
      .when(about('CreditTransfer'))
      .refused('transfer_not_found');
  });

  it('cannot be closed while a transfer is under way', () => {
    const empty = history([opened('0')], acceptTransfer());
    const close = { type: 'CloseAccount' as const, data: { reason: 'moved' } };
    given(...empty)
      .when(close)
      .refused('account_not_empty', /under way/);
    given(...history(empty, about('CancelTransfer')))
      .when(close)
      .event('AccountClosed', {});
  });

  it('keeps room in the ledger for what it accepted', () => {
    const nearly = '9'.repeat(21);
    given(opened(nearly)).when(acceptTransfer('1')).refused('amount_out_of_range');
    const full = history([opened(`${'9'.repeat(20)}0`)], acceptTransfer('9'));
    given(...full)
      .when({ type: 'DepositFunds', data: { amount: '1' } })
      .refused('amount_out_of_range');
    given(...full)
      .when(about('CreditTransfer'))
      .event('FundsTransferredIn', { cash: nearly });
  });
});

describe('what was given up before it came', () => {
  it.each([
    ['ReleaseFunds', 'FundsReleased', reserve()],
    ['CancelTransfer', 'TransferCancelled', acceptTransfer()],
  ] as const)('never comes: %s may overtake what it undoes', (type, event, late) => {
    given(...OPEN)
      .when(about(type))
      .event(event, { amount: '0' });
    const barred = history(OPEN, about(type));
    given(...barred)
      .when(late)
      .refused('transfer_barred');
    given(...barred)
      .when(about(type))
      .refused('transfer_not_found');
  });

  it('is remembered, the last ones of it', () => {
    const events = Array.from(
      { length: BARRED_REMEMBERED + 1 },
      (_, index): AccountEvent => ({
        type: 'TransferCancelled',
        data: { transferId: `t-${index}`, amount: '0' },
      }),
    );
    const { barred } = stateAfter([...OPEN, ...events]);
    expect(barred).toHaveLength(BARRED_REMEMBERED);
    expect([barred[0], barred.at(-1)]).toEqual(['t-1', `t-${BARRED_REMEMBERED}`]);
  });
});

describe('a refusal', () => {
  it.each<[string, AccountEvent[], TransferCommand]>([
    ['account_not_found', [], reserve()],
    ['account_closed', [...OPEN, closed], reserve()],
    ['account_frozen', [...OPEN, frozen], reserve()],
    ['account_frozen', [...OPEN, frozen], acceptTransfer()],
    ['currency_mismatch', OPEN, reserve('30', 't', { currency: 'EUR' })],
    ['currency_mismatch', OPEN, acceptTransfer('30', 't', { currency: 'EUR' })],
    ['amount_precision', OPEN, reserve('0.001')],
    ['amount_precision', OPEN, acceptTransfer('0.001')],
    ['transfer_already_known', RESERVED, reserve()],
    ['transfer_already_known', ACCEPTED, acceptTransfer()],
    ['transfer_expired', OPEN, reserve('30', 't', { expiresAt: RECEIVED_AT })],
    ['transfer_expired', OPEN, acceptTransfer('30', 't', { expiresAt: RECEIVED_AT })],
    ['insufficient_funds', OPEN, reserve('100.01')],
    ['transfer_not_found', OPEN, about('SettleFunds')],
    ['transfer_not_found', OPEN, about('CreditTransfer')],
  ])('%s', (code, before, command) => {
    expect(given(...before).when(command).outcome).toBe(code);
  });

  it('too_many_transfers', () => {
    const many = Array.from({ length: TRANSFERS_MAX }, (_, index) => acceptTransfer('0.01', `t-${index}`));
    const events = many.map(
      ({ data }): AccountEvent => ({
        type: 'TransferAccepted',
        data: { transferId: data.transferId, fromAccountId: 'a', amount: '0.01' },
      }),
    );
    given(opened('100'), ...events)
      .when(reserve())
      .refused('too_many_transfers');
  });

  it.each(['__proto__', '17', 'constructor'])('is about no transfer that is called %s', (transferId) => {
    given(...OPEN)
      .when(about('SettleFunds', transferId))
      .refused('transfer_not_found');
    expect(given(...OPEN).when(reserve('1', transferId)).state.reserved).toBe('1');
  });

  it('of a freeze is none for what is under way', () => {
    given(...RESERVED)
      .when(freeze)
      .event('AccountFrozen', {});
  });
});
