/** What an issuer publishes, as one isolate fetches it: one request at a time, whole and well formed, or not at all. */
import { z } from 'zod';

/** The issuer gets this long to answer. */
export const KEYS_TIMEOUT_MS = 5_000;

/** After a fetch that failed the issuer is left alone for so long. */
export const KEYS_FAILURE_PAUSE_MS = 2_000;

/** Bytes of a key set: issuers publish a few keys of one or two kilobytes each. */
export const KEYS_BYTES_MAX = 256 * 1024;

/** Between two looks at a fetch that another request has begun. */
const LOOK_MS = 20;

/** The issuer's keys could not be had. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** How keys are fetched; tests have their own issuers. */
export type FetchKeys = (url: string, init: RequestInit) => Promise<Response>;

/** RFC 7517, 5; which of the keys are of use is for whoever looks for one to say. */
const KeySet = z.looseObject({ keys: z.array(z.looseObject({})) });

/** Times are milliseconds since 1970. */
export class PublishedKeys {
  readonly #now: () => number;
  readonly #fetchKeys: FetchKeys;
  #text = '';
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  /** When the fetch that is under way began. */
  #beganAt: number | undefined;

  constructor(now: () => number, fetchKeys: FetchKeys) {
    this.#now = now;
    this.#fetchKeys = fetchKeys;
  }

  /** When the keys were last had. */
  get fetchedAt(): number {
    return this.#fetchedAt;
  }

  /**
   * The key set as the issuer publishes it now. Who asks while a request of the same isolate fetches it is given what that one
   * gets: tokens of made-up keys must not each become a request. The runtime lets no request wait for another's promise, so it
   * looks again and again. In an outage it does not, where keys were had before: those may still count, and one request is enough
   * to learn whether the issuer is back. Rejects where the issuer does not answer as one does.
   */
  async fetch(url: string, init: RequestInit): Promise<Response> {
    const before = this.#fetchedAt;
    while (this.#isUnderWay()) {
      if (this.#isOutage()) throw new KeysUnavailable('whether the issuer is back is being asked');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (this.#fetchedAt > before) return Response.json(JSON.parse(this.#text));
    if (this.#now() < this.#failedAt + KEYS_FAILURE_PAUSE_MS)
      throw new KeysUnavailable('the issuer failed a moment ago');
    this.#beganAt = this.#now();
    try {
      this.#text = await keySetText(await this.#fetchKeys(url, init));
      this.#fetchedAt = this.#now();
      return Response.json(JSON.parse(this.#text));
    } catch (error) {
      this.#failedAt = this.#now();
      throw error;
    } finally {
      this.#beganAt = undefined;
    }
  }

  /** Keys were had, and the last fetch failed. */
  #isOutage(): boolean {
    return Number.isFinite(this.#fetchedAt) && this.#failedAt > this.#fetchedAt;
  }

  /** A fetch whose client went away ends without a word: it counts for as long as it might have taken. */
  #isUnderWay(): boolean {
    return this.#beganAt !== undefined && this.#now() < this.#beganAt + KEYS_TIMEOUT_MS;
  }
}

/** The text of an answer that is a key set. */
async function keySetText({ status, body }: Response): Promise<string> {
  if (status !== 200) throw new KeysUnavailable(`the issuer answered ${status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > KEYS_BYTES_MAX)
      throw new KeysUnavailable(`the key set has more than ${KEYS_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  KeySet.parse(JSON.parse(text));
  return text;
}
