import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { accountCommands } from '../../schemas/account.ts';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { fastParse, UNSURE } from '../../schemas/fastParse.ts';
import { orderCommands } from '../../schemas/order.ts';
import { Time } from '../../schemas/scalars.ts';
import { holds } from '../support/property.ts';

const seed = Number(process.env.FAST_PARSE_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.FAST_PARSE_RUNS ?? 3000);
console.log(`fastParse properties: FAST_PARSE_SEED=${seed}`);

/** Values for any field: what some command accepts, and what is nearly that. */
const field = fc.constantFrom<unknown>(
  ...['acc-1', 'IBM', 'EUR/USD', 'USD', 'XXX', 'BUY', 'SELL', 'INDIVIDUAL', 'text', '', 'é', '\ud800', '😀'],
  ...['0', '-0', '1', '1.50', '-1', '1e5', '189.12', '0.000000001', '1000000000000000', '01', '+1', ' 1'],
  ...[0, 1, -1, 1.5, 1e21, 0.1, 1e-7, 1.5e-8, Number.NaN, 999_999_999_999_999],
  ...[
    '2013-10-07T13:30:00.123Z',
    '2013-10-07T13:30:00Z',
    '2013-10-07T15:30:00+02:00',
    '2013-02-29T00:00:00Z',
  ],
  ...['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00', '2013-10-07', '2013-10-07T13:30:00.123456Z'],
  ...['0000-12-31T23:59:59.999Z', '0001-01-01T00:00:00.000Z'],
  ...[true, false, null, [], ['USD'], {}, { amount: '1' }, 'x'.repeat(64), 'x'.repeat(257)],
);

const COMMANDS = AGGREGATE_LIST.flatMap(({ commands }) => Object.entries(commands)) as [
  string,
  z.ZodObject,
][];
const names = [...new Set(COMMANDS.flatMap(([, schema]) => Object.keys(schema.shape)))];

/** What may stand in a field: often something of its own kind, where that is a list or an object. */
function nearField(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodArray) {
    const list = fc.array(nearField(inner.element), { maxLength: 3 });
    return fc.oneof({ weight: 8, arbitrary: list }, { weight: 1, arbitrary: field });
  }
  if (inner instanceof z.ZodObject)
    return fc.oneof({ weight: 8, arbitrary: near(inner) }, { weight: 1, arbitrary: field });
  return field;
}

/** Objects with the fields of a command, of another one, or of none. */
function near(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.shape).map(([name, each]) => [name, nearField(each)] as const);
  const own = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  const any = fc.dictionary(fc.constantFrom(...names, 'constructor', '__proto__', 'toString'), field, {
    maxKeys: 3,
  });
  return fc.oneof(
    { weight: 6, arbitrary: own },
    { weight: 2, arbitrary: fc.tuple(own, any).map(([a, b]) => ({ ...a, ...b })) },
    { weight: 1, arbitrary: fc.oneof(any, field) },
  );
}

/** Fast acceptance is zod's acceptance with zod's result; what is fast to refuse is left to zod. */
function agrees(schema: z.ZodType, value: unknown): boolean {
  const judged = schema.safeParse(value);
  const fast = fastParse(schema, value);
  if (!judged.success) {
    expect(fast).toBe(UNSURE);
    return false;
  }
  expect(fast).toStrictEqual(judged.data);
  return true;
}

describe('fast parsing', () => {
  it.each(COMMANDS)('agrees with zod on %s', (_name, schema) => {
    const property = fc.property(near(schema), (value) => void agrees(schema, value));
    holds(property, { seed, runs });
  });

  it('accepts good commands itself, and so is worth having', () => {
    const trade = {
      tradeId: 't-1',
      symbol: 'IBM',
      quantity: 100,
      price: '189.120',
      side: 'BUY',
      fee: '0.35',
    };
    expect(agrees(accountCommands.ExecuteTrade, trade)).toBe(true);
    expect(agrees(accountCommands.ExecuteTrade, { ...trade, executedAt: '2013-10-07T15:30:00+02:00' })).toBe(
      true,
    );
    expect(agrees(accountCommands.SetLimits, { maxOrderNotional: null, allowShort: true })).toBe(true);
    expect(
      agrees(accountCommands.OpenAccount, { customerId: 'c', accountType: 'CORPORATE', currency: 'JPY' }),
    ).toBe(true);
  });

  it('accepts a good order itself, lines and all', () => {
    const order = {
      shipTo: '1 High St',
      orderId: 'o-1',
      customerId: 'c-1',
      currency: 'GBP',
      items: [
        { unitPrice: 2.55, quantity: 3, productId: 'tea' },
        { unitPrice: '0', quantity: '1.00', productId: 'cup' },
      ],
      payment: { token: 'tok_ok', method: 'card' },
    };
    expect(agrees(orderCommands.PlaceOrder, order)).toBe(true);
    expect(agrees(orderCommands.PlaceOrder, { ...order, items: [] })).toBe(false);
    const long = Array.from({ length: 1_001 }, () => order.items[0]);
    expect(agrees(orderCommands.PlaceOrder, { ...order, items: long.slice(1) })).toBe(true);
    expect(agrees(orderCommands.PlaceOrder, { ...order, items: long })).toBe(false);
    const parsed = fastParse(orderCommands.PlaceOrder, order);
    expect(JSON.stringify(parsed === UNSURE ? UNSURE : parsed.items)).toBe(
      '[{"productId":"tea","quantity":"3","unitPrice":"2.55"},{"productId":"cup","quantity":"1","unitPrice":"0"}]',
    );
  });

  it('writes keys in canonical order', () => {
    const parsed = fastParse(accountCommands.DepositFunds, { reference: 'r', amount: '1' });
    expect(JSON.stringify(parsed)).toBe('{"amount":"1","reference":"r"}');
  });

  it('handles every kind of schema, if only by asking zod', () => {
    const kinds = z.strictObject({
      union: z.union([z.string(), z.number()]),
      tuple: z.array(z.number()).min(1).optional(),
      trimmed: z.string().trim().min(1),
      limit: z.string().default('7'),
      version: z.number().int().min(1).max(9).optional(),
      either: z.literal(['a', 'b']).nullable(),
      loose: z.object({ a: z.string() }).optional(),
      pattern: z.string().regex(/^a/g).optional(),
      coerced: z.coerce.number().optional(),
    });
    const good = { union: 1, trimmed: ' x ', either: null, version: 3, limit: '8', loose: { a: '', b: 1 } };
    const values = [
      good,
      { ...good, version: 10 },
      { ...good, version: 1.5 },
      { ...good, trimmed: ' ' },
      { ...good, either: 'c' },
      { ...good, either: 'b', tuple: [1], pattern: 'ab', coerced: '7' },
      { ...good, tuple: [] },
      { ...good, pattern: 'b' },
      { ...good, union: true },
    ];
    for (const value of [...values, ...values]) agrees(kinds, value);
    // A default fills a gap, which zod does.
    const { limit: _, ...withoutLimit } = good;
    expect(kinds.parse(withoutLimit).limit).toBe('7');
    expect(fastParse(kinds, withoutLimit)).toBe(UNSURE);
  });

  it('takes times with any offset and gives them in UTC, within four-digit years', () => {
    expect(fastParse(Time, '2013-10-07T15:30:00+02:00')).toBe('2013-10-07T13:30:00.000Z');
    expect(fastParse(Time, '2013-10-07T13:30:00.123Z')).toBe('2013-10-07T13:30:00.123Z');
    expect(Time.safeParse('9999-12-31T23:59:59-01:00').error?.issues[0]?.message).toMatch(/years/);
  });
});
