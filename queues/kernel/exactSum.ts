/**
 * Sums over exact numbers that SQLite can make without losing a digit: a number is stored as three limbs of ten decimal
 * digits, each in an integer column, and the sums of the limbs make the sum. A sum of limbs leaves a database as text, since
 * JavaScript reads integers above 2^53 rounded.
 */

/** Decimal digits of a limb: so many rows of the largest limb as ten gigabytes hold stay far below SQLite's 2^63. */
const LIMB_DIGITS = 10n;

const LIMB = 10n ** LIMB_DIGITS;

/** Above the largest sum of a ledger: 21 digits before the point and 8 after it. */
const WHOLE_MAX = LIMB ** 3n;

/** The columns of a number, most significant first; each has the number's sign. */
const LIMB_NAMES = ['high', 'middle', 'low'] as const;

/** A whole number in limbs, most significant first. */
export type Limbs = readonly [high: number, middle: number, low: number];

/** The limbs of a whole number. Throws where it has more than thirty digits: such a number is no amount of ours. */
export function limbsOf(value: bigint): Limbs {
  if (value >= WHOLE_MAX || value <= -WHOLE_MAX)
    throw new RangeError(`${value} has too many digits to be summed`);
  return [Number(value / LIMB ** 2n), Number((value / LIMB) % LIMB), Number(value % LIMB)];
}

/** The columns of a number by the name of it. */
export function limbColumns(name: string): string[] {
  return LIMB_NAMES.map((limb) => `${name}_${limb}`);
}

/** SQL of the sum over a number's columns, a JSON array of texts for {@link fromLimbSums}. */
export function limbSums(name: string): string {
  const sums = limbColumns(name).map((column) => `CAST(coalesce(sum(${column}), 0) AS TEXT)`);
  return `json_array(${sums.join(', ')})`;
}

/** The sum that {@link limbSums} gave. */
export function fromLimbSums(text: string): bigint {
  return (JSON.parse(text) as string[]).reduce((sum, limb) => sum * LIMB + BigInt(limb), 0n);
}
