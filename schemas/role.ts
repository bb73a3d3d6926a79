/** Roles: what callers are employed to do. */
import { z } from 'zod';

/**
 * `trader` trades on accounts that were granted to it, `operations` runs the business, `risk` sets limits and stops accounts,
 * `auditor` reads everything and changes nothing, `admin` may do all, and alone gives out keys.
 */
export const ROLES = ['trader', 'operations', 'risk', 'auditor', 'admin'] as const;
export const Role = z.enum(ROLES);
export type Role = (typeof ROLES)[number];

/** Accounts that one token or key may grant: more do not fit into a header. */
export const GRANTED_ACCOUNTS_MAX = 1_000;
