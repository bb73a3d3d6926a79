/**
 * Requests of the demonstration: a small HTTP client over keep-alive connections for what is sent at full speed, since Node's
 * own `fetch` costs several times as much a request, and the typed client for the rest.
 */
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { FolioClient } from '../client/index.ts';

/** Connections at a time; what is above waits for one. */
const CONNECTIONS_MAX = 64;

/** The Workers runtime closes a connection that was idle for 5 s: ours must be given up before, or a request meets its end. */
const IDLE_MS = 3_000;

/** An answer that takes longer is taken for lost: the largest batch needs well under a second. */
const REQUEST_MS = 60_000;

/** As much of an unexpected answer as an error message quotes. */
const QUOTED_CHARACTERS = 400;

/** An HTTP answer. */
export interface Reply {
  readonly status: number;
  /** By name in lower case; a header that came twice is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Milliseconds from sending to the last byte. */
  readonly ms: number;
}

/** A request to send. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  readonly body?: string;
  /** `application/json` where there is a body and nothing else is said. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hangs up when it aborts; what the platform did by then stays done. */
  readonly signal?: AbortSignal;
}

/** The platform did not answer, or not as it must. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
}

/** Requests to one platform. */
export class Client {
  readonly url: string;
  /** The typed client, for everything that is not sent at full speed. */
  readonly api: FolioClient;
  readonly #token: string | undefined;
  readonly #agent: Agent | SecureAgent;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.api = new FolioClient({ url: this.url, token: token ?? '' });
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_MS };
    this.#agent = this.url.startsWith('https:') ? new SecureAgent(options) : new Agent(options);
  }

  /** Sends a request; rejects with a {@link PlatformError} where no answer comes, and with no other. */
  send({
    method,
    path,
    body,
    contentType = 'application/json',
    headers = {},
    signal,
  }: Request): Promise<Reply> {
    const started = performance.now();
    const request = this.url.startsWith('https:') ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new PlatformError(`${method} ${path}: ${error.message}`));
      const sent = request(
        this.url + path,
        {
          method,
          agent: this.#agent,
          ...(signal === undefined ? {} : { signal }),
          headers: {
            ...(this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` }),
            ...(body === undefined
              ? {}
              : { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers as Record<string, string>,
              text: Buffer.concat(chunks).toString(),
              ms: performance.now() - started,
            });
          });
        },
      );
      const timer = setTimeout(
        () => sent.destroy(new Error(`no answer within ${REQUEST_MS / 1_000} s`)),
        REQUEST_MS,
      );
      sent.on('error', fail);
      sent.on('close', () => clearTimeout(timer));
      sent.end(body);
    });
  }

  /** The answer to a GET; a {@link PlatformError} unless it is 200. */
  async get(path: string): Promise<Reply> {
    const reply = await this.send({ method: 'GET', path });
    if (reply.status !== 200) throw new PlatformError(`GET ${path} answered ${quote(reply)}`);
    return reply;
  }

  /** The JSON of a GET; a {@link PlatformError} unless it is 200. */
  async json<Body>(path: string): Promise<Body> {
    return JSON.parse((await this.get(path)).text) as Body;
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** An answer for an error message. */
export function quote({ status, text }: Reply): string {
  return `${status} ${text.slice(0, QUOTED_CHARACTERS)}`;
}
