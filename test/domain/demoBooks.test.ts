import { existsSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Books } from '../../demo/books.ts';
import type { Command, Intent, TradeData } from '../../demo/commands.ts';
import { defaultTape } from '../../demo/defaultTape.ts';
import { openTape, type TapeTrade } from '../../demo/tape.ts';
import { type Expected, Workload, type WorkloadOptions } from '../../demo/workload.ts';
import { accountCommands } from '../../schemas/account.ts';
import { holds } from '../support/property.ts';
import { Differential } from './demoDifferential.ts';
import { hostileIntent, hostileOpening } from './demoHostile.ts';

const DATA = new URL('../../../shared/data/', import.meta.url).pathname;
const CRYPTO = `${DATA}crypto/coinbase_btcusd_trades_20230905.csv.gz`;
const hasData = existsSync(CRYPTO);
if (!hasData) console.warn(`SKIPPED: ${CRYPTO} is missing, the books are not held against its trades`);

let lastId = 0;

function send(aggregateId: string, intent: Intent, commandId = `c${++lastId}`): Command {
  return { commandId, aggregateType: 'account', aggregateId, ...intent };
}

function trade(side: 'BUY' | 'SELL', quantity: string, price: string, more: Partial<TradeData> = {}): Intent {
  return {
    type: 'ExecuteTrade',
    data: { tradeId: `t${++lastId}`, symbol: 'SPY', side, quantity, price, ...more },
  };
}

