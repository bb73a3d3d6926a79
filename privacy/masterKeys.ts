/**
 * Master keys: the secret that the keys of all subjects are wrapped with. It is a binding of the Worker and in no storage of
 * ours, so that neither a copy of a database nor one of the secret alone reads anything.
 */
import { createHash } from 'node:crypto';
import { KEY_BYTES, open, type Sealed, seal } from './cipher.ts';
import { KeysApart } from './keysApart.ts';

/** The Worker's secret. */
export interface PrivacySettings {
  /**
   * A secret: master keys (32 bytes each in base64, separated by white space). The first wraps; the others still unwrap what
   * they wrapped, until all of it is wrapped anew (docs/privacy.md, "Rotation").
   */
  readonly PERSONAL_DATA_KEYS?: string;
}

/** One of them, with the name under which a wrapped key tells which it was. */
export interface MasterKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Hexadecimal digits of a master key's name: enough to tell a handful apart, and they give nothing away. */
const ID_DIGITS = 16;

/** Base64 of 32 bytes. */
const KEY_PATTERN = /^[A-Za-z0-9+/]{43}=$/;

/** Why the platform cannot keep personal data as it is set up. */
export class NoMasterKey extends Error {
  override readonly name = 'NoMasterKey';
}

/** The master keys, the one that wraps first. Throws {@link NoMasterKey} where there is none, or one is no key. */
export function masterKeys({ PERSONAL_DATA_KEYS = '' }: PrivacySettings): readonly MasterKey[] {
  const texts = PERSONAL_DATA_KEYS.split(/\s+/).filter((text) => text !== '');
  if (texts.length === 0) throw new NoMasterKey('the secret PERSONAL_DATA_KEYS is not bound');
  return texts.map((text, index) => {
    if (!KEY_PATTERN.test(text))
      throw new NoMasterKey(`key ${index + 1} of PERSONAL_DATA_KEYS is not ${KEY_BYTES} bytes in base64`);
    const bytes = Buffer.from(text, 'base64');
    const id = createHash('sha256')
      .update('folio master key')
      .update(bytes)
      .digest('hex')
      .slice(0, ID_DIGITS);
    return { id, bytes };
  });
}

/** Wraps a key for storage: nonce, ciphertext and tag in one. */
export function wrap(master: MasterKey, key: Uint8Array, context: string): Uint8Array {
  const { nonce, ciphertext } = seal(master.bytes, key, context);
  return Buffer.concat([nonce, ciphertext]);
}

/** Unwraps it. Throws where it is not what that master key wrapped: then the storage was tampered with. */
export function unwrap(master: MasterKey, wrapped: Uint8Array, context: string): Uint8Array {
  const key = open(master.bytes, parts(wrapped), context);
  if (key === undefined) throw new KeysApart(`a wrapped key is not what master key ${master.id} wrapped`);
  return key;
}

/** Whether that master key wrapped it. */
export function isWrapped(master: MasterKey, wrapped: Uint8Array, context: string): boolean {
  return open(master.bytes, parts(wrapped), context) !== undefined;
}

/** Bytes of the nonce at its beginning. */
const NONCE_BYTES = 12;

function parts(wrapped: Uint8Array): Sealed {
  return { nonce: wrapped.subarray(0, NONCE_BYTES), ciphertext: wrapped.subarray(NONCE_BYTES) };
}
