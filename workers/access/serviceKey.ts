/** Keys of services as bearer tokens: `folio~<key id>~<secret>`, of which the platform knows the secret's hash alone. */
import { timingSafeEqual } from 'node:crypto';
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import type { KnownCaller, ShownKey } from './principal.ts';

/**
 * The id is one that its client made. A secret has the room of 256 bits at least: a shorter one never counts, so that a key
 * whose hash was made from a word is of no use to anybody.
 */
const SERVICE_TOKEN = /^folio~([A-Za-z0-9_-]{1,64})~([A-Za-z0-9_-]{43,128})$/;

/** A token taken apart; undefined where it is no service's. */
export function parseServiceToken(
  token: string,
): { readonly keyId: string; readonly secret: string } | undefined {
  const [, keyId, secret] = SERVICE_TOKEN.exec(token) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
}

/** Who the key speaks for and until when; undefined where key or secret do not count now. */
export function serviceOf(shown: ShownKey, key: ServiceKeyState, now: number): KnownCaller | undefined {
  const { status, roles, accounts, expiresAt, previous } = key;
  const ends = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  const isCurrent = isSameHash(shown.secretHash, key.secretHash);
  const isPrevious = previous !== null && isSameHash(shown.secretHash, previous.secretHash);
  if (status !== 'ACTIVE' || !(isCurrent || isPrevious)) return undefined;
  const endsAt = isCurrent ? ends : Math.min(ends, Date.parse(previous?.validUntil ?? ''));
  if (now >= endsAt) return undefined;
  const principal = {
    userId: `service:${shown.keyId}`,
    roles,
    accounts: accounts === null ? undefined : new Set(accounts),
  };
  return { principal, endsAt, serviceKey: shown };
}

/**
 * Why a service's token does not count: there is no such key, it was revoked, its secret once counted and ended (with the key, or with
 * the grace of a rotation), or it is another.
 */
export type ServiceRefusal = 'unknown' | 'revoked' | 'expired' | 'secret';

/** Why, of a key by which {@link serviceOf} knows nobody. */
export function serviceRefusal({ secretHash }: ShownKey, key: ServiceKeyState | undefined): ServiceRefusal {
  if (key === undefined || key.status === 'UNISSUED') return 'unknown';
  if (key.status === 'REVOKED') return 'revoked';
  const hashes = [key.secretHash, ...(key.previous === null ? [] : [key.previous.secretHash])];
  return hashes.some((hash) => isSameHash(secretHash, hash)) ? 'expired' : 'secret';
}

/** Compares in a time that tells nothing about where two hashes differ. */
function isSameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
