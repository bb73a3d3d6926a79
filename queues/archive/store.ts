/** The bucket as the archive uses it: objects are created once and read, never replaced. */
import type { ArchiveBucket } from './retainedBucket.ts';

export interface ArchiveStore {
  /** Creates an object; false where there is one of this key already, which then stays as it is. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** An object's bytes; undefined where there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** The SHA-256 that the bucket itself worked out when it took the object, in hexadecimal; undefined where there is none. */
  sha256(key: string): Promise<string | undefined>;
}

/** An object of this key exists with other bytes: someone else wrote the archive. Nothing is written until that is cleared up. */
export class ArchiveConflict extends Error {
  override readonly name = 'ArchiveConflict';

  constructor(key: string) {
    super(`the archive has another object under ${key}`);
  }
}

/** Creates an object, or finds that an earlier try did. Throws {@link ArchiveConflict} where the bytes differ. */
export async function createOnce(store: ArchiveStore, key: string, bytes: Uint8Array): Promise<void> {
  if (await store.create(key, bytes)) return;
  const existing = await store.read(key);
  if (existing === undefined || Buffer.compare(existing, bytes) !== 0) throw new ArchiveConflict(key);
}

/** The archive in an R2 bucket. */
export function r2Store(bucket: ArchiveBucket): ArchiveStore {
  return {
    async create(key, bytes) {
      // R2 refuses bytes that do not have this digest, so what is damaged on the way is not stored.
      const sha256 = await crypto.subtle.digest('SHA-256', bytes);
      try {
        return (await bucket.put(key, bytes, { onlyIf: { etagDoesNotMatch: '*' }, sha256 })) !== null;
      } catch (error) {
        // A locked object refuses every put, with an error and whatever the condition says.
        if ((await bucket.head(key)) === null) throw error;
        return false;
      }
    },
    async read(key) {
      const object = await bucket.get(key);
      return object === null ? undefined : object.bytes();
    },
    async sha256(key) {
      const digest = (await bucket.head(key))?.checksums.sha256;
      return digest === undefined ? undefined : Buffer.from(digest).toString('hex');
    },
  };
}
