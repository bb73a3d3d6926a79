/**
 * Reading a bucket over S3's interface, which R2 has as well: ListObjectsV2 and GetObject, signed with Signature Version 4 by
 * aws4fetch. Nothing is ever written.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { OBJECT_BYTES_MAX, ObjectTooLarge } from './archive.ts';

/** Times that a request is made before its failure counts: with the pauses between, some eight seconds of outage are bridged. */
const TRIES_MAX = 6;

/** Milliseconds before the second try; each further pause is twice as long. */
const FIRST_PAUSE_MS = 250;

/** Milliseconds that one try may take: eight segments of 16 MB side by side over 10 Mbit/s take about 100 seconds. */
const TRY_MS = 120_000;

/** Keys of one page, the most that S3 gives. */
const PAGE_KEYS = 1_000;

/** A key pair for S3's interface. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** Where a bucket is. */
export interface BucketAddress {
  /** Origin, as `https://<account>.r2.cloudflarestorage.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** `auto` for R2. */
  readonly region: string;
}

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** A bucket as its reader sees it. Whatever fails for good is thrown as an error that says what to do about it. */
export class S3Bucket {
  readonly address: BucketAddress;
  readonly #client: AwsClient;
  readonly #pause: (milliseconds: number) => Promise<unknown>;

  constructor(
    address: BucketAddress,
    { accessKeyId, secretAccessKey, sessionToken }: Credentials,
    pause: (milliseconds: number) => Promise<unknown> = sleep,
  ) {
    this.address = address;
    this.#pause = pause;
    const pair = { accessKeyId, secretAccessKey, service: 's3', region: address.region };
    this.#client = new AwsClient(sessionToken === undefined ? pair : { ...pair, sessionToken });
  }

  /** Keys that begin with `prefix`, page by page. */
  async *list(prefix: string): AsyncGenerator<string[]> {
    const query = new URLSearchParams({ 'list-type': '2', 'max-keys': String(PAGE_KEYS), prefix });
    for (let token: string | undefined = ''; token !== undefined; ) {
      if (token !== '') query.set('continuation-token', token);
      const answer = await this.#get(`?${query}`);
      if (answer.status !== 200) throw this.#refusal(answer, `list bucket ${this.address.bucket}`);
      const page = parsePage(textOf(answer));
      yield page.keys;
      if (page.next === token)
        throw new Error(`${this.address.endpoint} gives the same page of its list again`);
      token = page.next;
    }
  }

  /** An object's bytes; undefined where there is none of this key. Throws {@link ObjectTooLarge} where they are too many. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const parts = key.split('/');
    // An address with such a part means another object.
    if (parts.includes('.') || parts.includes('..')) throw new Error(`an object ${key} cannot be asked for`);
    const answer = await this.#get(`/${parts.map(encodeURIComponent).join('/')}`);
    if (answer.status === 200) return answer.bytes;
    if (answer.status === 404 && elementOf(textOf(answer), 'Code') === 'NoSuchKey') return undefined;
    throw this.#refusal(answer, `read ${key} of bucket ${this.address.bucket}`);
  }

  async #get(pathAndQuery: string): Promise<Answer> {
    const { endpoint, bucket } = this.address;
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#try(`${endpoint}/${bucket}${pathAndQuery}`);
        if (tries === TRIES_MAX || (answer.status < 500 && answer.status !== 429)) return answer;
      } catch (error) {
        if (error instanceof ObjectTooLarge) throw error;
        const { message } = ((error as Error).cause ?? error) as Error;
        if (tries === TRIES_MAX) throw new Error(`${endpoint} does not answer: ${message}`);
      }
      // Requests that failed together are not made again together.
      await this.#pause(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
    }
  }

  async #try(url: string): Promise<Answer> {
    const request = await this.#client.sign(url, { method: 'GET', redirect: 'manual' });
    const response = await fetch(request, { signal: AbortSignal.timeout(TRY_MS) });
    return { status: response.status, bytes: await bodyOf(response) };
  }

  #refusal(answer: Answer, wish: string): Error {
    const { endpoint, bucket } = this.address;
    const { status } = answer;
    const text = textOf(answer);
    const code = elementOf(text, 'Code');
    const said = [status, code, elementOf(text, 'Message')].filter((part) => part !== undefined).join(' ');
    if (code === 'NoSuchBucket') return new Error(`there is no bucket ${bucket} at ${endpoint} (${said})`);
    if (status === 401 || status === 403)
      return new Error(`the credentials are not allowed to ${wish} at ${endpoint} (${said})`);
    if (status === 404) return new Error(`cannot ${wish}: ${endpoint} is no endpoint of S3 (${said})`);
    return new Error(`cannot ${wish}: ${endpoint} answers ${said}`);
  }
}

/** A response's bytes. Throws {@link ObjectTooLarge} where they are more than are read, before they are. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Left early, the rest of the body is not asked for.
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > OBJECT_BYTES_MAX) throw new ObjectTooLarge();
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function textOf({ bytes }: Answer): string {
  return new TextDecoder().decode(bytes);
}

/** One page of ListObjectsV2. Throws where it is none, or not whole. */
function parsePage(xml: string): { keys: string[]; next: string | undefined } {
  const keys = [...xml.matchAll(/<Contents>.*?<Key>([^<]*)<\/Key>.*?<\/Contents>/gs)].map(([, key]) =>
    unescaped(key as string),
  );
  const truncated = elementOf(xml, 'IsTruncated');
  const isList = /<ListBucketResult[\s>]/.test(xml) && (truncated === 'true' || truncated === 'false');
  const stated = elementOf(xml, 'KeyCount');
  if (!isList || (stated !== undefined && Number(stated) !== keys.length))
    throw new Error('the answer is no list of a bucket: is the endpoint one of S3?');
  if (truncated === 'false') return { keys, next: undefined };
  const next = elementOf(xml, 'NextContinuationToken');
  if (next === undefined || next === '') throw new Error('the list of the bucket breaks off');
  return { keys, next };
}

/** The text of the first element of this name that has nothing but text. */
function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : unescaped(text);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML text with its references (XML 1.0, 4.1 and 4.6) put in. */
function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
