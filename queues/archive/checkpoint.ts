/**
 * Checkpoints and the keys that sign them, as they stand in the archive. A checkpoint is a signed root over all manifests
 * so far (RFC 9162, 2.1: leaf n is the 32-byte hash of manifest n) and names the checkpoint before it.
 *
 *   checkpoint hash = SHA-256 of the canonical JSON of `checkpoint`
 *   signature       = Ed25519 (RFC 8032) over `folio checkpoint 1`, a line feed and that canonical JSON
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../schemas/canonical.ts';
import { sequenceText } from './manifest.ts';
import { sha256Text } from './merkle.ts';

/** Shape of checkpoints and key records that are written now; readers know all that ever were. */
export const CHECKPOINT_FORMAT = 1;

/** What the checkpoint before the first one would have for a hash. */
export const NO_CHECKPOINT = '0'.repeat(64);

/** Digits of a key's id: 128 bits of the SHA-256 of the public key. */
const KEY_ID_DIGITS = 32;

/** First line of what is signed: a signature under one of them means nothing under the other. */
const CHECKPOINT_CONTEXT = 'folio checkpoint 1\n';
const KEY_CONTEXT = 'folio key 1\n';

/** What a checkpoint says. */
export interface CheckpointBody {
  readonly format: number;
  readonly sequence: number;
  readonly previousCheckpoint: string;
  /** RFC 3339. */
  readonly issuedAt: string;
  readonly keyId: string;
  /** Manifests covered: numbers 1 to this. */
  readonly manifests: number;
  /** Events in them. */
  readonly events: number;
  /** Root of the tree over their hashes. */
  readonly root: string;
}

/** A checkpoint as it stands in the archive. */
export interface Checkpoint {
  readonly checkpoint: CheckpointBody;
  /** Base64. */
  readonly signature: string;
}

/** What is published of a key. `previousKey` is the key that was used before it. */
export interface KeyBody {
  readonly format: number;
  readonly algorithm: 'Ed25519';
  readonly keyId: string;
  /** The 32 bytes of RFC 8032 in base64. */
  readonly publicKey: string;
  readonly publishedAt: string;
  readonly previousKey: string | null;
}

/** A key's record: signed by the key itself and, where it follows another that is still at hand, by that one. */
export interface KeyRecord {
  readonly key: KeyBody;
  readonly signatures: readonly { readonly keyId: string; readonly signature: string }[];
}

/** A private key that signs. */
export interface SigningKey {
  readonly keyId: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/**
 * The keys of the secret `NOTARY_KEYS`: PKCS #8 in base64, separated by white space, the one that signs first. Throws on
 * what is no Ed25519 key.
 */
export function signingKeys(secret: string): SigningKey[] {
  return secret
    .split(/\s+/)
    .filter((text) => text !== '')
    .map((text) => {
      const privateKey = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
      if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('a notary key is no Ed25519 key');
      // The last 32 bytes of the SubjectPublicKeyInfo are the key itself (RFC 8410, 4).
      const bytes = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
      return { keyId: keyIdOf(bytes), publicKey: bytes.toString('base64'), privateKey };
    });
}

/** What a key is called: told from the key itself. */
export function keyIdOf(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, KEY_ID_DIGITS);
}

/** Signs a checkpoint. */
export function signCheckpoint(checkpoint: CheckpointBody, key: SigningKey): Checkpoint {
  return { checkpoint, signature: signed(CHECKPOINT_CONTEXT, checkpoint, key) };
}

/** Whether the key of this record has signed a checkpoint. */
export function isSignedBy({ checkpoint, signature }: Checkpoint, { key }: KeyRecord): boolean {
  const bytes = Buffer.from(key.publicKey, 'base64');
  // RFC 8037: the JSON form of an Ed25519 key.
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(
    null,
    Buffer.from(CHECKPOINT_CONTEXT + canonicalJson(checkpoint)),
    publicKey,
    Buffer.from(signature, 'base64'),
  );
}

/** What the next checkpoint names as the one before. */
export function checkpointHash(checkpoint: CheckpointBody): string {
  return sha256Text(canonicalJson(checkpoint));
}

/** The record of a key; `previous` is the key that was used before it, if there was one, and signs for it if it is at hand. */
export function keyRecord(
  key: SigningKey,
  previous: { readonly keyId: string; readonly key: SigningKey | undefined } | undefined,
  publishedAt: string,
): KeyRecord {
  const body: KeyBody = {
    format: CHECKPOINT_FORMAT,
    algorithm: 'Ed25519',
    keyId: key.keyId,
    publicKey: key.publicKey,
    publishedAt,
    previousKey: previous?.keyId ?? null,
  };
  const signers = previous?.key === undefined ? [key] : [key, previous.key];
  const signatures = signers.map((signer) => ({
    keyId: signer.keyId,
    signature: signed(KEY_CONTEXT, body, signer),
  }));
  return { key: body, signatures };
}

/**
 * Whether a key may sign after another one has: it is the same, or its record leads back to it. One that was replaced signs nothing
 * any more, so that whoever finds it has found nothing.
 */
export function follows(records: readonly KeyRecord[], keyId: string, before: string): boolean {
  const previous = new Map(records.map(({ key }) => [key.keyId, key.previousKey]));
  let candidate: string | null | undefined = keyId;
  // A record leads to an older one, and none twice.
  for (let step = 0; step <= records.length; step++) {
    if (candidate === before) return true;
    candidate = typeof candidate === 'string' ? previous.get(candidate) : undefined;
  }
  return false;
}

/** The key of the checkpoint of this number. */
export function checkpointKey(sequence: number): string {
  return `checkpoints/${sequenceText(sequence)}.json`;
}

/** The key of a signing key's record. */
export function keyRecordKey(keyId: string): string {
  return `keys/${keyId}.json`;
}

function signed(context: string, body: CheckpointBody | KeyBody, { privateKey }: SigningKey): string {
  return sign(null, Buffer.from(context + canonicalJson(body)), privateKey).toString('base64');
}
