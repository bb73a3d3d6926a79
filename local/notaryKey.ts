import { generateKeyPairSync } from 'node:crypto';
import { readOrMakeSecret } from './secretFile.ts';

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
  return readOrMakeSecret(file, newNotaryKey);
}
