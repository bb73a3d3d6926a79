/**
 * The HTTP API with types. Every command goes under an idempotency key, its own or one made here, and is sent again under
 * the same key until it is answered: it takes effect once.
 */
import { FolioProblem, FolioUnreachable, problemOf } from './errors.ts';
import type { Files, Operations } from './generated/api.ts';
import { OPERATIONS } from './generated/operations.ts';
import { type ClientOptions, type Settings, settingsOf } from './options.ts';
import { isOfTheAttempt, isTurnedAway, mayRetry, pauseMs } from './retry.ts';
import { FolioStream, type StreamOptions } from './stream.ts';
import { unlessAborted } from './unlessAborted.ts';

/** The name of an operation, as in the API's description. */
export type OperationId = keyof Operations & keyof typeof OPERATIONS;

/** What an operation takes: `params` of its path, `query`, `body`. */
export type Input<Id extends OperationId> = Omit<Operations[Id], 'reply'>;

/** The name of an operation that answers a file: alone, or where the query's `format` asks for one. */
export type FileId = keyof Files & keyof typeof OPERATIONS;

/** What goes with a request beside its input. */
export interface CallOptions {
  /** The command id, for whoever wants to send the same command again later; else one is made. */
  readonly idempotencyKey?: string | undefined;
  /** The version that the aggregate is expected to have; else the call rejects with `version_conflict`. */
  readonly expectedVersion?: number | undefined;
  /** Stored in every event that the command causes. */
  readonly correlationId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A success. */
export interface Answer<Reply> {
  readonly status: number;
  readonly data: Reply;
  /** The version of the aggregate, where the answer is about one. */
  readonly version: number | undefined;
  /** Whether the command had been answered before: nothing new has happened. */
  readonly isReplay: boolean;
  readonly headers: Headers;
}

/** The input may be left out where nothing of it is required. */
type Arguments<Id extends OperationId> =
  object extends Input<Id>
    ? [input?: Input<Id>, options?: CallOptions]
    : [input: Input<Id>, options?: CallOptions];

/** Commands by their own ids in the body: sending them twice is sending them once. */
const KEYED_BY_BODY: readonly string[] = ['runCommands'];

/** What is no step of a path, and cannot be escaped either: with `..` for its id, an account's events would be those of all. */
const NO_STEPS: readonly unknown[] = ['', '.', '..'];

interface Described {
  readonly method: string;
  readonly path: string;
  readonly isCommand?: true;
}

interface AnyInput {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

/** A client of one platform. It holds no connection: nothing has to be closed. */
export class FolioClient {
  readonly #settings: Settings;

  constructor(options: ClientOptions) {
    this.#settings = settingsOf(options);
  }

  /**
   * Calls an operation. Rejects with a {@link FolioProblem} where the platform refuses, and with {@link FolioUnreachable}
   * where no answer comes after several attempts.
   */
  async call<Id extends OperationId>(
    id: Id,
    ...given: Arguments<Id>
  ): Promise<Answer<Operations[Id]['reply']>> {
    const [input = {}, options = {}] = given;
    const { data, ...answer } = await this.#send(id, input, options, jsonOf);
    const type = answer.headers.get('Content-Type') ?? 'nothing known';
    if (data === undefined) {
      throw new TypeError(`${id} answered ${type} and no JSON: file() is for what is a file`);
    }
    return { ...answer, data: data as Operations[Id]['reply'] };
  }

  /**
   * Asks for a file, such as a statement as PDF, or a report as CSV. `data.type` is its media type. Rejects as {@link call}
   * does.
   */
  async file<Id extends FileId>(
    id: Id,
    input: Files[Id],
    options: Pick<CallOptions, 'correlationId' | 'signal'> = {},
  ): Promise<Answer<Blob>> {
    return await this.#send(id, input, options, (response) => response.blob());
  }

