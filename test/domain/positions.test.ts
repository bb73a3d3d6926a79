/** Positions, profit and limits: numbers worked out by hand, and the sums that must hold whatever happens. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyTrade, FLAT } from '../../actors/account/position.ts';
import type { AccountCommand, Limits } from '../../schemas/account.ts';
import { parseDecimal } from '../../schemas/decimal.ts';
import type { Position } from '../../schemas/trade.ts';
import {
  buy,
  deposit,
  given,
  holding,
  limited,
  open,
  opened,
  run,
  sell,
  setLimits,
  trade,
  withdraw,
} from '../support/account.ts';
import { holds } from '../support/property.ts';

type Step = [side: 'BUY' | 'SELL', quantity: string, price: string];
/** Quantity, average cost, cost basis, profit of the trade, and profit so far, after a step. */
type After = [quantity: string, average: string, cost: string, profit: string, profitSoFar: string];

function walk(steps: readonly Step[]): After[] {
  let position: Position = FLAT;
  return steps.map(([side, quantity, price]) => {
    const result = applyTrade(position, side === 'BUY', parseDecimal(quantity), parseDecimal(price));
    position = result.position;
    const profit = decimalOf(result.realizedPnl);
    return [position.quantity, position.averageCost, position.costBasis, profit, position.realizedPnl];
  });
}

describe('average cost and realised profit', () => {
  it.each<[string, [Step, After][]]>([
    [
      'a long position that grows, shrinks and closes',
      [
        // 10 at 100 and 30 at 120 cost 4600 together, 115 each.
        [
          ['BUY', '10', '100'],
          ['10', '100', '1000', '0', '0'],
        ],
        [
          ['BUY', '30', '120'],
          ['40', '115', '4600', '0', '0'],
        ],
        // 20 × (130 − 115); the average stays.
        [
          ['SELL', '20', '130'],
          ['20', '115', '2300', '300', '300'],
        ],
        // 20 × (110 − 115)
        [
          ['SELL', '20', '110'],
          ['0', '0', '0', '-100', '200'],
        ],
      ],
    ],
    [
      'a short position that grows, shrinks and closes',
      [
        [
          ['SELL', '10', '50'],
          ['-10', '50', '-500', '0', '0'],
        ],
        [
          ['SELL', '10', '60'],
          ['-20', '55', '-1100', '0', '0'],
        ],
        // 5 × (55 − 40)
        [
          ['BUY', '5', '40'],
          ['-15', '55', '-825', '75', '75'],
        ],
        // 15 × (55 − 65)
        [
          ['BUY', '15', '65'],
          ['0', '0', '0', '-150', '-75'],
        ],
      ],
    ],
    [
      'a flip from long to short: the long part closes at its average, the rest opens at the price',
      [
        [
          ['BUY', '10', '100'],
          ['10', '100', '1000', '0', '0'],
        ],
        [
          ['SELL', '15', '110'],
          ['-5', '110', '-550', '100', '100'],
        ],
        // and back: 5 × (110 − 90) closes the short, 3 open at 90.
        [
          ['BUY', '8', '90'],
          ['3', '90', '270', '100', '200'],
        ],
      ],
    ],
    [
      'a flip from short to long at a loss',
      [
        [
          ['SELL', '4', '25'],
          ['-4', '25', '-100', '0', '0'],
        ],
        [
          ['BUY', '10', '30'],
          ['6', '30', '180', '-20', '-20'],
        ],
      ],
    ],
    [
      'an average that is no decimal of 8 places: no unit is lost over the round trip',
      [
        // 1 at 1 and 2 at 0.5 cost 2 together: 0.66666667 each, for people.
        [
          ['BUY', '1', '1'],
          ['1', '1', '1', '0', '0'],
        ],
        [
          ['BUY', '2', '0.5'],
          ['3', '0.66666667', '2', '0', '0'],
        ],
        // A third of 2 is 0.66666667, the profit what is left of 1; 1.33333333 stay.
        [
          ['SELL', '1', '1'],
          ['2', '0.66666666', '1.33333333', '0.33333333', '0.33333333'],
        ],
        // All the rest of the cost goes: 2 − 1.33333333, and 3 − 2 = 1 in all.
        [
          ['SELL', '2', '1'],
          ['0', '0', '0', '0.66666667', '1'],
        ],
      ],
    ],
    [
      'quantities of one satoshi, whose notional rounds half to even',
      [
        // 0.00000001 × 50 = 0.0000005 exactly; × 0.5 is half a unit, which rounds to the even 0.
        [
          ['BUY', '0.00000001', '50'],
          ['0.00000001', '50', '0.0000005', '0', '0'],
        ],
        [
          ['BUY', '0.00000001', '0.5'],
          ['0.00000002', '25', '0.0000005', '0', '0'],
        ],
        // 1.5 units round to 2, against a cost of 0.00000025.
        [
          ['SELL', '0.00000001', '1.5'],
          ['0.00000001', '25', '0.00000025', '-0.00000023', '-0.00000023'],
        ],
      ],
    ],
    [
      'a position at no cost, of which a part is sold',
      [
        [
          ['BUY', '0.1', '0.00000001'],
          ['0.1', '0', '0', '0', '0'],
        ],
        [
          ['SELL', '0.05', '10'],
          ['0.05', '0', '0', '0.5', '0.5'],
        ],
      ],
    ],
    [
      'a new position in a symbol that was held before, which keeps its profit',
      [
        [
          ['BUY', '1', '10'],
          ['1', '10', '10', '0', '0'],
        ],
        [
          ['SELL', '1', '12'],
          ['0', '0', '0', '2', '2'],
        ],
        [
          ['BUY', '2', '20'],
          ['2', '20', '40', '0', '2'],
        ],
      ],
    ],
  ])('of %s', (_name, steps) => {
    expect(walk(steps.map(([step]) => step))).toEqual(steps.map(([, after]) => after));
  });

  it('are on the event and in the state, and fees are in cash alone', () => {
    const { state } = run(
      open({ initialBalance: '1000' }),
      buy('10', '10', { fee: '1' }),
      sell('10', '12', { fee: '2' }),
    );
    expect(state.cash).toBe('1017');
    expect(state.fees).toBe('3');
    expect(state.positions.IBM).toEqual({
      quantity: '0',
      averageCost: '0',
      costBasis: '0',
      realizedPnl: '20',
    });
  });

  it('are kept apart by symbol', () => {
    const { state } = run(
      open({ initialBalance: '1000' }),
      buy('1', '10'),
      buy('2', '20', { symbol: 'BRK.B' }),
      sell('1', '11'),
    );
    expect(state.positions).toEqual({
      IBM: { quantity: '0', averageCost: '0', costBasis: '0', realizedPnl: '1' },
      'BRK.B': { quantity: '2', averageCost: '20', costBasis: '40', realizedPnl: '0' },
    });
  });
});

