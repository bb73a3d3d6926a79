/** How callers are known, from the Worker's variables. */
import { z } from 'zod';
import type { Env } from '../env.ts';

/** Where access tokens come from and what they must say. */
export interface TokenSettings {
  /** `iss` of every token. */
  readonly issuer: string;
  /** In `aud` of every token: tokens for other services are none for us. */
  readonly audience: string;
  /** Where the issuer publishes its signing keys (RFC 7517). */
  readonly jwksUrl: string;
  /** Names of the claims that carry roles and accounts, each a list or a text with spaces between. */
  readonly rolesClaim: string;
  readonly accountsClaim: string;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Keys fetched in the clear could be anybody's; on this machine nobody is in between. */
const KeysUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}, 'must be an https URL');

const TokenVariables = z.object({
  AUTH_ISSUER: z.url(),
  AUTH_AUDIENCE: z.string().min(1),
  AUTH_JWKS_URL: KeysUrl,
  AUTH_ROLES_CLAIM: z.string().min(1).default('roles'),
  AUTH_ACCOUNTS_CLAIM: z.string().min(1).default('accounts'),
});

/** The variables that say which tokens count. They are given all or not at all. */
export const TOKEN_VARIABLES = ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL'] as const;

/** Tokens are accepted as these say; undefined: from no issuer; or what is wrong with the variables. */
export type TokenConfiguration =
  | { readonly ok: true; readonly settings: TokenSettings | undefined }
  | { readonly ok: false; readonly fault: string };

/** Reads the variables. An empty one is as none: a variable of wrangler.toml cannot be left out by an environment. */
export function tokenConfiguration(env: Env): TokenConfiguration {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  if (TOKEN_VARIABLES.every((name) => given[name] === undefined)) return { ok: true, settings: undefined };
  const parsed = TokenVariables.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = issue?.path.join('.') ?? '';
    const fault =
      given[name] === undefined
        ? `is not set, and ${TOKEN_VARIABLES.join(', ')} go together`
        : issue?.message;
    return { ok: false, fault: `${name}: ${fault}` };
  }
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_ROLES_CLAIM, AUTH_ACCOUNTS_CLAIM } = parsed.data;
  return {
    ok: true,
    settings: {
      issuer: AUTH_ISSUER,
      audience: AUTH_AUDIENCE,
      jwksUrl: AUTH_JWKS_URL,
      rolesClaim: AUTH_ROLES_CLAIM,
      accountsClaim: AUTH_ACCOUNTS_CLAIM,
    },
  };
}
