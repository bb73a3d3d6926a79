/** How much a client and an account may ask for in a window of time. */
import type { Env } from '../env.ts';

/** Length of a window: short enough that whoever was refused need not wait for long. */
export const WINDOW_SECONDS = 10;

/** Requests of a client in a window: a thousand a second, each of which may be a batch. */
export const CLIENT_REQUESTS_MAX = 10_000;

/**
 * Requests to an account, and commands in batches, in a window: two thousand a second. A single object decides several times
 * as many, but what it does for one client it cannot do for another.
 */
export const ACCOUNT_COMMANDS_MAX = 20_000;

/**
 * Commands that stop an account. It takes them whatever else it was sent: a trader whose program runs away could else keep out those who
 * are to stop it. They are for nobody whom they stop (workers/access/table.ts), and count for their sender's own quota.
 */
export const STOPPING_COMMANDS: ReadonlySet<string> = new Set(['FreezeAccount', 'SetLimits']);

/** A quota by its name in `RateLimit` headers. */
export interface Quota {
  readonly policy: 'client' | 'account';
  /** Units in a window. */
  readonly units: number;
}

/** Both quotas, as the variables `RATE_CLIENT_REQUESTS` and `RATE_ACCOUNT_COMMANDS` or the constants have them. */
export function quotas(env: Env): { readonly client: Quota; readonly account: Quota } {
  return {
    client: { policy: 'client', units: unitsOf(env.RATE_CLIENT_REQUESTS, CLIENT_REQUESTS_MAX) },
    account: { policy: 'account', units: unitsOf(env.RATE_ACCOUNT_COMMANDS, ACCOUNT_COMMANDS_MAX) },
  };
}

/** The variables of the quotas; an empty one is as none. */
const QUOTA_VARIABLES = ['RATE_CLIENT_REQUESTS', 'RATE_ACCOUNT_COMMANDS'] as const;

/** What is wrong with variables that say no quota: the usual one counts in the place of each. */
export function quotaFaults(variables: Readonly<Record<string, unknown>>): string[] {
  return QUOTA_VARIABLES.filter((name) => (variables[name] ?? '') !== '' && !isQuota(variables[name])).map(
    (name) => `${name} has to be a whole number of at least 1, such as 500, not "${variables[name]}"`,
  );
}

/** Any other would switch the limit off or everything else. */
function isQuota(variable: unknown): boolean {
  return Number.isSafeInteger(Number(variable)) && Number(variable) > 0;
}

function unitsOf(variable: string | undefined, usual: number): number {
  return isQuota(variable) ? Number(variable) : usual;
}