  /**
   * Opens a stream: commands without waiting for each other, and subscriptions. Close it in the end. Throws where the runtime
   * has no `WebSocket` and the options give none.
   */
  stream(options: StreamOptions = {}): FolioStream {
    return new FolioStream(this.#settings, options);
  }

  /** Sends a request until it is answered, and reads the answer. */
  async #send<Body>(
    id: keyof typeof OPERATIONS,
    input: AnyInput,
    options: CallOptions,
    read: (response: Response) => Promise<Body>,
  ): Promise<Answer<Body>> {
    if (!Object.hasOwn(OPERATIONS, id)) throw new TypeError(`there is no operation ${id}`);
    const operation: Described = OPERATIONS[id];
    const request = this.#request(operation, input, options);
    const isRepeatable =
      operation.method === 'GET' || operation.isCommand === true || KEYED_BY_BODY.includes(id);
    const { retry, random, sleep, isRenewable, timeoutMs } = this.#settings;
    let refused: FolioProblem | undefined;
    let mayHaveRun = false;
    for (let attempt = 1, wasRenewed = false; ; attempt++) {
      try {
        return await this.#attempt(request, options.signal, read, refused);
      } catch (failure) {
        if (options.signal?.aborted === true) throw failure;
        refused = !wasRenewed && isRenewable(failure) ? failure : undefined;
        if (refused !== undefined) {
          wasRenewed = true;
          continue;
        }
        if (attempt >= retry.attempts || !mayRetry(failure, isRepeatable)) {
          // That nothing was begun may be true of this attempt alone, and would be believed of all.
          const isOfAll = !mayHaveRun || !isOfTheAttempt(failure);
          if (failure instanceof FolioProblem && isOfAll) throw failure;
          const cause = isLate(failure)
            ? new Error(`no whole answer came within ${timeoutMs} ms (timeoutMs)`, { cause: failure })
            : failure;
          throw new FolioUnreachable(`${operation.method} ${operation.path}`, attempt, cause);
        }
        mayHaveRun ||= !isTurnedAway(failure) && operation.method !== 'GET';
        await unlessAborted(sleep(pauseMs(retry, attempt, random(), failure)), options.signal);
      }
    }
  }

  #request({ method, path, isCommand }: Described, input: AnyInput, options: CallOptions): PreparedRequest {
    const { idempotencyKey, expectedVersion, correlationId } = options;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = input.params?.[name];
      if (value === undefined) throw new TypeError(`${method} ${path} needs params.${name}`);
      if (NO_STEPS.includes(value)) throw new TypeError(`${method} ${path}: params.${name} is "${value}"`);
      return encodeURIComponent(value);
    });
    const query = Object.entries(input.query ?? {}).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString();
    const headers: Record<string, string> = {};
    if (input.body !== undefined) headers['Content-Type'] = 'application/json';
    if (isCommand === true) headers['Idempotency-Key'] = idempotencyKey ?? madeKey();
    if (expectedVersion !== undefined) headers['If-Match'] = `"${expectedVersion}"`;
    if (correlationId !== undefined) headers['X-Correlation-Id'] = correlationId;
    // Throws at once where a value can be none of a header: sent, it would look like a network that fails.
    new Headers(headers);
    return {
      url: `${this.#settings.url}${filled}${search === '' ? '' : `?${search}`}`,
      init: { method, headers, ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }) },
    };
  }

  async #attempt<Body>(
    { url, init }: PreparedRequest,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<Body>,
    refused: FolioProblem | undefined,
  ): Promise<Answer<Body>> {
    const { token, timeoutMs } = this.#settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    const end = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const bearer = await unlessAborted(token(refused), end);
    const response = await this.#settings.fetch(url, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${bearer}` },
      // A redirect is not followed: a command would go on as a GET, and to another origin without its token.
      redirect: 'manual',
      signal: end,
    });
    if (!response.ok) throw problemOf(response, await response.text());
    return {
      status: response.status,
      data: await read(response),
      version: versionOf(response.headers.get('ETag')),
      isReplay: response.headers.get('Idempotency-Replayed') === 'true',
      headers: response.headers,
    };
  }
}

/** Whether an attempt took longer than one may: a line may be too slow for what is asked for. */
function isLate(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'TimeoutError';
}

/** The document of an answer; undefined where it is none. A text that was cut on its way is no JSON: then no answer has come. */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return /^application\/json\b/.test(response.headers.get('Content-Type') ?? '')
    ? (JSON.parse(text) as unknown)
    : undefined;
}

interface PreparedRequest {
  readonly url: string;
  readonly init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  };
}

function versionOf(tag: string | null): number | undefined {
  // Weak where the answer was compressed on its way.
  const version = /^(?:W\/)?"(\d+)"$/.exec(tag ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

/** A command id that nobody else makes. Pages that came by plain http have no `crypto.randomUUID`. */
function madeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
