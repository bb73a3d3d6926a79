/** Quotas held against requests, and told in headers (draft-ietf-httpapi-ratelimit-headers-11). */
import type { Context } from 'hono';
import type { Allowed } from '../limits/allowances.ts';
import { type Quota, WINDOW_SECONDS } from '../limits/quotas.ts';
import type { HttpEnv } from './context.ts';
import { gatewayOf, goOn } from './gateway.ts';
import { ProblemError } from './problem.ts';

/** Sentences for people; the policy's name is in the headers. */
const DETAILS = {
  client: 'The client has sent more requests than it may in this window of time.',
  account: 'The account was sent more than it takes in this window of time.',
} as const;

/** What is told of a quota after a demand. */
export function quotaHeaders(
  { policy, units }: Quota,
  { left, resetSeconds }: Allowed,
): Record<string, string> {
  return {
    'RateLimit-Policy': `"${policy}";q=${units};w=${WINDOW_SECONDS}`,
    RateLimit: `"${policy}";r=${left};t=${resetSeconds}`,
  };
}

/** Takes up to `wanted` units for the client or an account; answers how many there were. */
export function takeUnits(c: Context<HttpEnv>, key: string, wanted: number, quota: Quota): Allowed {
  const allowed = gatewayOf(c.env).allowances.take(key, wanted, quota);
  goOn(c, allowed.loan);
  return allowed;
}

/** Ends the request with 429 unless the account takes one more. */
export function requireAccountQuota(c: Context<HttpEnv>, accountId: string): void {
  const quota = gatewayOf(c.env).quotas.account;
  const allowed = takeUnits(c, accountId, 1, quota);
  if (allowed.granted === 0) throw rateLimited(quota, allowed);
}

/** Units that an account takes of the `wanted` ones. */
export function accountUnits(c: Context<HttpEnv>, accountId: string, wanted: number): number {
  return takeUnits(c, accountId, wanted, gatewayOf(c.env).quotas.account).granted;
}

/** 429, with when to come again. */
export function rateLimited(quota: Quota, allowed: Allowed): ProblemError {
  const headers = { ...quotaHeaders(quota, allowed), 'Retry-After': String(allowed.resetSeconds) };
  return new ProblemError({ code: 'rate_limited', detail: DETAILS[quota.policy], headers });
}
