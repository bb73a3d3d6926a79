/** What amounts an account takes: whole minor units of its currency, and sums that stay in the range of the ledger. */
import { minorUnit } from '../../schemas/currency.ts';
import {
  absolute,
  add,
  decimalsOf,
  LEDGER_DIGITS_MAX,
  parseDecimal,
  type Scaled,
} from '../../schemas/decimal.ts';
import type { Refusal } from '../../schemas/envelope.ts';

/** Why a trade or an amendment of one is `amount_out_of_range`. */
export const OUT_OF_RANGE =
  'The balance, the position or the trade itself would leave the range of the ledger.';

/** Whatever an event says stays below this, but for what it changes: balances, quantities, costs, profits, and what a trade is worth. */
const LEDGER_MAX = parseDecimal(`1${'0'.repeat(LEDGER_DIGITS_MAX)}`);

/** Cash crosses the account's edge only in whole minor units (ISO 4217); inside, trades keep 8 decimals. */
export function precisionRefusal(amount: Scaled, currency: string): Refusal<'amount_precision'> | undefined {
  const decimals = minorUnit(currency);
  if (decimalsOf(amount) <= decimals) return undefined;
  return {
    code: 'amount_precision',
    detail: `An amount in ${currency} has at most ${decimals} decimals.`,
  };
}

/** Whether a balance leaves the range of the ledger, together with cash that the account has agreed to take. */
export function isBeyondLedger(cash: Scaled, expected: string): boolean {
  return (expected === '0' ? cash : add(cash, parseDecimal(expected))) >= LEDGER_MAX;
}

/** Short texts are in range whatever they say, and nearly all are short. */
export function isOutOfRange(text: string): boolean {
  return text.length > LEDGER_DIGITS_MAX && absolute(parseDecimal(text)) >= LEDGER_MAX;
}
