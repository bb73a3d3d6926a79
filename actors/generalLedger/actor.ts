/**
 * The general ledger as a Durable Object: one for the whole platform, so that its sums are of one moment. Each method is the
 * ledger's method of that name.
 */
import { DurableObject } from 'cloudflare:workers';
import type { AccountBook, CurrencySums, Reading, TransferSide } from '../../schemas/generalLedger.ts';
import { GeneralLedger } from './generalLedger.ts';

export class GeneralLedgerActor extends DurableObject {
  readonly #ledger: GeneralLedger;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    this.#ledger = new GeneralLedger(ctx.storage, () => Date.now());
  }

  books(accountIds: readonly string[]): AccountBook[] {
    return this.#ledger.books(accountIds);
  }

  post(reading: Reading): boolean {
    return this.#ledger.post(reading);
  }

  openTransfers(accountId: string, leftBy: number, limit: number): TransferSide[] {
    return this.#ledger.openTransfers(accountId, leftBy, limit);
  }

  standing(transfer: TransferSide): { isOpen: boolean; otherVersion: number } {
    return this.#ledger.standing(transfer);
  }

  behind(afterAccountId: string, limit: number): string[] {
    return this.#ledger.behind(afterAccountId, limit);
  }

  sums(): CurrencySums[] {
    return this.#ledger.sums();
  }
}
