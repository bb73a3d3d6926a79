/**
 * The rate limiter of one client or one account, on `itty-durable`: small, volatile, no alarm, nothing stored. When it is
 * evicted the window begins anew, which gives the client at most one quota more.
 */
import { createDurable } from 'itty-durable/itty-durable.js';
import { type Lease, QuotaWindow } from './window.ts';

/** Nothing is ever written: a window that has passed is of no use to anybody. */
const Volatile = createDurable({ autoPersist: false, autoReturn: false });

/** Called through `rateLimiters.ts` alone: the package has no RPC, arguments and answers travel as JSON. */
export class RateLimiter extends Volatile {
  readonly quota = new QuotaWindow();

  /** Lends out units; see {@link QuotaWindow.lease}. */
  lease(wanted: number, used: number, quota: number, window: number): Lease {
    return this.quota.lease(wanted, used, quota, window);
  }
}
