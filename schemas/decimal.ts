/**
 * Exact decimals: strings at every edge, integers scaled by 10^8 inside. No binary floating point takes part.
 *
 * A `Scaled` is `value × 10^8` as a bigint. Every amount, price and quantity has at most 8 decimals; a product of two
 * of them has up to 16 and is rounded half to even (IEEE 754-2019, 4.3.3 roundTiesToEven), which has no drift.
 */

/** Decimals kept of every amount, price and quantity: enough for crypto quantities (1 satoshi) and FX prices. */
export const DECIMAL_PLACES = 8;

/** Digits before the point that input may have: above any real price or amount, and a product of two fits DECIMAL(38,8). */
export const INTEGER_DIGITS_MAX = 15;

/**
 * Digits before the point that the ledger's own sums may have: a million of the largest inputs, and with the decimals
 * still within DECIMAL(38,8).
 */
export const LEDGER_DIGITS_MAX = 21;

/** Digits before the point that the difference of two such sums may have. */
export const CHANGE_DIGITS_MAX = LEDGER_DIGITS_MAX + 1;

const SCALE = 10n ** BigInt(DECIMAL_PLACES);

/** 10^n for the decimals that a text lacks; a table, since `**` on bigints costs more than a whole parse. */
const POWERS_OF_TEN = Array.from({ length: DECIMAL_PLACES + 1 }, (_, exponent) => 10n ** BigInt(exponent));

/** value × 10^8. A branded bigint, so that an unscaled integer is not taken for one. */
export type Scaled = bigint & { readonly __scaled: unique symbol };

/** Nothing. */
export const ZERO = 0n as Scaled;

const MINUS = 45;

const DECIMAL_TEXT = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/**
 * Why `text` is no decimal that Folio takes, or undefined if it is one. Takes plain notation only: no exponent, no
 * leading `+` or zeros, no negative zero, at most `integerDigitsMax` digits before the point and 8 after it.
 */
export function decimalProblem(text: string, integerDigitsMax = INTEGER_DIGITS_MAX): string | undefined {
  if (!DECIMAL_TEXT.test(text)) return 'must be a decimal number in plain notation, such as "189.12"';
  const negative = text.charCodeAt(0) === MINUS;
  const point = text.indexOf('.');
  const integerDigits = (point < 0 ? text.length : point) - (negative ? 1 : 0);
  if (integerDigits > integerDigitsMax)
    return `must have at most ${integerDigitsMax} digits before the point`;
  if (point >= 0 && text.length - point - 1 > DECIMAL_PLACES) {
    return `must have at most ${DECIMAL_PLACES} decimals`;
  }
  if (negative && /^-0(\.0+)?$/.test(text)) return 'must not be negative zero';
  return undefined;
}

/**
 * The scaled integer of a decimal string that Folio itself wrote or has checked. Throws on anything else: a bug, for
 * input is checked with {@link decimalProblem} at the edge. Digits before the point are not bounded here.
 */
export function parseDecimal(text: string): Scaled {
  const point = text.indexOf('.');
  if (point < 0) return (BigInt(text) * SCALE) as Scaled;
  const decimals = text.length - point - 1;
  if (decimals > DECIMAL_PLACES) throw new RangeError(`more than ${DECIMAL_PLACES} decimals: ${text}`);
  const digits = text.slice(0, point) + text.slice(point + 1);
  return (BigInt(digits) * (POWERS_OF_TEN[DECIMAL_PLACES - decimals] as bigint)) as Scaled;
}

/** The one text of a scaled integer: plain notation, no trailing zeros after the point, zero is `"0"`. */
export function formatDecimal(value: Scaled): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString();
  const sign = negative ? '-' : '';
  if (digits.length <= DECIMAL_PLACES) {
    if (value === 0n) return '0';
    return `${sign}0.${digits.padStart(DECIMAL_PLACES, '0').replace(/0+$/, '')}`;
  }
  const integer = digits.slice(0, -DECIMAL_PLACES);
  let end = digits.length;
  const start = digits.length - DECIMAL_PLACES;
  while (end > start && digits.charCodeAt(end - 1) === 48) end--;
  return end === start ? sign + integer : `${sign}${integer}.${digits.slice(start, end)}`;
}

/** The canonical text of a checked decimal: `"1.50"` becomes `"1.5"`, so that equal bodies are equal texts. */
export function canonicalDecimal(text: string): string {
  if (text.indexOf('.') < 0 || text.charCodeAt(text.length - 1) !== 48) return text;
  return formatDecimal(parseDecimal(text));
}

/** Quotient rounded half to even. `divisor` must be positive. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  let quotient = dividend / divisor;
  const remainder = dividend % divisor;
  if (remainder === 0n) return quotient;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n !== 0n)) quotient += dividend < 0n ? -1n : 1n;
  return quotient;
}

/** a × b, rounded half to even to 8 decimals. */
export function multiply(a: Scaled, b: Scaled): Scaled {
  return divideHalfEven(a * b, SCALE) as Scaled;
}

/** a ÷ b, rounded half to even to 8 decimals. Throws on division by zero. */
export function divide(a: Scaled, b: Scaled): Scaled {
  return (b < 0n ? divideHalfEven(-a * SCALE, -b) : divideHalfEven(a * SCALE, b)) as Scaled;
}

/** a × numerator ÷ denominator in one rounding, half to even. The share of a cost that a part of a position takes. */
export function multiplyRatio(a: Scaled, numerator: Scaled, denominator: Scaled): Scaled {
  return (
    denominator < 0n
      ? divideHalfEven(-a * numerator, -denominator)
      : divideHalfEven(a * numerator, denominator)
  ) as Scaled;
}

/** a + b, exact. */
export function add(a: Scaled, b: Scaled): Scaled {
  return (a + b) as Scaled;
}

/** a − b, exact. */
export function subtract(a: Scaled, b: Scaled): Scaled {
  return (a - b) as Scaled;
}

/** −a. */
export function negate(a: Scaled): Scaled {
  return -a as Scaled;
}

/** |a|. */
export function absolute(a: Scaled): Scaled {
  return (a < 0n ? -a : a) as Scaled;
}

/** The smaller of the two. */
export function smaller(a: Scaled, b: Scaled): Scaled {
  return a < b ? a : b;
}

/** The larger of the two. */
export function larger(a: Scaled, b: Scaled): Scaled {
  return a > b ? a : b;
}

/**
 * Which of two decimals is the smaller, both as {@link formatDecimal} writes them: below 0 where it is `a`, 0 where they are
 * equal. Texts are compared as they are: parsing both would take ten times as long.
 */
export function compareDecimals(a: string, b: string): number {
  const isNegative = a.charCodeAt(0) === MINUS;
  if (isNegative !== (b.charCodeAt(0) === MINUS)) return isNegative ? -1 : 1;
  // With as many digits before the point the texts have the order of the numbers: a point is below every digit.
  const byText = a < b ? -1 : 1;
  const byMagnitude = a === b ? 0 : integerLength(a) - integerLength(b) || byText;
  return isNegative ? 0 - byMagnitude : byMagnitude;
}

/** Characters before the point. */
function integerLength(text: string): number {
  const point = text.indexOf('.');
  return point < 0 ? text.length : point;
}

/** Decimals that `value` needs, 0 to 8: to hold an amount against its currency's minor unit. */
export function decimalsOf(value: Scaled): number {
  let rest: bigint = value;
  let decimals = DECIMAL_PLACES;
  while (decimals > 0 && rest % 10n === 0n) {
    rest /= 10n;
    decimals--;
  }
  return decimals;
}
