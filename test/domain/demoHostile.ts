/** Arbitrary commands with numbers that strain every rounding and every bound, for fast-check. */
import * as fc from 'fast-check';
import type { Intent } from '../../demo/commands.ts';

/** Decimals with 1 to 15 digits before the point and up to 8 after it, small whole numbers and single units among them. */
const hostileDecimal = fc
  .oneof(
    fc.constantFrom('0.00000001', '0.00000005', '0.5', '1', '2', '3', '7', '999999999999999.99999999'),
    fc.integer({ min: 1, max: 40 }).map(String),
    fc.bigInt({ min: 1n, max: 10n ** 23n - 1n }).map(toDecimal),
    fc.bigInt({ min: 1n, max: 10n ** 11n }).map(toDecimal),
  )
  .filter((decimal) => decimal !== '0');

const hostileMoney = fc.oneof(
  fc.integer({ min: 1, max: 10 ** 9 }).map((cents) => (cents / 100).toFixed(2)),
  hostileDecimal,
  fc.constant('999999999999999'),
);

const hostileTrade = fc.record(
  {
    tradeId: fc.constant(''),
    symbol: fc.constantFrom('A', 'B'),
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
    quantity: hostileDecimal,
    price: hostileDecimal,
    fee: fc.oneof(fc.constantFrom('0', '0.00000001', '999999999999999'), hostileDecimal),
  },
  { requiredKeys: ['tradeId', 'symbol', 'side', 'quantity', 'price'] },
);

const hostileLimits = fc
  .record(
    {
      maxOrderNotional: fc.option(hostileDecimal),
      maxPositionQuantity: fc.option(hostileDecimal),
      maxPositionNotional: fc.option(hostileDecimal),
      allowShort: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  .filter((limits) => Object.keys(limits).length > 0);

/** Any command but with ids left to the caller. */
export const hostileIntent: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('OpenAccount' as const),
      data: fc.record(
        {
          customerId: fc.constant('c'),
          accountType: fc.constantFrom('INDIVIDUAL' as const, 'CORPORATE' as const),
          currency: fc.constantFrom('USD', 'JPY', 'KWD'),
          initialBalance: hostileMoney,
        },
        { requiredKeys: ['customerId', 'accountType', 'currency'] },
      ),
    }),
  },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('ExecuteTrade' as const), data: hostileTrade }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('DepositFunds' as const, 'WithdrawFunds' as const),
      data: fc.record({ amount: hostileMoney }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('SetLimits' as const), data: hostileLimits }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('FreezeAccount' as const, 'UnfreezeAccount' as const, 'CloseAccount' as const),
      data: fc.constant({ reason: 'because' }),
    }),
  },
) as fc.Arbitrary<Intent>;

/** Most accounts are opened, may go short and have some cash, or little else but refusals would be seen. */
export const hostileOpening: fc.Arbitrary<Intent[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Intent[]>([]) },
  {
    weight: 9,
    arbitrary: fc
      .tuple(fc.constantFrom('0', '100', '123456.78', '999999999999999'), fc.boolean())
      .map(([balance, allowShort]): Intent[] => [
        opening(balance),
        { type: 'SetLimits', data: { allowShort } },
      ]),
  },
);

function toDecimal(scaled: bigint): string {
  const digits = scaled.toString().padStart(9, '0');
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '');
}

function opening(initialBalance: string): Intent {
  const data = { customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD', initialBalance } as const;
  return { type: 'OpenAccount', data };
}
