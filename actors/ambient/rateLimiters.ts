/** Rate limiters as the Worker calls them: typed, and around what the package does with names and failures. */
import { proxyDurable } from 'itty-durable/proxy-durable.js';
import { z } from 'zod';
import type { Lease } from './window.ts';

const LeaseReply = z.strictObject({ granted: z.number().int().min(0), left: z.number().int().min(0) });

/** Takes units of a quota from the limiter of a key. Rejects where it does not answer. */
export type TakeLease = (
  key: string,
  wanted: number,
  used: number,
  quota: number,
  window: number,
) => Promise<Lease>;

/** The limiters of a namespace. */
export function rateLimiters(namespace: DurableObjectNamespace): TakeLease {
  const limiters = proxyDurable(namespace, { parse: true }) as {
    get(name: string): Record<'lease', (...args: number[]) => Promise<unknown>>;
  };
  return async (key, ...args) => {
    // The stub is thenable by accident: awaiting it, or returning it from here, would never end.
    const limiter = limiters.get(key);
    return LeaseReply.parse(await limiter.lease(...args));
  };
}
