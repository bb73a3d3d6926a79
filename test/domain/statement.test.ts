/** Statements add up, follow one another without a gap, and are made again to the letter whatever came later. */
import { Decimal } from 'decimal.js';
import { describe, expect, it } from 'vitest';
import { MovementLedger } from '../../reports/statement/movements.ts';
import { type Movement, Statement } from '../../reports/statement/statement.ts';
import { accountEvents } from '../../schemas/account.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import { timeText } from '../../schemas/time.ts';
import { readStatement } from '../../workers/reads/statement.ts';
import { numbersOf } from '../support/random.ts';
import { EPOCH, randomAccount, StatedActor } from '../support/statement.ts';

const DAY_MS = 86_400_000;
const SEEDS = [1, 2, 3, 4, 5, 6];
const COMMANDS = 250;

/** An account with a little of everything, a day apart. */
async function sampleAccount(): Promise<StatedActor> {
  const actor = new StatedActor();
  const day = () => {
    actor.world.now += DAY_MS;
  };
  await actor.run('OpenAccount', {
    customerId: 'c-1',
    accountType: 'CORPORATE',
    currency: 'USD',
    initialBalance: '1000',
  });
  day();
  await actor.run('ExecuteTrade', {
    tradeId: 't-1',
    symbol: 'IBM',
    side: 'BUY',
    quantity: '5',
    price: '100',
    fee: '1.5',
  });
  day();
  await actor.run('DepositFunds', { amount: '250', reference: '工资' });
  day();
  await actor.run('ExecuteTrade', {
    tradeId: 't-2',
    symbol: 'IBM',
    side: 'SELL',
    quantity: '2',
    price: '110',
    fee: '1',
  });
  day();
  await actor.run('WithdrawFunds', { amount: '100' });
  return actor;
}

const dayText = (days: number) => timeText(EPOCH + days * DAY_MS);
const summed = (values: readonly string[]) => Decimal.sum(0, ...values).toFixed();

describe('a statement', () => {
  it('says what was there, what moved and what is left', async () => {
    const statement = await (await sampleAccount()).statement();
    expect(Statement.parse(statement)).toEqual(statement);
    expect(statement).toMatchObject({
      accountType: 'CORPORATE',
      from: null,
      to: null,
      asOf: dayText(4),
      openingBalance: '0',
      closingBalance: '867.5',
      totals: { deposits: '1250', withdrawals: '-100', purchases: '-500', sales: '220', fees: '-2.5' },
      realizedPnl: { total: '20', bySymbol: [{ symbol: 'IBM', realizedPnl: '20' }] },
      positionsValue: '330',
      totalValue: '1197.5',
    });
    expect(statement.movements.map(({ kind, amount, balance }) => [kind, amount, balance])).toEqual([
      ['INITIAL_DEPOSIT', '1000', '1000'],
      ['BUY', '-501.5', '498.5'],
      ['DEPOSIT', '250', '748.5'],
      ['SELL', '219', '967.5'],
      ['WITHDRAWAL', '-100', '867.5'],
    ]);
    expect(statement.positions).toEqual([
      {
        symbol: 'IBM',
        quantity: '3',
        averageCost: '100',
        costBasis: '300',
        price: '110',
        priceTradeId: 't-2',
        pricedAt: dayText(3),
        marketValue: '330',
        unrealizedPnl: '30',
      },
    ]);
  });

  it('begins with its period and ends before its end', async () => {
    const actor = await sampleAccount();
    const statement = await actor.statement({ from: dayText(1), to: dayText(3) });
    expect(statement).toMatchObject({
      openingBalance: '1000',
      closingBalance: '748.5',
      heads: [{ version: 3 }],
    });
    expect(statement.movements.map(({ version }) => version)).toEqual([2, 3]);
    expect(statement.positions).toMatchObject([{ quantity: '5', price: '100', unrealizedPnl: '0' }]);
    // A period in which nothing happened.
    const quiet = await actor.statement({ from: dayText(4.5), to: dayText(9) });
    expect(quiet).toMatchObject({ openingBalance: '867.5', closingBalance: '867.5', movements: [] });
  });

  it('values a holding at the trade that was executed last, not at one that was booked late', async () => {
    const actor = await sampleAccount();
    await actor.run('ExecuteTrade', {
      ...{ tradeId: 't-3', symbol: 'IBM', side: 'BUY', quantity: '1', price: '90', executedAt: dayText(2) },
    });
    expect((await actor.statement()).positions).toMatchObject([
      { quantity: '4', price: '110', priceTradeId: 't-2' },
    ]);
  });

  it('tells what was said of earlier trades on the day on which it was said', async () => {
    const actor = await sampleAccount();
    actor.world.now += DAY_MS;
    await actor.run('CorrectTrade', { tradeId: 't-1', price: '99', fee: '2', reason: 'contract note' });
    actor.world.now += DAY_MS;
    await actor.run('CancelTrade', { tradeId: 't-2', reason: 'booked twice' });
    const statement = await actor.statement({ from: dayText(4.5) });
    expect(Statement.parse(statement)).toEqual(statement);
    expect(statement).toMatchObject({
      openingBalance: '867.5',
      closingBalance: '653',
      totals: { corrections: '-215', fees: '0.5', purchases: '0', sales: '0' },
      realizedPnl: { total: '-20' },
      movements: [
        {
          kind: 'TRADE_CORRECTION',
          amount: '4.5',
          balance: '872',
          reference: 'contract note',
          amendment: { tradeId: 't-1', tradeVersion: 2, effectiveAt: dayText(1), changes: { fees: '0.5' } },
        },
        { kind: 'TRADE_CANCELLATION', amount: '-219', balance: '653', amendment: { tradeId: 't-2' } },
      ],
      // Valued at the last trade that is left, as it was corrected.
      positions: [{ quantity: '5', costBasis: '495', price: '99', priceTradeId: 't-1', unrealizedPnl: '0' }],
    });
  });

  it('is not there before the account is, nor of versions that it does not have', async () => {
    const actor = await sampleAccount();
    const read = (more: { to?: string; version?: number }) =>
      readStatement(actor.owner, { accountId: 'local', from: undefined, to: more.to, version: more.version });
    expect(await read({ to: dayText(0) })).toEqual({ status: 'not_found' });
    expect(await read({ version: 0 })).toEqual({ status: 'not_found' });
    expect(await read({ version: 6 })).toEqual({ status: 'not_found' });
    expect(await read({ to: dayText(2), version: 6 })).toEqual({ status: 'not_found' });
    expect(await read({ to: dayText(2), version: 5 })).toMatchObject({
      statement: { heads: [{ version: 2 }] },
    });
  });

  it('refuses a period of more events than it may have', async () => {
    const { owner } = await sampleAccount();
    const request = { accountId: 'local', from: dayText(1), to: undefined, version: undefined };
    expect(await readStatement(owner, request, 3)).toEqual({ status: 'too_large', events: 4 });
    expect(await readStatement(owner, request, 4)).toMatchObject({ status: 'made' });
  });
});

