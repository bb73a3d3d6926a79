/**
 * The sum that must be zero over all accounts of a currency: what they hold and what is between them, less what came in and what
 * went out. It is made of each account at the version at which its book in the general ledger stands.
 */
import { absolute, add, formatDecimal, parseDecimal, subtract, ZERO } from '../../schemas/decimal.ts';
import type { CurrencySums } from '../../schemas/generalLedger.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { Check, Verdict } from './verdict.ts';

/** What stands for the type of a currency where a finding names an aggregate. Its id is its code. */
export const CURRENCY = 'currency';

/** The check over currencies. Nothing mends a sum but what mends the accounts. */
export function sumCheck(deps: { sums(): Promise<readonly CurrencySums[]> }): Check {
  return {
    name: 'sum',
    takes: isCurrency,
    judge: async (keys) => {
      const sums = new Map((await deps.sums()).map((one) => [one.currency as string, one]));
      return keys.flatMap(({ aggregateId }): Verdict[] => {
        const own = sums.get(aggregateId);
        if (own === undefined) return [];
        return [{ aggregateType: CURRENCY, aggregateId, check: 'sum', where: 'cash', fault: faultOf(own) }];
      });
    },
    repair: async () => true,
  };
}

/** What is held and on its way beyond what came in less what went out: nothing where all is right. */
export function differenceOf({ held, inTransit, deposited, withdrawn, traded }: CurrencySums): string {
  const there = add(parseDecimal(held), parseDecimal(inTransit));
  return formatDecimal(subtract(there, netOf({ deposited, withdrawn, traded })));
}

/** Whether a key names a currency, and not an aggregate. */
export function isCurrency({ aggregateType }: AggregateKey): boolean {
  return aggregateType === CURRENCY;
}

function netOf({ deposited, withdrawn, traded }: Pick<CurrencySums, 'deposited' | 'withdrawn' | 'traded'>) {
  return subtract(add(parseDecimal(deposited), parseDecimal(traded)), parseDecimal(withdrawn));
}

function faultOf(sums: CurrencySums): string | undefined {
  const difference = parseDecimal(differenceOf(sums));
  if (difference === ZERO) return undefined;
  const { held, inTransit } = sums;
  const off = `${formatDecimal(absolute(difference))} ${difference > ZERO ? 'more' : 'less'}`;
  return `accounts hold ${held} and ${inTransit} is in transit, ${off} than the ${formatDecimal(netOf(sums))} that came in`;
}
