/**
 * What all accounts held at one moment as a Durable Object: one for each moment, named by it. It is kept for a day, in which a
 * report about holders is read page by page.
 */
import { DurableObject } from 'cloudflare:workers';
import type { GatheredAccounts, HolderKey, Holding } from '../../schemas/holding.ts';
import { Holders } from './holders.ts';

/** Milliseconds that holdings are kept after they were begun: whoever comes later gathers them again. */
const KEPT_MS = 86_400_000;

export class HoldersActor extends DurableObject {
  #holders: Holders | undefined;

  get #store(): Holders {
    this.#holders ??= new Holders(this.ctx.storage);
    return this.#holders;
  }

  async take(accounts: GatheredAccounts): Promise<boolean> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
    return this.#store.take(accounts);
  }

  /** Undefined where not everything was gathered, or where it is no longer kept. */
  async page(
    after: HolderKey | null,
    limit: number,
    customerId: string | null,
  ): Promise<Holding[] | undefined> {
    // The alarm is set for as long as anything is kept. Asking for another moment must leave nothing that no alarm removes.
    if ((await this.ctx.storage.getAlarm()) === null) return undefined;
    return this.#store.page(after, limit, customerId);
  }

  override async alarm(): Promise<void> {
    this.#holders = undefined;
    await this.ctx.storage.deleteAll();
  }
}
