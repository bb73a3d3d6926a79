import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Only the owner may read the key. */
const OWNER_ONLY = 0o600;

/** A new Ed25519 private key as the secret `NOTARY_KEYS` takes it: PKCS #8 in base64. */
export function newNotaryKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}

/**
 * The local notary's keys in a file, made with a new key where there is none. To rotate, put a new key in front of the old
 * one and start the server again (docs/operations.md).
 */
export function readOrMakeNotaryKeys(file: string): string {
  if (existsSync(file)) {
    chmodSync(file, OWNER_ONLY);
    return readFileSync(file, 'utf8').trim();
  }
  const key = newNotaryKey();
  // Written beside and renamed: a server killed at this moment leaves no file or a whole one, never half a key.
  writeFileSync(`${file}.new`, `${key}\n`, { mode: OWNER_ONLY });
  renameSync(`${file}.new`, file);
  return key;
}
