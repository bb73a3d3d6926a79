/**
 * Where the backup of the keys is kept: a bucket of its own, an object a subject. Nothing locks it, since an erasure must reach
 * it, and it is far from the archive, which is handed to others.
 */
import { KeyBackup } from '../schemas/keyBackup.ts';
import { KeysApart } from './keysApart.ts';

/** The part of an R2 bucket that it needs. */
export type BackupBucket = Pick<R2Bucket, 'get' | 'put' | 'list'>;

/** A backup as it was found, and what it is replaced by. */
export interface FoundBackup {
  readonly backup: KeyBackup;
  /** Names these very bytes. */
  readonly etag: string;
}

/** What is in the place of a subject's backup is none, or another subject's. */
export class DamagedBackup extends KeysApart {
  override readonly name = 'DamagedBackup';
  /** Names the bytes that are there. */
  readonly etag: string;

  constructor(message: string, etag: string) {
    super(message);
    this.etag = etag;
  }
}

/** The backups of all subjects. */
export interface KeyBackupStore {
  /** Throws {@link DamagedBackup} where what is there is no backup of this subject. */
  read(subjectId: string): Promise<FoundBackup | undefined>;
  /**
   * Puts a backup in the place of the one that was found, or of none: false where there is another one by now, which stays. So
   * a put that was thought lost and arrives late replaces nothing that came after it.
   */
  replace(backup: KeyBackup, found: Pick<FoundBackup, 'etag'> | undefined): Promise<boolean>;
  /** Remembers an erasure, whatever was there. */
  erase(subjectId: string, erasedAt: string): Promise<void>;
}

const PREFIX = 'subjects/';

/** What somebody answers, or a rejection where that takes too long. `who` is named in it. */
export type InTime = <Answer>(who: string, answer: Promise<Answer>) => Promise<Answer>;

/** The backups in an R2 bucket, which says of no call when it gives up: all that is asked of a subject waits for its calls. */
export function r2KeyBackups(bucket: BackupBucket, inTime: InTime): KeyBackupStore {
  return {
    read: (subjectId) => inTime(`the backup of subject ${subjectId}`, read(bucket, subjectId)),
    async replace(backup, found) {
      const { subjectId } = backup;
      const onlyIf = found === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: found.etag };
      const put = bucket.put(keyOf(subjectId), JSON.stringify(backup), { onlyIf });
      return (await inTime(`the backup of subject ${subjectId}`, put)) !== null;
    },
    async erase(subjectId, erasedAt) {
      const backup: KeyBackup = { subjectId, keys: [], erasedAt };
      const put = bucket.put(keyOf(subjectId), JSON.stringify(backup));
      await inTime(`the backup of subject ${subjectId}`, put);
    },
  };
}

async function read(bucket: BackupBucket, subjectId: string): Promise<FoundBackup | undefined> {
  const object = await bucket.get(keyOf(subjectId));
  if (object === null) return undefined;
  const { etag } = object;
  return { backup: parsed(subjectId, await object.text(), etag), etag };
}

/** Ids of subjects that have a backup, after one, in their order; of what somebody else put there, whatever its name says. */
export async function listBackups(bucket: BackupBucket, afterId: string, limit: number): Promise<string[]> {
  const { objects } = await bucket.list({
    prefix: PREFIX,
    limit,
    ...(afterId === '' ? {} : { startAfter: keyOf(afterId) }),
  });
  return objects.map(({ key }) => key.slice(PREFIX.length));
}

function parsed(subjectId: string, text: string, etag: string): KeyBackup {
  const backup = KeyBackup.safeParse(jsonOf(text)).data;
  if (backup === undefined) throw new DamagedBackup(`the backup of ${subjectId} is none`, etag);
  if (backup.subjectId !== subjectId)
    throw new DamagedBackup(`the backup of ${subjectId} is another subject's`, etag);
  return backup;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Name of the object that has a subject's backup. */
export function keyOf(subjectId: string): string {
  return `${PREFIX}${subjectId}`;
}
