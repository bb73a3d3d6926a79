/**
 * AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits. Synchronous, so that whoever encrypts is not overtaken by an
 * erasure half way. One key takes 2^32 values at most (SP 800-38D, 8.3); a subject has some thousands.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes of every key. */
export const KEY_BYTES = 32;

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A value under a key: the ciphertext with its tag at the end, and the nonce, which no other value has. */
export interface Sealed {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** Encrypts; `context` is authenticated and not stored. */
export function seal(key: Uint8Array, plaintext: Uint8Array, context: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { nonce, ciphertext };
}

/** Decrypts; undefined where key, context or bytes are not those that it was encrypted with. */
export function open(
  key: Uint8Array,
  { nonce, ciphertext }: Sealed,
  context: string,
): Uint8Array | undefined {
  if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return undefined;
  const end = ciphertext.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(ciphertext.subarray(end));
  const first = decipher.update(ciphertext.subarray(0, end));
  try {
    return Buffer.concat([first, decipher.final()]);
  } catch {
    return undefined;
  }
}