describe('statements of random accounts', () => {
  it.each(SEEDS)('add up, by sums of their own (seed %i)', async (seed) => {
    const { owner, core } = await randomAccount(seed, COMMANDS);
    const random = numbersOf(seed);
    const end = core.read()?.recordedAt ?? 0;
    for (let round = 0; round < 8; round++) {
      const [from, to] = [random(), random()]
        .sort()
        .map((part) => timeText(EPOCH + Math.floor(part * (end - EPOCH))));
      if (from === to) continue;
      const read = await readStatement(owner, { accountId: 'local', from, to, version: undefined });
      if (read.status !== 'made') throw new Error(read.status);
      const { statement } = read;
      expect(Statement.parse(statement)).toEqual(statement);
      const { openingBalance, closingBalance, totals, movements } = statement;
      expect(openingBalance).toBe(core.read({ at: Date.parse(from as string) - 1 })?.state.cash);
      expect(closingBalance).toBe(core.read({ at: Date.parse(to as string) - 1 })?.state.cash);
      expect(summed([openingBalance, ...movements.map(({ amount }) => amount)])).toBe(closingBalance);
      expect(summed([openingBalance, ...Object.values(totals)])).toBe(closingBalance);
      checkMovements(openingBalance, movements);
      const realized = movements.map(
        ({ trade, amendment }) => trade?.realizedPnl ?? amendment?.changes.realizedPnl ?? '0',
      );
      expect(statement.realizedPnl.total).toBe(summed(realized));
      for (const { recordedAt } of movements)
        expect(recordedAt >= (from as string) && recordedAt < (to as string)).toBe(true);
    }
  });

  it.each(SEEDS)('follow one another without a gap (seed %i)', async (seed) => {
    const actor = await randomAccount(seed, COMMANDS);
    const whole = await actor.statement();
    const end = Date.parse(whole.asOf);
    const random = numbersOf(seed + 100);
    // Cuts also fall on the very milliseconds of events.
    const cuts = Array.from({ length: 6 }, () => {
      const some = whole.movements[Math.floor(random() * whole.movements.length)] as Movement;
      return random() < 0.5 ? some.recordedAt : timeText(EPOCH + Math.floor(random() * (end - EPOCH)));
    });
    const bounds = [...new Set([timeText(EPOCH), ...cuts.sort(), timeText(end + 1)])];
    const all: Movement[] = [];
    let balance = '0';
    for (let index = 1; index < bounds.length; index++) {
      const part = await actor.statement({ from: bounds[index - 1], to: bounds[index] });
      expect(part.openingBalance).toBe(balance);
      balance = part.closingBalance;
      all.push(...part.movements);
    }
    expect(all).toEqual(whole.movements);
    expect(balance).toBe(whole.closingBalance);
  });

  it.each(SEEDS)('are made again to the letter (seed %i)', async (seed) => {
    const actor = await randomAccount(seed, COMMANDS / 2);
    const { now } = actor.world;
    const requests = [{}, { from: dayText(3) }, { to: timeText(now + 1e9) }, { from: timeText(now + 1) }];
    const before = await Promise.all(requests.map((request) => actor.statement(request)));
    for (let more = 0; more < 20; more++) await actor.run('DepositFunds', { amount: '1' });
    actor.world.now += 5;
    for (let more = 0; more < 20; more++) await actor.run('DepositFunds', { amount: '2' });
    for (const [index, request] of requests.entries()) {
      const first = before[index] as Statement;
      const again = await actor.statement({ ...request, version: first.heads[0]?.version });
      expect(JSON.stringify(again)).toBe(JSON.stringify(first));
      const now = await actor.statement(request);
      expect(now.heads[0]?.version).toBeGreaterThan(first.heads[0]?.version as number);
    }
  });
});