function open(initialBalance: string): Intent {
  const data = { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD', initialBalance } as const;
  return { type: 'OpenAccount', data };
}

async function generate(options: WorkloadOptions, tape: AsyncIterable<TapeTrade> | Iterable<TapeTrade>) {
  const workload = new Workload(options);
  const batches: (readonly Expected[])[] = [];
  for await (const batch of workload.batches(tape)) batches.push(batch);
  return { workload, batches, sent: batches.flat() };
}

async function first(tape: AsyncIterable<TapeTrade>, count: number): Promise<TapeTrade[]> {
  const trades: TapeTrade[] = [];
  for await (const one of tape) if (trades.push(one) === count) break;
  return trades;
}

describe('books', () => {
  const after = (...intents: Intent[]) => {
    const books = new Books();
    const outcomes = [open('100000'), ...intents].map((intent) => books.apply(send('a', intent)));
    return { outcomes: outcomes.slice(1), report: books.report('a'), conservation: books.conservation('a') };
  };
  const short: Intent = { type: 'SetLimits', data: { allowShort: true } };

  it('weighs the average by quantity and leaves it on a sale', () => {
    const { report, conservation } = after(
      trade('BUY', '10', '100', { fee: '1.5' }),
      trade('BUY', '30', '120'),
      trade('SELL', '20', '130'),
    );
    expect(report.positions).toEqual([
      { symbol: 'SPY', quantity: '20', averageCost: '115', costBasis: '2300', realizedPnl: '300' },
    ]);
    expect(report).toMatchObject({ cash: '97998.5', fees: '1.5', version: 4 });
    expect(conservation).toEqual({ holds: true, held: '100298.5', owed: '100298.5' });
  });

  it('closes at the average and opens the rest at the price when a trade turns the position', () => {
    const { report } = after(short, trade('BUY', '10', '100'), trade('SELL', '15', '110'));
    expect(report.positions).toEqual([
      { symbol: 'SPY', quantity: '-5', averageCost: '110', costBasis: '-550', realizedPnl: '100' },
    ]);
  });

  it('rounds ties to the even digit', () => {
    expect(after(trade('BUY', '0.5', '0.00000001')).report.positions[0]?.costBasis).toBe('0');
    expect(after(trade('BUY', '1.5', '0.00000001')).report.positions[0]?.costBasis).toBe('0.00000002');
    // A third of the cost is no decimal of 8 places: what is left is the rest, not a rounded two thirds.
    const third = after(
      trade('BUY', '3', '0.33333333'),
      trade('BUY', '0.00000001', '1'),
      trade('SELL', '1', '1'),
    );
    expect(third.report.positions[0]).toMatchObject({ costBasis: '0.66666667', realizedPnl: '0.66666667' });
  });

  it('tells repeats from reuse, however the decimals are written', () => {
    const books = new Books();
    const deposit = (amount: string): Intent => ({ type: 'DepositFunds', data: { amount } });
    books.apply(send('a', open('1.5'), 'open'));
    expect(books.apply(send('a', open('1.50'), 'open'))).toEqual({ status: 'replayed', version: 1 });
    expect(books.apply(send('a', deposit('1'), 'd'))).toEqual({ status: 'accepted', version: 2 });
    expect(books.apply(send('a', deposit('2'), 'd'))).toEqual({
      status: 'refused',
      code: 'command_id_reused',
    });
    const buy = trade('BUY', '1', '1', { tradeId: 'T' });
    expect(books.apply(send('a', buy, 'x'))).toEqual({ status: 'accepted', version: 3 });
    expect(books.apply(send('a', buy, 'y'))).toEqual({ status: 'replayed', version: 3 });
    expect(books.report('a')).toMatchObject({ cash: '1.5', version: 3 });
  });

  it('previews without a trace', () => {
    const books = new Books();
    expect(books.preview(send('a', open('1')))).toEqual({ status: 'accepted', version: 1 });
    expect(books.account('a')).toBeUndefined();
  });
});

describe('workload', () => {
  it('gives the same commands for the same seed and others for another', async () => {
    const make = async (seed: number) => (await generate({ seed, accounts: 7 }, defaultTape(200, 1))).sent;
    const [one, same, other] = [await make(1), await make(1), await make(2)];
    expect(same).toEqual(one);
    expect(JSON.stringify(other).replaceAll('demo2', 'demo1')).not.toEqual(JSON.stringify(one));
  });

  it('makes every trade of the tape one accepted trade, in batches of the contract', async () => {
    const { workload, batches, sent } = await generate(
      { seed: 5, accounts: 9, batchSize: 128 },
      defaultTape(1000, 5),
    );
    expect(batches.slice(0, -1).every((batch) => batch.length === 128)).toBe(true);
    const trades = sent.filter(
      ({ command, outcome }) => command.type === 'ExecuteTrade' && outcome.status === 'accepted',
    );
    const taped = await first(defaultTape(1000, 5), 1000);
    const identity = ({ symbol, price, quantity, executedAt }: TradeData | TapeTrade) =>
      `${symbol} ${price} ${quantity} ${executedAt}`;
    expect(trades.map(({ command }) => identity(command.data as TradeData))).toEqual(taped.map(identity));
    expect(workload.counts).toMatchObject({ trades: 1000, commands: sent.length });
  });

  it('keeps refusals and repeats at their share and shows every rule', async () => {
    const options = { seed: 11, accounts: 20, refusedShare: 0.1, repeatShare: 0.05 };
    const { workload, sent } = await generate(options, defaultTape(4000, 11));
    const { counts } = workload;
    expect(counts.refused / sent.length).toBeCloseTo(0.1, 2);
    expect(counts.repeated / sent.length).toBeCloseTo(0.05, 2);
    expect(Object.keys(counts.refusedByCode).sort()).toEqual(
      ['account_already_open', 'account_closed', 'account_frozen', 'account_not_empty', 'account_not_found']
        .concat(['account_not_frozen', 'amount_precision', 'command_id_reused', 'insufficient_funds'])
        .concat(['insufficient_position', 'limit_exceeded']),
    );
    const replayed = sent.filter(({ outcome }) => outcome.status === 'replayed').length;
    expect(counts.accepted + counts.refused + counts.repeated).toBe(sent.length);
    expect(replayed + (counts.refusedByCode.command_id_reused ?? 0)).toBe(counts.repeated);
  });

  it('sends only what the schemas take', async () => {
    const { sent } = await generate({ seed: 8, accounts: 5 }, defaultTape(500, 8));
    for (const { command } of sent)
      expect(accountCommands[command.type].safeParse(command.data).success).toBe(true);
    expect(sent.every(({ command }) => /^[A-Za-z0-9_-]{1,64}$/.test(command.commandId))).toBe(true);
  });

  it('refuses options that it cannot meet', () => {
    expect(() => new Workload({ seed: 1, accounts: 0 })).toThrow(/accounts/);
    expect(() => new Workload({ seed: 1, accounts: 1, batchSize: 10_001 })).toThrow(/batchSize/);
    expect(() => new Workload({ seed: 1, accounts: 1, refusedShare: 0.9 })).toThrow(/refusedShare/);
    expect(() => new Workload({ seed: 1, accounts: 1, prefix: 'a b' })).toThrow(/prefix/);
  });
});

describe('the account decider and the books', () => {
  const hold = (sent: readonly Expected[], workload: Workload) => {
    const differential = new Differential();
    for (const { command, outcome } of sent) differential.run(command, outcome);
    expect(differential.steps).toBe(sent.length);
    for (const id of workload.books.accountIds()) {
      expect(differential.books.report(id)).toEqual(workload.books.report(id));
    }
    expect(workload.books.totalConservation().holds).toBe(true);
  };

  it('agree on 5,000 commands at the prices of the default tape', async () => {
    const { workload, sent } = await generate({ seed: 20260101, accounts: 12 }, defaultTape(4300, 3));
    expect(sent.length).toBeGreaterThan(5000);
    hold(sent, workload);
  });

  it.skipIf(!hasData)('agree on real crypto trades, with sides and fractions', async () => {
    const { workload, sent } = await generate({ seed: 4, accounts: 6 }, await first(openTape(CRYPTO), 1500));
    hold(sent, workload);
  });

  it('agree on hostile numbers', () => {
    const outcomes = new Map<string, number>();
    holds(
      fc.property(hostileOpening, fc.array(hostileIntent, { maxLength: 25 }), (opening, intents) => {
        const differential = new Differential();
        for (const [index, intent] of [...opening, ...intents].entries()) {
          const data =
            intent.type === 'ExecuteTrade' ? { ...intent.data, tradeId: `t${index}` } : intent.data;
          const outcome = differential.run(send('a', { type: intent.type, data } as Intent, `c${index}`));
          const name = `${intent.type} ${outcome.status === 'refused' ? outcome.code : outcome.status}`;
          outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
        }
      }),
      // A fixed seed: a run that fails on one machine fails on all. The number of runs keeps it to seconds.
      { seed: 20260102, runs: 1500 },
    );
    // Agreement means little where nothing happens: every way a trade can end must have been seen often.
    const ends = [
      'accepted',
      'limit_exceeded',
      'insufficient_position',
      'insufficient_funds',
      'amount_out_of_range',
    ];
    for (const end of ends) expect(outcomes.get(`ExecuteTrade ${end}`), end).toBeGreaterThan(40);
  });
});
