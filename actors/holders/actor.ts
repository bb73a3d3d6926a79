/**
 * What all accounts held at one moment as a Durable Object: one for each moment, named by it. It is kept for a day, in which a
 * report about holders is read page by page. One more, named {@link KEPT_MOMENTS}, keeps no holdings: it knows the others.
 */
import { DurableObject } from 'cloudflare:workers';
import {
  type GatheredAccounts,
  type HolderKey,
  type Holding,
  KEPT_MOMENTS,
  KEPT_MS,
  type Taken,
} from '../../schemas/holding.ts';
import { type LocationSettings, placeOf } from '../../schemas/location.ts';
import { startTimer } from '../kernel/eventSourcedActor.ts';
import { inTime } from '../kernel/inTime.ts';
import { Holders } from './holders.ts';
import { KeptMoments } from './keptMoments.ts';

/** Milliseconds in which an object has to forget its moment: whoever waits for its room waits five seconds in all for an answer. */
const FORGET_MS_MAX = 1_000;

/** The object's own kind. */
interface HoldersEnv extends LocationSettings {
  readonly HOLDERS: DurableObjectNamespace<HoldersActor>;
}

export class HoldersActor extends DurableObject<HoldersEnv> {
  #holders: Holders | undefined;
  #moments: KeptMoments | undefined;

  get #store(): Holders {
    this.#holders ??= new Holders(this.ctx.storage);
    return this.#holders;
  }

  get #register() {
    return this.env.HOLDERS.getByName(KEPT_MOMENTS, placeOf(this.env));
  }

  /** `caller`: who named the moment; null where whoever asks shares it. */
  async take(accounts: GatheredAccounts, caller: string | null): Promise<Taken> {
    if ((await this.ctx.storage.getAlarm()) === null) {
      if (accounts.afterAccountId !== '') return { status: 'missing' };
      const waitMs = await this.#register.admit(this.#moment, caller);
      if (waitMs > 0) return { status: 'full', waitMs };
      await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
    }
    return { status: this.#store.take(accounts) ? 'taken' : 'missing' };
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

  /** Forgets what is kept of the moment, and the alarm with it. */
  async forget(): Promise<void> {
    this.#holders = undefined;
    await this.ctx.storage.deleteAll();
  }

  override async alarm(): Promise<void> {
    await this.forget();
    await this.#register.left(this.#moment);
  }

  /** Of {@link KEPT_MOMENTS}: its method of that name. */
  admit(moment: string, caller: string | null): Promise<number> {
    return this.#kept.admit(moment, caller);
  }

  /** Of {@link KEPT_MOMENTS}: its method of that name. */
  left(moment: string): void {
    this.#kept.left(moment);
  }

  /** Of {@link KEPT_MOMENTS}: its method of that name. */
  sweep(): Promise<number> {
    return this.#kept.sweep();
  }

  get #kept(): KeptMoments {
    this.#moments ??= new KeptMoments({
      storage: this.ctx.storage,
      now: () => Date.now(),
      forget: (moment) => {
        const forgotten = this.env.HOLDERS.getByName(moment, placeOf(this.env)).forget();
        return inTime(startTimer, `the holdings of ${moment}`, forgotten, FORGET_MS_MAX);
      },
    });
    return this.#moments;
  }

  get #moment(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new Error('holdings are named by their moment');
    return name;
  }
}
