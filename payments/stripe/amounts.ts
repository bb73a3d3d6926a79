/** Amounts as Stripe takes them: whole minor units (docs.stripe.com/currencies, "Zero-decimal" and "Special cases"). */
import { minorUnit } from '../../schemas/currency.ts';
import { DECIMAL_PLACES, formatDecimal, parseDecimal, type Scaled } from '../../schemas/decimal.ts';

/** Where Stripe's minor unit is not that of ISO 4217: old two-decimal interfaces it keeps, and the ariary without its fifths. */
const STRIPE_DECIMALS: Readonly<Record<string, number>> = { ISK: 2, MGA: 0, UGX: 2 };

/** Stripe rounds three-decimal currencies to ten minor units, and whole units where its own decimals are a relic. */
const STEPS: Readonly<Record<string, bigint>> = { ISK: 100n, UGX: 100n };
const THREE_DECIMAL_STEP = 10n;

function decimalsOf(currency: string): number {
  return STRIPE_DECIMALS[currency] ?? minorUnit(currency);
}

/** The amount in Stripe's minor units, or undefined where it has no such amount. */
export function toMinorUnits(amount: string, currency: string): bigint | undefined {
  const decimals = decimalsOf(currency);
  const unit = 10n ** BigInt(DECIMAL_PLACES - decimals);
  const scaled = parseDecimal(amount);
  if (scaled % unit !== 0n) return undefined;
  const minor = scaled / unit;
  const step = decimals === 3 ? THREE_DECIMAL_STEP : (STEPS[currency] ?? 1n);
  return minor % step === 0n ? minor : undefined;
}

/** The decimal text of an amount that Stripe tells. Throws on what is no whole number: not Stripe speaking. */
export function fromMinorUnits(minor: number, currency: string): string {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`not an amount in minor units: ${minor}`);
  const unit = 10n ** BigInt(DECIMAL_PLACES - decimalsOf(currency));
  return formatDecimal((BigInt(minor) * unit) as Scaled);
}
