/** What makes a holding large. */
import { absolute, parseDecimal } from '../../schemas/decimal.ts';

/** From when on a holding is large; undefined does not count. */
export interface Thresholds {
  readonly minQuantity: string | undefined;
  /** In the account's own currency. */
  readonly minValue: string | undefined;
}

/** Which thresholds a holding reaches, long or short; undefined: none. */
export function reachedOf(
  quantity: string,
  marketValue: string | null,
  { minQuantity, minValue }: Thresholds,
): 'QUANTITY' | 'VALUE' | 'QUANTITY_AND_VALUE' | undefined {
  const isMany = reaches(quantity, minQuantity);
  const isMuch = marketValue !== null && reaches(marketValue, minValue);
  if (isMany) return isMuch ? 'QUANTITY_AND_VALUE' : 'QUANTITY';
  return isMuch ? 'VALUE' : undefined;
}

function reaches(value: string, threshold: string | undefined): boolean {
  return threshold !== undefined && absolute(parseDecimal(value)) >= parseDecimal(threshold);
}
