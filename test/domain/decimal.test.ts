/** Exact decimals, held against decimal.js, which shares no code with them. */
import { Decimal } from 'decimal.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absolute,
  add,
  canonicalDecimal,
  compareDecimals,
  DECIMAL_PLACES,
  decimalProblem,
  decimalsOf,
  divide,
  divideHalfEven,
  formatDecimal,
  INTEGER_DIGITS_MAX,
  LEDGER_DIGITS_MAX,
  multiply,
  multiplyRatio,
  negate,
  parseDecimal,
  type Scaled,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import { jsonSchemaOf } from '../../schemas/jsonSchema.ts';
import { NonNegativeDecimal, PositiveDecimal, WholeQuantity } from '../../schemas/scalars.ts';
import { holds } from '../support/property.ts';

const RUN = { seed: 20260103, runs: 5_000 };

const Exact = Decimal.clone({
  precision: 200,
  rounding: Decimal.ROUND_HALF_EVEN,
  toExpNeg: -100,
  toExpPos: 100,
});

/** The decimal of a scaled integer, worked out by the other library. */
const exactly = (value: bigint) => new Exact(value.toString()).div(new Exact(10).pow(DECIMAL_PLACES));

/** What the other library gives for a result: 8 decimals, ties to even, no trailing zeros, no negative zero. */
function rounded(value: Decimal): string {
  const text = value.toDecimalPlaces(DECIMAL_PLACES, Decimal.ROUND_HALF_EVEN).toString();
  return text === '-0' ? '0' : text;
}

const LEDGER_LIMIT = 10n ** BigInt(LEDGER_DIGITS_MAX + DECIMAL_PLACES);

/** Values of every size up to the ledger's limit, small ones and ones next to a power of ten often among them. */
const scaled = fc
  .oneof(
    fc.bigInt({ min: -(LEDGER_LIMIT - 1n), max: LEDGER_LIMIT - 1n }),
    fc.bigInt({ min: -1_000n, max: 1_000n }),
    fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
    fc
      .tuple(
        fc.integer({ min: 0, max: LEDGER_DIGITS_MAX + DECIMAL_PLACES - 1 }),
        fc.integer({ min: -2, max: 2 }),
      )
      .map(([exponent, off]) => 10n ** BigInt(exponent) + BigInt(off)),
    fc.constantFrom(5n, -5n, 50_000_000n, 15n, 25n, 150_000_000n, 0n),
  )
  .map((value) => value as Scaled);
const nonzero = scaled.filter((value) => value !== 0n);

describe('decimals', () => {
  it('are formatted as the other library formats them, and read back as they were', () => {
    holds(
      fc.property(scaled, (value) => {
        const text = formatDecimal(value);
        expect(text).toBe(rounded(exactly(value)));
        expect(parseDecimal(text)).toBe(value);
        expect(decimalProblem(text, LEDGER_DIGITS_MAX)).toBeUndefined();
        expect(canonicalDecimal(text)).toBe(text);
      }),
      RUN,
    );
  });

  it('are read whatever zeros stand at the end', () => {
    const text = fc.tuple(scaled, fc.nat(DECIMAL_PLACES)).map(([value, decimals]) => {
      const plain = exactly(value);
      return { value, text: plain.toFixed(Math.max(plain.decimalPlaces(), decimals)) };
    });
    holds(
      fc.property(text, ({ value, text: written }) => {
        expect(parseDecimal(written)).toBe(value);
        expect(canonicalDecimal(written)).toBe(formatDecimal(value));
      }),
      RUN,
    );
  });

  it('are compared as texts like the numbers that they are', () => {
    const near = fc.tuple(scaled, fc.bigInt({ min: -3n, max: 3n })).map(([a, off]) => [a, a + off] as const);
    holds(
      fc.property(fc.oneof(near, fc.tuple(scaled, scaled)), ([a, b]) => {
        const compared = compareDecimals(formatDecimal(a), formatDecimal(b as Scaled));
        expect(Math.sign(compared)).toBe(exactly(a).comparedTo(exactly(b)));
      }),
      RUN,
    );
  });

  it('are added, subtracted, negated and made absolute exactly', () => {
    holds(
      fc.property(scaled, scaled, (a, b) => {
        expect(formatDecimal(add(a, b))).toBe(rounded(exactly(a).plus(exactly(b))));
        expect(formatDecimal(subtract(a, b))).toBe(rounded(exactly(a).minus(exactly(b))));
        expect(formatDecimal(negate(a))).toBe(rounded(exactly(a).negated()));
        expect(formatDecimal(absolute(a))).toBe(rounded(exactly(a).abs()));
        expect(subtract(add(a, b), b)).toBe(a);
      }),
      RUN,
    );
  });

  it('are multiplied and divided with one rounding, half to even', () => {
    holds(
      fc.property(scaled, nonzero, (a, b) => {
        expect(formatDecimal(multiply(a, b))).toBe(rounded(exactly(a).times(exactly(b))));
        expect(formatDecimal(divide(a, b))).toBe(rounded(exactly(a).div(exactly(b))));
      }),
      RUN,
    );
  });

  it('are shared out with one rounding, not two', () => {
    holds(
      fc.property(scaled, scaled, nonzero, (a, numerator, denominator) => {
        const share = exactly(a).times(exactly(numerator)).div(exactly(denominator));
        expect(formatDecimal(multiplyRatio(a, numerator, denominator))).toBe(rounded(share));
      }),
      RUN,
    );
  });

  it('round ties to the even neighbour, on both sides of zero', () => {
    const half = parseDecimal('0.5');
    const units = (count: bigint) => count as Scaled;
    expect([1n, 3n, 5n, 7n].map((count) => multiply(units(count), half))).toEqual([0n, 2n, 2n, 4n]);
    expect([-1n, -3n, -5n, -7n].map((count) => multiply(units(count), half))).toEqual([0n, -2n, -2n, -4n]);
    expect(divideHalfEven(7n, 2n)).toBe(4n);
    expect(divideHalfEven(-5n, 2n)).toBe(-2n);
    expect(divideHalfEven(2n ** 200n + 1n, 2n)).toBe(2n ** 199n);
    expect(formatDecimal(divide(parseDecimal('2'), parseDecimal('3')))).toBe('0.66666667');
    expect(formatDecimal(divide(parseDecimal('-1'), parseDecimal('-3')))).toBe('0.33333333');
  });

  it('refuse to be divided by zero', () => {
    expect(() => divide(parseDecimal('1'), ZERO)).toThrow(RangeError);
    expect(() => multiplyRatio(parseDecimal('1'), parseDecimal('1'), ZERO)).toThrow(RangeError);
  });

  it('tell how many decimals they need', () => {
    holds(
      fc.property(scaled, (value) => {
        expect(decimalsOf(value)).toBe(exactly(value).decimalPlaces());
      }),
      RUN,
    );
  });
});

