/** What all accounts held at a moment, as the Worker asks it. */
import { type GatheredAccounts, type HolderKey, KEPT_MOMENTS, type Taken } from '../schemas/holding.ts';
import { placeOf } from '../schemas/location.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';
import type { HoldingsStore } from './reads/holders.ts';

/** The holdings of one moment, milliseconds since 1970. `caller`: who named it; null where whoever asks shares it. */
export function holdingsAt(env: Env, moment: number, caller: string | null): HoldingsStore {
  const holders = env.HOLDERS.getByName(String(moment), placeOf(env));
  const asked = <Answer>(answer: Promise<Answer>) => inTime('the holdings of a moment', answer);
  return {
    take: (accounts: GatheredAccounts) => asked<Taken>(holders.take(accounts, caller)),
    page: (after: HolderKey | null, limit: number, customerId: string | null) =>
      asked(holders.page(after, limit, customerId)),
  };
}

/** Has holdings forgotten that are kept for longer than a day, whatever has become of their alarms. Throws where some do not answer. */
export async function forgetOldHoldings(env: Env): Promise<void> {
  const unanswered = await inTime(
    'the kept moments',
    env.HOLDERS.getByName(KEPT_MOMENTS, placeOf(env)).sweep(),
  );
  if (unanswered > 0) throw new Error(`the holdings of ${unanswered} moments do not answer`);
}
