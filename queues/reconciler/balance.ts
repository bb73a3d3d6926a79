/**
 * Sums that must be zero within an account: what it holds less what moved, event by event, and what is set aside less the
 * transfers it is for.
 */
import type { AccountReader } from './reader.ts';
import type { Check } from './verdict.ts';

/** The check over balances. Nothing mends a log that does not add up. */
export function balanceCheck(reader: AccountReader): Check {
  return {
    name: 'balance',
    takes: ({ aggregateType }) => aggregateType === 'account',
    judge: (keys) => reader.read(keys),
    repair: async () => true,
  };
}
