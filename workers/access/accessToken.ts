/** Access tokens of an OpenID provider: JSON Web Tokens (RFC 7519, RFC 9068), signed with one of the keys it publishes. */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { GRANTED_ACCOUNTS_MAX, ROLES, type Role } from '../../schemas/role.ts';
import { Id } from '../../schemas/scalars.ts';
import type { Principal } from './principal.ts';
import type { TokenSettings } from './settings.ts';

/**
 * Signatures that are taken: asymmetric ones alone. With a shared secret whoever can check a token could make one, and a
 * public key could be passed off as that secret (RFC 8725, 2.1).
 */
export const TOKEN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** Seconds by which the issuer's clock and ours may differ, for `exp` and `nbf`. */
export const CLOCK_TOLERANCE_SECONDS = 30;

/** `typ` of what may be an access token: the profile's own, or none said. An ID token of a strict issuer says `JWT` too. */
const TOKEN_TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt']);

/** Subjects enter events: visible ASCII, and short enough. */
const Subject = z.string().regex(/^[\x21-\x7e]{1,128}$/);

/** Why a token is refused. */
export type TokenRefusal =
  | 'malformed'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'expired'
  | 'not_yet_valid'
  | 'issuer'
  | 'audience'
  | 'claims';

/** A verified token, or why it is none. */
export type TokenVerdict =
  | {
      readonly ok: true;
      readonly principal: Principal /** Milliseconds since 1970. */;
      readonly validUntil: number;
    }
  | { readonly ok: false; readonly refusal: TokenRefusal };

/** Verifies a token at a time. Throws where the issuer's keys cannot be had: nothing can then be said of the token. */
export async function verifyToken(
  token: string,
  settings: TokenSettings,
  keys: JWTVerifyGetKey,
  now: number,
): Promise<TokenVerdict> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: TOKEN_ALGORITHMS,
      issuer: settings.issuer,
      audience: settings.audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ['exp'],
    });
    if (!isAccessTokenType(protectedHeader.typ)) return refused('claims');
    const principal = principalOf(payload, settings);
    if (principal === undefined) return refused('claims');
    const validUntil = ((payload.exp as number) + CLOCK_TOLERANCE_SECONDS) * 1_000;
    return { ok: true, principal, validUntil };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refused(refusal);
  }
}

/** Whoever signs may have written anything there: what is no text is no type. */
function isAccessTokenType(type: unknown = 'jwt'): boolean {
  return typeof type === 'string' && TOKEN_TYPES.has(type.toLowerCase());
}

function refused(refusal: TokenRefusal): TokenVerdict {
  return { ok: false, refusal };
}

/** The reason in the token itself; undefined where the error is not about the token. */
function refusalOf(error: unknown): TokenRefusal | undefined {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (claim === 'nbf' && reason === 'check_failed') return 'not_yet_valid';
    if (claim === 'iss') return 'issuer';
    return claim === 'aud' ? 'audience' : 'claims';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return 'unknown_key';
  }
  const isMalformed =
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported;
  return isMalformed ? 'malformed' : undefined;
}

/** Who the token speaks of. A claim of the wrong shape makes it none: what was meant cannot be guessed. */
function principalOf(payload: JWTPayload, settings: TokenSettings): Principal | undefined {
  const subject = Subject.safeParse(payload.sub);
  const roles = claimList(payload[settings.rolesClaim]);
  const accounts = claimList(payload[settings.accountsClaim]);
  if (!subject.success || roles === 'faulty' || accounts === 'faulty') return undefined;
  if (accounts !== undefined) {
    const areIds =
      accounts.length <= GRANTED_ACCOUNTS_MAX && accounts.every((account) => Id.safeParse(account).success);
    if (!areIds) return undefined;
  }
  return {
    userId: `user:${subject.data}`,
    roles: (roles ?? []).filter((role): role is Role => ROLES.includes(role as Role)),
    accounts: accounts === undefined ? undefined : new Set(accounts),
  };
}

function claimList(claim: unknown): readonly string[] | undefined | 'faulty' {
  if (claim === undefined) return undefined;
  if (typeof claim === 'string') return claim.split(' ').filter((name) => name !== '');
  return Array.isArray(claim) && claim.every((name) => typeof name === 'string') ? claim : 'faulty';
}
