/** Personal data as logs have it, where a test does not care what it says. */
import type { Encrypted } from '../../schemas/personal.ts';

/** A value that nobody can decrypt, as data of a customer. */
export function encryptedOf(subject: string): Encrypted {
  return { $enc: { ciphertext: 'A'.repeat(40), keyVersion: 1, nonce: 'A'.repeat(16), subject } };
}
