import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Only the owner may read the secret. */
const OWNER_ONLY = 0o600;

/** The secret in a file, which is made with a new one where there is none. */
export function readOrMakeSecret(file: string, make: () => string): string {
  if (existsSync(file)) {
    chmodSync(file, OWNER_ONLY);
    return readFileSync(file, 'utf8').trim();
  }
  const key = make();
  // Written beside and renamed: a server killed at this moment leaves no file or a whole one, never half a key.
  writeFileSync(`${file}.new`, `${key}\n`, { mode: OWNER_ONLY });
  renameSync(`${file}.new`, file);
  return key;
}
