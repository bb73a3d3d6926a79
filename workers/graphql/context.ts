/** What resolvers of one operation share: the request behind it, what it has read so far, and how much more it may read. */
import type { Context } from 'hono';
import type { Target } from '../access/principal.ts';
import { refusal } from '../http/access.ts';
import type { HttpEnv } from '../http/context.ts';
import { gatewayOf } from '../http/gateway.ts';
import { ProblemError } from '../http/problem.ts';
import { rateLimited, takeUnits } from '../http/quota.ts';
import type { HubClient } from '../streams/hubClient.ts';
import { Loaders } from './loaders.ts';

/**
 * Reads that one operation may make: of an account, a page of a list, the state of an actor. Over HTTP each would be a request
 * of its own, and each takes a unit of the client's quota here as well.
 */
export const READS_MAX = 1_000;

/** Where an operation gets a hub from. */
export interface Hubs {
  enter(): Promise<HubClient>;
  /** Whoever entered has no more use for it. */
  leave(): void;
}

/** One operation's own. */
export class GraphQlContext {
  readonly c: Context<HttpEnv>;
  loaders: Loaders;
  readonly #hubs: Hubs;
  #reads = 0;

  constructor(c: Context<HttpEnv>, hubs: Hubs) {
    this.c = c;
    this.#hubs = hubs;
    this.loaders = new Loaders(c);
  }

  /** Forgets what was read: for the next execution of a subscription, which is an operation of its own. */
  renew(): void {
    this.loaders = new Loaders(this.c);
    this.#reads = 0;
  }

  /** The hub that subscriptions go through. */
  hub(): Promise<HubClient> {
    return this.#hubs.enter();
  }

  /** A subscription is over. */
  leaveHub(): void {
    this.#hubs.leave();
  }

  /**
   * Asks for a read: whether the caller may do this by the table of access, and whether there is something left of quotas and
   * of {@link READS_MAX}. Ends with the problem that it is where not.
   */
  async requireRead(operation: string, target?: Target): Promise<void> {
    await refusal(this.c, operation, target);
    this.takeReads(1);
  }

  /** Counts reads. The first of an operation was paid for by the request that brought it. */
  takeReads(reads: number): void {
    const before = this.#reads;
    this.#reads += reads;
    if (this.#reads > READS_MAX) {
      throw new ProblemError({
        code: 'query_too_complex',
        detail: `The operation makes more than ${READS_MAX} reads. Ask for smaller pages, or for less in each of their rows.`,
      });
    }
    const more = before === 0 ? reads - 1 : reads;
    if (more === 0) return;
    const quota = gatewayOf(this.c.env).quotas.client;
    const allowed = takeUnits(this.c, this.c.get('principal').userId, more, quota);
    if (allowed.granted < more) throw rateLimited(quota, allowed);
  }
}
