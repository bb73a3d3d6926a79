/** The general ledger, as the Worker asks it. */
import type { AccountBook, CurrencySums, Reading, TransferSide } from '../schemas/generalLedger.ts';
import { placeOf } from '../schemas/location.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';

const LEDGER = 'ledger';

/** The ledger's methods: no question waits longer than a moment for its answer. */
export function generalLedger(env: Env) {
  const ledger = env.GENERAL_LEDGER.getByName(LEDGER, placeOf(env));
  const asked = <Answer>(answer: Promise<Answer>) => inTime('the general ledger', answer);
  return {
    books: (accountIds: readonly string[]): Promise<AccountBook[]> => asked(ledger.books(accountIds)),
    post: (reading: Reading): Promise<boolean> => asked(ledger.post(reading)),
    openTransfers: (accountId: string, leftBy: number, limit: number): Promise<TransferSide[]> =>
      asked(ledger.openTransfers(accountId, leftBy, limit)),
    standing: (transfer: TransferSide) => asked(ledger.standing(transfer)),
    behind: (afterAccountId: string, limit: number): Promise<string[]> =>
      asked(ledger.behind(afterAccountId, limit)),
    sums: (): Promise<CurrencySums[]> => asked(ledger.sums()),
  };
}
