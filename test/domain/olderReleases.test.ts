/** Logs in which an older release booked what today's rules refuse: they are read, and what is in them can be taken back. */
import { describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import { applyTrade, FLAT } from '../../actors/account/position.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { decodeEvent } from '../../actors/kernel/eventLog.ts';
import { type AccountEvent, accountEvents } from '../../schemas/account.ts';
import { add, formatDecimal, multiply, parseDecimal, subtract } from '../../schemas/decimal.ts';
import { opening, type Sent } from '../support/amendedAccount.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const NOW = Date.parse('2026-01-05T09:00:00Z');
const CONTEXT = { userId: 'tester', correlationId: 'correlation', causationId: null };

/** The rules of a release that asked whether cash and position stay in range, and not what a sale itself is worth. */
const olderDecider: AnyDecider = {
  ...accountDecider,
  decide: (command, state) => {
    const decision = accountDecider.decide(command, state);
    if (decision.accepted || decision.refusal.code !== 'amount_out_of_range') return decision;
    return { accepted: true, events: [soldAnyway(command.data, state)] };
  },
};

function soldAnyway(data: Readonly<Record<string, string>>, state: Readonly<AccountState>) {
  const { symbol = '', quantity = '', price = '', fee = '' } = data;
  const [units, each, paid] = [parseDecimal(quantity), parseDecimal(price), parseDecimal(fee)];
  const notional = multiply(units, each);
  const { position, realizedPnl } = applyTrade(state.positions[symbol] ?? FLAT, false, units, each);
  const sums = {
    cash: formatDecimal(subtract(add(parseDecimal(state.cash), notional), paid)),
    fees: formatDecimal(add(parseDecimal(state.fees), paid)),
    notional: formatDecimal(notional),
    realizedPnl: formatDecimal(realizedPnl),
  };
  return {
    type: 'TradeExecuted',
    data: { ...data, ...sums, position, executedAt: '2026-01-05T09:00:00.000Z' },
  };
}

const trade = (tradeId: string, side: string, quantity: string, price: string, fee = '0'): Sent => ({
  type: 'ExecuteTrade',
  data: { tradeId, symbol: 'IBM', side, quantity, price, fee },
});

/** Its sale is worth 22 digits; a fee and an earlier loss keep cash and profit within 21. */
const LARGE = trade('large', 'SELL', '999999999999999', '1000000.5', '999999999999999');
const HISTORY = [
  opening('999999999999999'),
  trade('loss', 'BUY', '1', '999999000000000'),
  trade('gone', 'SELL', '1', '0.00000001'),
  trade('held', 'BUY', '999999999999999', '0.00000001'),
  LARGE,
];

/** The account that an older release has left, under today's rules, and what becomes of a command there. */
function upgraded() {
  const storage = sqliteStorage();
  const runIn = (aggregate: Aggregate<AccountState>) => (sent: Sent, commandId: string) => {
    const command = { ...sent, commandId };
    const [verdict] = storage.transactionSync(() => aggregate.execute([{ command, context: CONTEXT }], NOW));
    return verdict?.status === 'refused' ? verdict.code : verdict?.status;
  };
  const before = runIn(new Aggregate<AccountState>(storage, olderDecider, 'a-1'));
  expect(HISTORY.map((sent, index) => before(sent, `c-${index}`))).toEqual(HISTORY.map(() => 'accepted'));
  const account = new Aggregate<AccountState>(storage, accountDecider, 'a-1');
  return { account, run: runIn(account) };
}

describe('a trade that is worth more than one may be today', () => {
  it('is read, its repeat is recognised, and another one like it is refused', () => {
    const { account, run } = upgraded();
    expect(account.current().state.cash).toBe('999999500000988999999.50000002');
    expect(run(LARGE, `c-${HISTORY.length - 1}`)).toBe('replayed');
    expect(run(trade('again', 'BUY', '999999999999999', '1000001'), 'again')).toBe('insufficient_funds');
    expect(run({ ...LARGE, data: { ...LARGE.data, tradeId: 'again' } }, 'again')).toBe(
      'insufficient_position',
    );
  });

  it.each<[what: string, command: Sent, cash: string]>([
    [
      'cancelled',
      { type: 'CancelTrade', data: { tradeId: 'large', reason: 'a slip' } },
      '989999999.00000002',
    ],
    [
      'corrected',
      { type: 'CorrectTrade', data: { tradeId: 'large', price: '1', fee: '0', reason: 'a slip' } },
      '1000000989999998.00000002',
    ],
  ])('can be %s in one command, by an event that its schema knows', (_, command, cash) => {
    const { account, run } = upgraded();
    expect(run(command, 'amendment')).toBe('accepted');
    expect(account.current().state.cash).toBe(cash);
    const [stored] = account.log.readStored(account.log.head().version, 1);
    const event = decodeEvent(stored as NonNullable<typeof stored>) as AccountEvent;
    expect(accountEvents[event.type].parse(event.data)).toEqual(event.data);
  });
});