describe('decimal texts', () => {
  const input = '9'.repeat(INTEGER_DIGITS_MAX);

  it.each([
    '0',
    '1',
    '-1',
    '0.00000001',
    '-0.00000001',
    '10',
    '1.50',
    '0.0',
    input,
    `${input}.99999999`,
    `-${input}.99999999`,
  ])('take %s', (text) => {
    expect(decimalProblem(text)).toBeUndefined();
    expect(formatDecimal(parseDecimal(text))).toBe(rounded(new Exact(text)));
  });

  it.each([
    ['', /plain notation/],
    ['.5', /plain notation/],
    ['5.', /plain notation/],
    ['+1', /plain notation/],
    ['01', /plain notation/],
    ['-01', /plain notation/],
    ['1e3', /plain notation/],
    ['1E-3', /plain notation/],
    ['0x10', /plain notation/],
    ['1,000', /plain notation/],
    ['1_000', /plain notation/],
    [' 1', /plain notation/],
    ['1 ', /plain notation/],
    ['1\n', /plain notation/],
    ['--1', /plain notation/],
    ['1.2.3', /plain notation/],
    ['NaN', /plain notation/],
    ['Infinity', /plain notation/],
    ['١٢', /plain notation/],
    ['１', /plain notation/],
    ['-0', /negative zero/],
    ['-0.00', /negative zero/],
    ['0.000000001', /at most 8 decimals/],
    ['1.123456789', /at most 8 decimals/],
    [`1${'0'.repeat(INTEGER_DIGITS_MAX)}`, /at most 15 digits/],
    [`-1${'0'.repeat(INTEGER_DIGITS_MAX)}`, /at most 15 digits/],
  ])('refuse %j', (text, problem) => {
    expect(decimalProblem(text)).toMatch(problem);
  });

  it('take what a decimal library takes and no more, of all short texts that look like numbers', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '5', '9', '.', '-', 'e', '+'), maxLength: 8 });
    let taken = 0;
    holds(
      fc.property(text, (written) => {
        if (decimalProblem(written) !== undefined) return;
        taken++;
        expect(formatDecimal(parseDecimal(written))).toBe(rounded(new Exact(written)));
      }),
      RUN,
    );
    expect(taken).toBeGreaterThan(RUN.runs / 50);
  });

  it('of more than 8 decimals are a bug inside', () => {
    expect(() => parseDecimal('0.123456789')).toThrow(RangeError);
    expect(() => parseDecimal('x')).toThrow(SyntaxError);
  });
});

describe('decimals of requests', () => {
  it.each([
    [PositiveDecimal, { exclusiveMinimum: 0 }, [0, -1], [0.5, 1]],
    [NonNegativeDecimal, { minimum: 0 }, [-1, -0.5], [0, 1]],
    [WholeQuantity, { minimum: 1, multipleOf: 1 }, [0, -1, 1.5], [1, 12]],
  ])('are described as numbers too in the range that is taken: %#', (schema, range, refused, taken) => {
    expect(jsonSchemaOf(schema, 'input')).toMatchObject({ type: ['string', 'number'], ...range });
    for (const value of refused) expect([value, schema.safeParse(value).success]).toEqual([value, false]);
    for (const value of taken) expect([value, schema.safeParse(value).success]).toEqual([value, true]);
  });
});
