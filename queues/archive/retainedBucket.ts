/**
 * A bucket with the rules of `retentionRules.ts` where nothing applies them: in local runs and tests. It refuses to remove or
 * replace what is locked as R2 does, with its error and before a condition of the put is looked at, and removes what is over
 * its term when it is told to look.
 */
import { IS_LOCAL } from '../../schemas/localRun.ts';
import { lockedUntil, mayBeRemoved } from './retentionRules.ts';

/** The part of an R2 bucket that the archive needs. */
export type ArchiveBucket = Pick<R2Bucket, 'put' | 'get' | 'head'>;

/** The part that the rules are applied to. */
export type RuledBucket = ArchiveBucket & Pick<R2Bucket, 'delete' | 'list'>;

/**
 * The archive's bucket as everybody uses it: in a local run with the rules that R2 applies elsewhere. `now`: milliseconds since
 * 1970.
 */
export function archiveBucket(bucket: R2Bucket, now: () => number): RuledBucket {
  return IS_LOCAL ? new RetainedBucket(bucket, now) : bucket;
}

/** Objects looked at in one page. */
const PAGE_OBJECTS = 1_000;

export class RetainedBucket implements RuledBucket {
  readonly get: R2Bucket['get'];
  readonly head: R2Bucket['head'];
  readonly list: R2Bucket['list'];
  readonly put: R2Bucket['put'];
  readonly #bucket: RuledBucket;
  readonly #now: () => number;

  constructor(bucket: RuledBucket, now: () => number) {
    this.#bucket = bucket;
    this.#now = now;
    this.get = bucket.get.bind(bucket) as R2Bucket['get'];
    this.head = bucket.head.bind(bucket);
    this.list = bucket.list.bind(bucket);
    // One implementation behind the overloads of R2's own.
    const put = async (key: string, ...rest: [never, never]) => {
      await this.#refuseLocked('put', key);
      return bucket.put(key, ...rest);
    };
    this.put = put as R2Bucket['put'];
  }

  async delete(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) await this.#refuseLocked('delete', key);
    await this.#bucket.delete(keys);
  }

  /** Removes what is over its term; answers how many objects that were. */
  async removeExpired(): Promise<number> {
    let removed = 0;
    let cursor: string | undefined;
    do {
      const page = await this.#bucket.list({
        limit: PAGE_OBJECTS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const expired = page.objects.filter(({ key, uploaded }) =>
        mayBeRemoved(key, uploaded.getTime(), this.#now()),
      );
      if (expired.length > 0) await this.#bucket.delete(expired.map(({ key }) => key));
      removed += expired.length;
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
    return removed;
  }

  async #refuseLocked(action: 'put' | 'delete', key: string): Promise<void> {
    const object = await this.#bucket.head(key);
    if (object === null || lockedUntil(key, object.uploaded.getTime()) <= this.#now()) return;
    throw new Error(`${action}: The object is locked by the bucket policy. (10069)`);
  }
}
