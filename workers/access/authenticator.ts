/** Says who is asking: from the local administrator's token, a service's key or an access token. */
import { timingSafeEqual } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import type { Env } from '../env.ts';
import { type TokenRefusal, verifyToken } from './accessToken.ts';
import { issuerKeys } from './issuerKeys.ts';
import { type KnownCaller, LOCAL_ADMINISTRATOR } from './principal.ts';
import type { FetchKeys } from './publishedKeys.ts';
import { parseServiceToken, type ServiceRefusal, serviceOf, serviceRefusal } from './serviceKey.ts';
import { type TokenConfiguration, tokenConfiguration } from './settings.ts';
import { secretHash, VerifiedCallers } from './verified.ts';

/** Characters of the longest token that is looked at; real ones have one or two thousand. */
export const TOKEN_LENGTH_MAX = 8_192;

/** A service's key that is in use is looked at again after so long: a revoked one ends by then. */
export const SERVICE_KEY_VERIFIED_MS = 5_000;

/** RFC 6750, 2.1; names of schemes ignore case. */
const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** The scheme alone, whatever comes after it. */
const BEARER_SCHEME = /^bearer(?: +(.*))?$/i;

/** Why a header has no token: there is none, it has another scheme, nothing after the scheme, or not one token that may be looked at. */
export type HeaderRefusal = 'missing' | 'other_scheme' | 'no_token' | 'not_one_token';

/** Why nobody is known: no token was sent, it was no token that we take, or it was refused for this reason. */
export type AuthenticationRefusal = HeaderRefusal | ServiceRefusal | TokenRefusal;

/** The caller, or why there is none. */
export type Authentication =
  | ({ readonly ok: true } & KnownCaller)
  | {
      readonly ok: false;
      readonly refusal: AuthenticationRefusal;
      /** Id of the service's key, where there is one: what is none may be anything, a secret in the wrong place too. */
      readonly keyId?: string;
    };

/** What an authenticator needs of its world. */
export interface AuthenticatorDeps {
  readonly now: () => number;
  readonly fetchKeys: FetchKeys;
  /** The key of a service by its id, if it was ever issued. */
  readonly findServiceKey: (keyId: string) => Promise<ServiceKeyState | undefined>;
  /** Whether the local administrator's token counts. */
  readonly isLocal: boolean;
}

/** Access tokens cannot be judged: the variables are wrong. */
export class AuthenticationMisconfigured extends Error {
  override readonly name = 'AuthenticationMisconfigured';
}

/** Authentication as one configuration has it. Remembers callers for a short while. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;
  readonly #tokens: TokenConfiguration;
  readonly #keys: JWTVerifyGetKey | undefined;
  readonly #localTokenHash: Buffer | undefined;
  readonly #verified = new VerifiedCallers();

  constructor(env: Env, deps: AuthenticatorDeps) {
    this.#deps = deps;
    this.#tokens = tokenConfiguration(env);
    if (this.#tokens.ok && this.#tokens.settings !== undefined) {
      this.#keys = issuerKeys(this.#tokens.settings.jwksUrl, deps.now, deps.fetchKeys);
    }
    if (deps.isLocal && env.DEV_TOKEN !== undefined && env.DEV_TOKEN !== '') {
      this.#localTokenHash = Buffer.from(secretHash(env.DEV_TOKEN));
    }
  }

  /** Throws {@link AuthenticationMisconfigured} where access tokens cannot be judged: no request should come here then. */
  requireConfiguration(): void {
    if (!this.#tokens.ok) throw new AuthenticationMisconfigured(this.#tokens.fault);
  }

  /** The caller whose token was verified a moment ago, if it was. */
  recall(header: string | undefined): KnownCaller | undefined {
    const token = bearerToken(header);
    return token === undefined ? undefined : this.#verified.find(secretHash(token), this.#deps.now());
  }

  /** Whether the token was taken before, however long ago, and not refused since. */
  hasTaken(header: string | undefined): boolean {
    const token = bearerToken(header);
    return token !== undefined && this.#verified.has(secretHash(token));
  }

  /**
   * Who the `Authorization` header names. Rejects with {@link AuthenticationMisconfigured} or `KeysUnavailable` where a token
   * cannot be judged.
   */
  async authenticate(header: string | undefined): Promise<Authentication> {
    const token = bearerToken(header);
    if (token === undefined) return { ok: false, refusal: headerRefusal(header) };
    const hash = secretHash(token);
    const verdict = await this.#verify(token, hash);
    if (!verdict.ok) this.#verified.forget(hash);
    return verdict;
  }

  async #verify(token: string, hash: string): Promise<Authentication> {
    if (this.#localTokenHash !== undefined && timingSafeEqual(Buffer.from(hash), this.#localTokenHash)) {
      return this.#remember(hash, { principal: LOCAL_ADMINISTRATOR, endsAt: Number.POSITIVE_INFINITY });
    }
    const service = parseServiceToken(token);
    if (service !== undefined) return this.#verifyService(service.keyId, service.secret, hash);
    if (!this.#tokens.ok) throw new AuthenticationMisconfigured(this.#tokens.fault);
    const { settings } = this.#tokens;
    // A signed token has three parts (RFC 7515, 7.1): what has not is no token of an issuer.
    if (settings === undefined || this.#keys === undefined || token.split('.').length !== 3) {
      return { ok: false, refusal: 'unknown' };
    }
    const verdict = await verifyToken(token, settings, this.#keys, this.#deps.now());
    if (!verdict.ok) return verdict;
    return this.#remember(hash, { principal: verdict.principal, endsAt: verdict.validUntil });
  }

  async #verifyService(keyId: string, secret: string, hash: string): Promise<Authentication> {
    const key = await this.#deps.findServiceKey(keyId);
    const now = this.#deps.now();
    const shown = { keyId, secretHash: secretHash(secret) };
    const service = key === undefined ? undefined : serviceOf(shown, key, now);
    if (service === undefined) {
      const refusal = serviceRefusal(shown, key);
      return { ok: false, refusal, ...(refusal === 'unknown' ? {} : { keyId }) };
    }
    return this.#remember(hash, service, now + SERVICE_KEY_VERIFIED_MS);
  }

  #remember(hash: string, caller: KnownCaller, until?: number): Authentication {
    this.#verified.add(hash, caller, this.#deps.now(), until);
    return { ok: true, ...caller };
  }
}

/** The token of a header that has one, and not one that is too long to be looked at. */
function bearerToken(header: string | undefined): string | undefined {
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
  return token === undefined || token.length > TOKEN_LENGTH_MAX ? undefined : token;
}

/** Why a header has no token. */
function headerRefusal(header = ''): HeaderRefusal {
  if (header.trim() === '') return 'missing';
  const [scheme, rest = ''] = BEARER_SCHEME.exec(header.trim()) ?? [];
  if (scheme === undefined) return 'other_scheme';
  return rest === '' ? 'no_token' : 'not_one_token';
}
