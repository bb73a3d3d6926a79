/** A running platform as the archive's commands reach it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError, messageOf } from '../errors.ts';
import { TOKEN_ADVICE } from '../operatorToken.ts';

/** Where `npm run serve` listens. */
export const DEFAULT_URL = 'http://127.0.0.1:8787';

/** What to do where nobody answers, to stand after what went wrong. */
export const URL_ADVICE = '(give where it runs with --url URL)';

/** Requests side by side. */
export const REQUESTS_MAX = 8;

/** A signed checkpoint, as far as the commands look into it. */
export interface Checkpoint {
  readonly checkpoint: { readonly sequence: number; readonly manifests: number; readonly events: number };
}

/** An object of the archive. */
export interface ArchiveObject {
  readonly key: string;
  readonly bytes: number;
}

/** What a request sends. */
export interface Sent {
  readonly method?: string;
  /** JSON. */
  readonly body?: string;
}

/** Answers that ask to be asked again, and how often that is done. */
const PASSING = [429, 503];
const TRIES_MAX = 20;

/** Seconds to wait where the platform does not say. */
const RETRY_SECONDS = 1;

/** A client of the archive's routes. */
export class ArchiveClient {
  readonly url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  /** The JSON of a reply. Throws {@link LocalServerError} with what the platform says where it is a problem. */
  async json<Reply>(pathAndQuery: string, sent: Sent = {}): Promise<Reply> {
    return (await this.#send(pathAndQuery, sent)).json() as Promise<Reply>;
  }

  /** The bytes of an object. */
  async bytes(key: string): Promise<Uint8Array> {
    const response = await this.#send(`/v1/archive/object?key=${encodeURIComponent(key)}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Every object of the archive whose key comes after `from`, in the order of the keys. */
  async *objects(from = ''): AsyncGenerator<ArchiveObject> {
    for (let after: string | null = from; after !== null; ) {
      const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const page: { objects: ArchiveObject[]; next: string | null } = await this.json(
        `/v1/archive/objects?limit=1000${query}`,
      );
      yield* page.objects;
      after = page.next;
    }
  }

  async #send(pathAndQuery: string, { method = 'GET', body }: Sent = {}): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#token !== undefined) headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.url + pathAndQuery, init).catch((error: unknown) => {
        const { cause } = error as { cause?: unknown };
        throw new LocalServerError(`${this.url} does not answer: ${messageOf(cause ?? error)} ${URL_ADVICE}`);
      });
      if (response.ok) return response;
      const text = await response.text();
      const { code, detail } = parseProblem(text);
      const { status } = response;
      if (!PASSING.includes(status) || attempt === TRIES_MAX)
        throw new PlatformError(status, code, detail ?? text);
      await sleep(1_000 * Number(response.headers.get('Retry-After') ?? RETRY_SECONDS));
    }
  }
}

/** The platform refused a request. */
export class PlatformError extends LocalServerError {
  readonly status: number;
  /** The problem's code; undefined where the answer is no problem document. */
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined, detail: string) {
    super(status === 401 ? `${status} ${detail} ${TOKEN_ADVICE}` : `${status} ${detail}`);
    this.status = status;
    this.code = code;
  }
}

function parseProblem(text: string): { code?: string; detail?: string } {
  try {
    return JSON.parse(text) as { code?: string; detail?: string };
  } catch {
    return {};
  }
}

/**
 * Runs `work` on every item, some of them side by side. After a failure none is begun any more; rejects with the first one once those
 * under way have ended.
 */
export async function inParallel<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    const run: Promise<void> = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(run));
    running.add(run);
    if (running.size === REQUESTS_MAX) await Promise.race(running);
    if (failures.length > 0) break;
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
