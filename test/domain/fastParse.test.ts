import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { accountCommands } from '../../schemas/account.ts';
import { fastParse, UNSURE } from '../../schemas/fastParse.ts';
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
  ...[true, false, null, [], ['USD'], {}, { amount: '1' }, 'x'.repeat(64), 'x'.repeat(257)],
);

const names = [...new Set(Object.values(accountCommands).flatMap((schema) => Object.keys(schema.shape)))];

/** Objects with the fields of a command, of another one, or of none. */
function near(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const own = fc.record(Object.fromEntries(Object.keys(schema.shape).map((name) => [name, field])), {
    requiredKeys: [],
  });
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
  it.each(Object.entries(accountCommands))('agrees with zod on %s', (_name, schema) => {
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