describe('short sales', () => {
  it('are refused unless allowed, to the last unit', () => {
    const history = [opened(), holding('IBM', { quantity: '10', averageCost: '1', costBasis: '10' })];
    given(...history)
      .when(sell('10', '1'))
      .event('TradeExecuted', { quantity: '10' });
    given(...history)
      .when(sell('10.00000001', '1'))
      .refused('insufficient_position', /Held are 10 IBM/);
    given(...history, limited({ allowShort: true }))
      .when(sell('10.00000001', '1'))
      .event('TradeExecuted', { position: { quantity: '-0.00000001' } });
  });

  it('that were made before they were forbidden may be bought back, and not added to', () => {
    const history = [opened(), holding('IBM', { quantity: '-10', averageCost: '1', costBasis: '-10' })];
    given(...history)
      .when(buy('4', '1'))
      .event('TradeExecuted', { position: { quantity: '-6' } });
    given(...history)
      .when(buy('14', '1'))
      .event('TradeExecuted', { position: { quantity: '4' } });
    given(...history)
      .when(sell('1', '1'))
      .refused('insufficient_position', /Held are -10 IBM/);
  });
});

describe('limits', () => {
  const held = (quantity: string) => holding('IBM', { quantity, averageCost: '1', costBasis: quantity });
  const outcome = (limits: Partial<Limits>, quantity: string, command: AccountCommand) =>
    given(opened(), limited({ allowShort: true, ...limits }), held(quantity)).when(command).outcome;

  it('on an order hold for its notional, on both sides, and are inclusive', () => {
    const limits = { maxOrderNotional: '100' };
    expect(outcome(limits, '0', buy('10', '10'))).toBe('accepted');
    expect(outcome(limits, '0', buy('10', '10.00000001'))).toBe('limit_exceeded');
    expect(outcome(limits, '0', sell('10', '10.00000001'))).toBe('limit_exceeded');
    // An order that only reduces the position is an order still.
    expect(outcome(limits, '50', sell('50', '10'))).toBe('limit_exceeded');
  });

  it.each<[limit: Partial<Limits>, held: string, command: AccountCommand, outcome: string, why: string]>([
    [{ maxPositionQuantity: '10' }, '0', buy('10', '1'), 'accepted', 'up to the limit'],
    [{ maxPositionQuantity: '10' }, '0', buy('10.00000001', '1'), 'limit_exceeded', 'beyond it'],
    [{ maxPositionQuantity: '10' }, '0', sell('10', '1'), 'accepted', 'short, up to the limit'],
    [{ maxPositionQuantity: '10' }, '0', sell('10.00000001', '1'), 'limit_exceeded', 'short, beyond it'],
    [{ maxPositionQuantity: '10' }, '10', buy('0.00000001', '1'), 'limit_exceeded', 'one unit more'],
    [
      { maxPositionQuantity: '5' },
      '20',
      sell('1', '1'),
      'accepted',
      'a reduction, though still beyond the limit',
    ],
    [{ maxPositionQuantity: '5' }, '-20', buy('1', '1'), 'accepted', 'a reduction of a short position'],
    [{ maxPositionQuantity: '5' }, '20', buy('1', '1'), 'limit_exceeded', 'an addition to what is beyond'],
    [{ maxPositionQuantity: '5' }, '20', sell('20', '1'), 'accepted', 'a close'],
    [{ maxPositionQuantity: '5' }, '20', sell('25', '1'), 'accepted', 'a flip to a short within the limit'],
    [
      { maxPositionQuantity: '5' },
      '20',
      sell('26', '1'),
      'limit_exceeded',
      'a flip is a new position, not a reduction',
    ],
    [{ maxPositionQuantity: '5' }, '20', sell('40', '1'), 'limit_exceeded', 'a flip to the same size'],
    [{ maxPositionQuantity: '5' }, '-20', buy('26', '1'), 'limit_exceeded', 'a flip from short to long'],
    [
      { maxPositionQuantity: '5' },
      '-20',
      buy('25', '1'),
      'accepted',
      'a flip from short to long within the limit',
    ],
    [{ maxPositionNotional: '100' }, '5', buy('5', '10'), 'accepted', 'the whole position at this price'],
    [
      { maxPositionNotional: '100' },
      '5',
      buy('5', '10.1'),
      'limit_exceeded',
      'the whole position at this price',
    ],
    [{ maxPositionNotional: '100' }, '-5', sell('5', '10.1'), 'limit_exceeded', 'the whole short position'],
    [{ maxPositionNotional: '100' }, '50', sell('1', '10'), 'accepted', 'a reduction'],
    [{ maxPositionNotional: '100' }, '50', sell('61', '10'), 'limit_exceeded', 'a flip'],
    [{ maxPositionNotional: '100' }, '50', sell('60', '10'), 'accepted', 'a flip to the limit'],
  ])('%j from %s', (limits, quantity, command, expected, why) => {
    expect(outcome(limits, quantity, command), why).toBe(expected);
  });

  it('are checked from the order to the position, the quantity before the notional', () => {
    const limits = { maxOrderNotional: '10', maxPositionQuantity: '1', maxPositionNotional: '1' };
    const when = (limit: Partial<Limits>) => given(opened(), limited(limit)).when(buy('5', '3'));
    when(limits).refused('limit_exceeded', /^maxOrderNotional is 10, the trade has 15\.$/);
    when({ ...limits, maxOrderNotional: null }).refused(
      'limit_exceeded',
      /^maxPositionQuantity is 1, .* be 5\.$/,
    );
    when({ maxPositionNotional: '1' }).refused('limit_exceeded', /^maxPositionNotional is 1, .* be 15\.$/);
  });
});

