/**
 * Exact decimals for the demonstration's own books: decimal.js, so that no arithmetic is shared with the product that
 * the books check.
 */
import { Decimal } from 'decimal.js';

/**
 * Significant digits of every operation. Sums and products of amounts need 62 (31 digits each); a quotient of scaled
 * integers below 10^38 lies at least 10^-39 off a rounding tie, which 78 digits tell apart. 120 leaves room.
 */
const PRECISION = 120;

/** Decimals that the contract keeps of every amount, price and quantity. */
export const DECIMALS = 8;

/** decimal.js with enough digits that only {@link round8} ever rounds. */
export const Exact = Decimal.clone({ precision: PRECISION, rounding: Decimal.ROUND_HALF_EVEN });
export type Exact = Decimal;

export const NOTHING: Exact = new Exact(0);

/** To 8 decimals, half to even: the one rounding the books know. */
export function round8(value: Exact): Exact {
  return value.toDecimalPlaces(DECIMALS, Decimal.ROUND_HALF_EVEN);
}

/** Plain notation without trailing zeros, as the contract writes decimals. */
export function plain(value: Exact): string {
  return value.toFixed();
}
