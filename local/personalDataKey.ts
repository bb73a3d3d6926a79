import { randomBytes } from 'node:crypto';
import { readOrMakeSecret } from './secretFile.ts';

/** AES-256. */
const PERSONAL_DATA_KEY_BYTES = 32;

/** A new master key as the secret `PERSONAL_DATA_KEYS` takes it: 32 bytes in base64. */
export function newPersonalDataKey(): string {
  return randomBytes(PERSONAL_DATA_KEY_BYTES).toString('base64');
}

/**
 * The local master keys of personal data in a file, made with a new one where there is none. Whoever loses the file has lost
 * what is encrypted; to rotate see docs/privacy.md.
 */
export function readOrMakePersonalDataKeys(file: string): string {
  return readOrMakeSecret(file, newPersonalDataKey);
}