/** Every amount follows from what the movement says of itself. */
function checkMovements(openingBalance: string, movements: readonly Movement[]): void {
  let balance = new Decimal(openingBalance);
  for (const { kind, amount, balance: after, trade, amendment } of movements) {
    balance = balance.plus(amount);
    expect(after).toBe(balance.toFixed());
    if (amendment !== null) {
      expect(amount).toBe(amendment.changes.cash);
      continue;
    }
    if (trade === null) {
      const isOut = kind === 'WITHDRAWAL' || kind === 'TRANSFER_OUT';
      expect(new Decimal(amount).isNegative()).toBe(isOut);
      continue;
    }
    const signed = trade.side === 'BUY' ? new Decimal(trade.notional).negated() : new Decimal(trade.notional);
    expect(amount).toBe(signed.minus(trade.fee).toFixed());
  }
}

describe('a ledger of movements', () => {
  const envelope = (version: number, eventType: string, data: object): EventEnvelope => ({
    eventId: '00000000-0000-8000-8000-000000000000',
    aggregateType: 'account',
    aggregateId: 'local',
    version,
    eventType,
    schemaVersion: 1,
    recordedAt: dayText(0),
    data: data as Record<string, unknown>,
    metadata: { userId: 'u', commandId: 'c', correlationId: 'c', causationId: null },
    previousHash: '0'.repeat(64),
    hash: '0'.repeat(64),
  });

  it('takes no event of a type that it does not know, rather than leave it out', () => {
    const ledger = new MovementLedger(1, '5');
    expect(() => ledger.add([envelope(2, 'DividendPaid', { cash: '7' })])).toThrow(
      'cannot tell what DividendPaid moves',
    );
    expect(() => ledger.add([envelope(3, 'constructor', {})])).toThrow();
  });

  it('takes no gap and no repeat', () => {
    expect(() => new MovementLedger(1, '5').add([envelope(3, 'AccountFrozen', { reason: 'x' })])).toThrow(
      'follows 1',
    );
    expect(() => new MovementLedger(1, '5').add([envelope(1, 'AccountFrozen', { reason: 'x' })])).toThrow(
      'follows 1',
    );
  });

  it('takes no balance that changed without a movement', () => {
    const reserved = { transferId: 't', toAccountId: 'o', amount: '1', expiresAt: dayText(1), reserved: '1' };
    const ledger = new MovementLedger(1, '5');
    ledger.add([envelope(2, 'FundsReserved', { ...reserved, cash: '5' })]);
    expect(() => ledger.add([envelope(3, 'FundsReserved', { ...reserved, cash: '4' })])).toThrow(
      'without a movement',
    );
  });

  it('knows every event type of an account', () => {
    for (const eventType of Object.keys(accountEvents)) {
      const ledger = new MovementLedger(0, '5');
      const schemaVersion = eventType === 'AccountOpened' ? 2 : 1;
      ledger.add([{ ...envelope(1, eventType, { cash: '5' }), schemaVersion }]);
    }
  });
});
