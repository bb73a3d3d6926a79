/** The signing keys that an OpenID provider publishes: fetched when needed, kept for a while, fetched again when they rotate. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { type FetchKeys, KEYS_TIMEOUT_MS, KeysUnavailable, PublishedKeys } from './publishedKeys.ts';

/** Keys are taken for good for so long: a key that the issuer withdrew signs nothing more after it. */
export const KEYS_MAX_AGE_MS = 10 * 60_000;

/** Between two fetches for a key that is not among those known: tokens of made-up keys must not become requests. */
export const KEYS_COOLDOWN_MS = 30_000;

/** While the issuer does not answer, keys are still taken at this age: its outage must not at once become ours. */
export const KEYS_STALE_MS = 60 * 60_000;

/** Finds the key of a token. Rejects with {@link KeysUnavailable} where the issuer does not answer and no key is left. */
export function issuerKeys(jwksUrl: string, now: () => number, fetchKeys: FetchKeys): JWTVerifyGetKey {
  const published = new PublishedKeys(now, fetchKeys);
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
    [customFetch]: (url, init) => published.fetch(url, init),
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      const known = remote.jwks();
      if (known !== undefined && now() < published.fetchedAt + KEYS_STALE_MS) {
        return await keyAmong(known, header, token);
      }
      throw new KeysUnavailable('the keys of the issuer cannot be had', { cause: error });
    }
  };
}

/** Looks among keys that are there. One that is published and is none cannot be had either, whoever names it. */
async function keyAmong(known: JSONWebKeySet, ...named: Parameters<JWTVerifyGetKey>) {
  try {
    return await createLocalJWKSet(known)(...named);
  } catch (error) {
    if (isAboutToken(error)) throw error;
    throw new errors.JWKSNoMatchingKey('the key is none', { cause: error });
  }
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
