/** What all accounts held at a moment, as the Worker asks it. */
import type { GatheredAccounts, HolderKey } from '../schemas/holding.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';
import type { HoldingsStore } from './reads/holders.ts';

/** The holdings of one moment, milliseconds since 1970. */
export function holdingsAt(env: Env, moment: number): HoldingsStore {
  const holders = env.HOLDERS.getByName(String(moment));
  const asked = <Answer>(answer: Promise<Answer>) => inTime('the holdings of a moment', answer);
  return {
    take: (accounts: GatheredAccounts) => asked(holders.take(accounts)),
    page: (after: HolderKey | null, limit: number, customerId: string | null) =>
      asked(holders.page(after, limit, customerId)),
  };
}