// ---- what must hold whatever happens ----

const RUN = { seed: 20260105, runs: 500 };

/** Decimals of every size a client may send, small whole numbers and single units often among them. */
const size = fc.oneof(
  fc.integer({ min: 1, max: 50 }).map(String),
  fc.bigInt({ min: 1n, max: 10n ** 11n }).map((units) => decimalOf(units)),
  fc.bigInt({ min: 1n, max: 10n ** 17n }).map((units) => decimalOf(units)),
  fc.constantFrom('0.00000001', '0.5', '1.5', '0.33333333', '999999.99999999'),
);
const cents = fc.integer({ min: 1, max: 10 ** 12 }).map((amount) => decimalOf(BigInt(amount) * 1_000_000n));

/** The decimal of so many units of 10^-8, worked out without the code under test. */
function decimalOf(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(9, '0');
  const text = `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '');
  return units < 0n ? `-${text}` : text;
}

/** And back. */
function unitsOf(text: string): bigint {
  const [integer = '0', fraction = ''] = text.replace('-', '').split('.');
  const units = BigInt(integer + fraction.padEnd(8, '0'));
  return text.startsWith('-') ? -units : units;
}

const command: fc.Arbitrary<AccountCommand> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        side: fc.constantFrom('BUY', 'SELL'),
        quantity: size,
        price: size,
        fee: fc.option(size, { nil: undefined }),
        symbol: fc.constantFrom('IBM', 'BTC-USD', '7203'),
      })
      .map(({ side, quantity, price, fee, symbol }) =>
        trade(side, quantity, price, { symbol, ...(fee === undefined ? {} : { fee }) }),
      ),
  },
  { weight: 2, arbitrary: cents.map((amount) => deposit(amount)) },
  { weight: 2, arbitrary: cents.map((amount) => withdraw(amount)) },
  { weight: 1, arbitrary: fc.boolean().map((allowShort) => setLimits({ allowShort })) },
);

describe('conservation', () => {
  it('holds: cash and cost make up what came in, less what went out and fees, and the profit', () => {
    let accepted = 0;
    const property = fc.property(
      cents,
      fc.array(command, { minLength: 10, maxLength: 60 }),
      (initialBalance, commands) => {
        const all = [open({ initialBalance }), setLimits({ allowShort: true }), ...commands];
        const { state, outcomes } = run(...all);
        let outside = 0n;
        all.forEach((sent, index) => {
          if (outcomes[index] !== 'accepted') return;
          accepted++;
          if (sent.type === 'OpenAccount') outside += unitsOf(sent.data.initialBalance ?? '0');
          if (sent.type === 'DepositFunds') outside += unitsOf(sent.data.amount);
          if (sent.type === 'WithdrawFunds') outside -= unitsOf(sent.data.amount);
        });
        let held = unitsOf(state.cash) + unitsOf(state.fees);
        for (const { costBasis, realizedPnl } of Object.values(state.positions)) {
          held += unitsOf(costBasis) - unitsOf(realizedPnl);
        }
        expect(decimalOf(held)).toBe(decimalOf(outside));
      },
    );
    holds(property, RUN);
    // It would say nothing if next to everything were refused.
    expect(accepted).toBeGreaterThan(RUN.runs * 10);
  });

  it('holds of quantities: what was bought less what was sold is what is held, and nothing held costs nothing', () => {
    const property = fc.property(fc.array(command, { minLength: 10, maxLength: 60 }), (commands) => {
      const all = [open({ initialBalance: '999999999999' }), setLimits({ allowShort: true }), ...commands];
      const { state, outcomes } = run(...all);
      const bought = new Map<string, bigint>();
      all.forEach((sent, index) => {
        if (sent.type !== 'ExecuteTrade' || outcomes[index] !== 'accepted') return;
        const { symbol, side, quantity } = sent.data;
        const units = side === 'BUY' ? unitsOf(quantity) : -unitsOf(quantity);
        bought.set(symbol, (bought.get(symbol) ?? 0n) + units);
      });
      const held = Object.entries(state.positions).map(([symbol, { quantity }]) => [symbol, quantity]);
      expect(new Map(held as [string, string][])).toEqual(
        new Map([...bought].map(([symbol, units]) => [symbol, decimalOf(units)])),
      );
      for (const { quantity, costBasis, averageCost } of Object.values(state.positions)) {
        if (quantity === '0') expect([costBasis, averageCost]).toEqual(['0', '0']);
        else expect(costBasis.startsWith('-') && !quantity.startsWith('-')).toBe(false);
      }
    });
    holds(property, RUN);
  });

  it('holds of round trips: whatever the roundings on the way, the profit is the proceeds less the cost', () => {
    const fill = fc.record({
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      quantity: size,
      price: size,
    });
    const property = fc.property(
      fc.array(fill, { minLength: 1, maxLength: 20 }),
      size,
      (fills, lastPrice) => {
        let position: Position = FLAT;
        let proceeds = 0n;
        const apply = (side: 'BUY' | 'SELL', quantity: string, price: string) => {
          const product = unitsOf(quantity) * unitsOf(price);
          const doubled = product * 2n + 10n ** 8n;
          let notional = doubled / (2n * 10n ** 8n);
          if (doubled % (2n * 10n ** 8n) === 0n && notional % 2n === 1n) notional -= 1n;
          proceeds += side === 'SELL' ? notional : -notional;
          position = applyTrade(
            position,
            side === 'BUY',
            parseDecimal(quantity),
            parseDecimal(price),
          ).position;
        };
        for (const { side, quantity, price } of fills) apply(side, quantity, price);
        if (position.quantity !== '0') {
          const long = !position.quantity.startsWith('-');
          apply(long ? 'SELL' : 'BUY', position.quantity.replace('-', ''), lastPrice);
        }
        expect(position).toMatchObject({ quantity: '0', costBasis: '0', averageCost: '0' });
        expect(position.realizedPnl).toBe(decimalOf(proceeds));
      },
    );
    holds(property, RUN);
  });
});
