/** An issuer of access tokens for tests: real keys and signatures, no server. */
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'folio';
export const JWKS_URL = 'https://issuer.test/keys';

/** The variables of a Worker that trusts the issuer. */
export const ISSUER_VARIABLES = {
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_JWKS_URL: JWKS_URL,
} as const;

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/** Seconds that tokens last where a test says nothing else. */
const LIFETIME_SECONDS = 300;

/** Claims as a test has them: of any shape, and undefined for one that is left out. */
export type Claims = Readonly<Record<string, unknown>>;

/** One signing key of an issuer. */
export class IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly #privateKey: PrivateKey;
  /** As the issuer publishes it. */
  readonly published: JWK;

  private constructor(kid: string, alg: string, privateKey: PrivateKey, published: JWK) {
    this.kid = kid;
    this.alg = alg;
    this.#privateKey = privateKey;
    this.published = published;
  }

  static async make(kid: string, alg = 'ES256'): Promise<IssuerKey> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return new IssuerKey(kid, alg, privateKey, { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  }

  /** A token that says this beyond issuer, audience, subject and times. Undefined claims are left out. */
  sign(claims: Claims = {}, header: Partial<JWTHeaderParameters> = {}, now = Date.now()): Promise<string> {
    const seconds = Math.floor(now / 1_000);
    const usual = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'somebody',
      iat: seconds,
      exp: seconds + LIFETIME_SECONDS,
    };
    const payload = JSON.parse(JSON.stringify({ ...usual, ...claims })) as JWTPayload;
    return new SignJWT(payload)
      .setProtectedHeader({ alg: this.alg, kid: this.kid, typ: 'at+jwt', ...header })
      .sign(this.#privateKey);
  }
}

/** The issuer's answer with its keys. */
export function keySet(...keys: readonly IssuerKey[]): Response {
  return Response.json({ keys: keys.map(({ published }) => published) });
}
