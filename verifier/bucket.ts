/** An archive where it is: read straight from its bucket, object by object as they are needed. */
import { type Archive, keysIn } from './archive.ts';
import { sha256 } from './canonical.ts';
import { type BucketAddress, type Credentials, S3Bucket } from './s3.ts';

/** The endpoint that R2 has for an account, for people. */
const R2_ENDPOINT = 'https://<account>.r2.cloudflarestorage.com';

/** A bucket's name on the command line: `s3://` or `r2://`, which mean the same, the bucket, and what the keys begin with. */
const LOCATION = /^(?:s3|r2):\/\/([a-z0-9][a-z0-9.-]*)(?:\/(.*))?$/;

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a command line names a bucket, rightly or not. */
export function isBucket(location: string): boolean {
  return /^(s3|r2):/.test(location);
}

/** An archive in a bucket. Its keys are listed once, at the beginning. */
export class ArchiveBucket implements Archive {
  readonly #bucket: S3Bucket;
  /** What every key in the bucket begins with: empty, or ends with `/`. */
  readonly #prefix: string;
  readonly #keys: ReadonlySet<string>;
  /** SHA-256 of what was read, by key. */
  readonly #digests = new Map<string, string>();

  private constructor(bucket: S3Bucket, prefix: string, keys: ReadonlySet<string>) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#keys = keys;
  }

  /** Lists a bucket; `listed` is told how many objects there are so far. Throws where there is none. */
  static async open(
    bucket: S3Bucket,
    prefix: string,
    listed: (objects: number) => void = () => undefined,
  ): Promise<ArchiveBucket> {
    const keys = new Set<string>();
    for await (const page of bucket.list(prefix)) {
      for (const key of page) keys.add(key.slice(prefix.length));
      listed(keys.size);
    }
    const { bucket: name } = bucket.address;
    if (keys.size === 0)
      throw new Error(`bucket ${name} has no objects${prefix === '' ? '' : ` below ${prefix}`}`);
    return new ArchiveBucket(bucket, prefix, keys);
  }

  keys(prefix = ''): string[] {
    return keysIn(this.#keys, prefix);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    if (!this.#keys.has(key)) return undefined;
    const bytes = await this.#bucket.get(this.#prefix + key);
    if (bytes !== undefined) this.#expectSame(key, sha256(bytes));
    return bytes;
  }

  /** Some objects are read twice. Whoever answers otherwise the second time could have the one checked and the other believed. */
  #expectSame(key: string, digest: string): void {
    const before = this.#digests.get(key);
    if (before !== undefined && before !== digest)
      throw new Error(`${key} was changed while the archive was read`);
    this.#digests.set(key, digest);
  }
}

/** The archive that a command line names. Throws with what is missing or wrong in the location, the endpoint or the environment. */
export async function openBucket(
  location: string,
  endpoint: string | undefined,
  environment: Environment,
  listed: (objects: number) => void,
): Promise<ArchiveBucket> {
  const [, bucket, below = ''] = LOCATION.exec(location) ?? [];
  if (bucket === undefined)
    throw new Error(`${location} is no bucket: write s3://BUCKET or s3://BUCKET/PREFIX`);
  const region = environment.AWS_REGION ?? 'auto';
  const address: BucketAddress = { endpoint: originOf(endpoint), bucket, region };
  const prefix = below === '' || below.endsWith('/') ? below : `${below}/`;
  return ArchiveBucket.open(new S3Bucket(address, credentialsIn(environment)), prefix, listed);
}

function originOf(endpoint: string | undefined): string {
  if (endpoint === undefined) throw new Error(`a bucket needs its --endpoint: of R2, ${R2_ENDPOINT}`);
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error(`--endpoint ${endpoint} is no address such as ${R2_ENDPOINT}`);
  if (url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new Error(`--endpoint ${endpoint} has more than a host: the bucket is named by s3://BUCKET`);
  return url.origin;
}

function credentialsIn(environment: Environment): Credentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  const pair = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const missing = Object.entries(pair).flatMap(([name, value]) => ((value ?? '') === '' ? [name] : []));
  if (missing.length > 0)
    throw new Error(
      `a bucket needs credentials in the environment: ${missing.join(' and ')} not set (an R2 token that may read objects is enough)`,
    );
  return {
    accessKeyId: AWS_ACCESS_KEY_ID as string,
    secretAccessKey: AWS_SECRET_ACCESS_KEY as string,
    sessionToken: AWS_SESSION_TOKEN,
  };
}
