/** A bucket of key backups in memory, with the conditions of R2's puts; a test may hold a put back or fail one. */
import { createHash } from 'node:crypto';
import type { BackupBucket } from '../../privacy/keyBackupStore.ts';

/** Such a bucket, and what is in it. */
export interface TestBackupBucket extends BackupBucket {
  readonly texts: Map<string, string>;
  /** Called before each put has its effect: it waits for what this answers, and fails where it throws. */
  beforePut: (text: string) => Promise<void>;
}

export function backupBucket(texts = new Map<string, string>()): TestBackupBucket {
  const etagOf = (text: string) => createHash('md5').update(text).digest('hex');
  const bucket = {
    texts,
    beforePut: async () => undefined,
    async get(key: string) {
      const text = texts.get(key);
      return text === undefined ? null : { etag: etagOf(text), text: async () => text };
    },
    async put(key: string, text: string, options?: { onlyIf?: R2Conditional }) {
      await made.beforePut(text);
      const there = texts.get(key);
      const { etagMatches, etagDoesNotMatch } = options?.onlyIf ?? {};
      if (etagDoesNotMatch === '*' && there !== undefined) return null;
      if (etagMatches !== undefined && (there === undefined || etagOf(there) !== etagMatches)) return null;
      texts.set(key, text);
      return {};
    },
    list: () => Promise.reject(new Error('nothing is listed here')),
  };
  const made = bucket as unknown as TestBackupBucket;
  return made;
}
