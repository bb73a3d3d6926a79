/** What a client is made with. */
import { FolioProblem } from './errors.ts';
import type { RetryPolicy } from './retry.ts';
import { RETRY_POLICY } from './retry.ts';

/** Options of a client; all but the first two have defaults. */
export interface ClientOptions {
  /** Where the platform is, such as `https://folio.example`. */
  readonly url: string;
  /**
   * The bearer token, or what gives one: asked before every attempt, so that an expired one can be replaced. `refused` is given
   * where the platform has just refused the one before (401): it is time for another, whatever the clock here says.
   */
  readonly token: string | ((refused?: FolioProblem) => string | Promise<string>);
  readonly retry?: { readonly [Name in keyof RetryPolicy]?: RetryPolicy[Name] | undefined } | undefined;
  /** Milliseconds that one attempt may take. */
  readonly timeoutMs?: number | undefined;
  /** In place of the runtime's own: for tests, proxies, and runtimes that lack one. */
  readonly fetch?: typeof fetch | undefined;
  /** The same for streams. Node has one of its own from 22 on; before, the one of the package `ws` will do. */
  readonly WebSocket?: SocketConstructor | undefined;
  /** From 0 to 1; for tests. */
  readonly random?: (() => number) | undefined;
  readonly sleep?: ((milliseconds: number) => Promise<void>) | undefined;
}

/** A socket as far as it is used here: that of browsers and of Node alike. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
}

/** What makes a socket. */
export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

/** Options with every default filled in. */
export interface Settings {
  readonly url: string;
  readonly token: (refused?: FolioProblem) => Promise<string>;
  /** Whether a failure is one that another token may mend, and another can be asked for. */
  readonly isRenewable: (failure: unknown) => failure is FolioProblem;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  /** Absent where neither the options nor the runtime have one: then there are no streams. */
  readonly WebSocket: SocketConstructor | undefined;
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** An answer that takes longer is taken for lost: the largest batch needs a second. */
const TIMEOUT_MS = 30_000;

/** Fills in the defaults. Throws where `url` is none to begin with: it would look like a platform that is out of reach. */
export function settingsOf(options: ClientOptions): Settings {
  const { url, token } = options;
  const { attempts, firstPauseMs, pauseMsMax } = options.retry ?? {};
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw new TypeError(`url has to be like https://folio.example, and is "${url}"`);
  }
  return {
    url: url.replace(/\/+$/, ''),
    // Out of a file it comes with a line break, which a header is rid of on its way, and with which no socket is opened.
    token: async (refused) => (typeof token === 'string' ? token : await token(refused)).trim(),
    isRenewable: (failure): failure is FolioProblem =>
      typeof token === 'function' && failure instanceof FolioProblem && failure.status === 401,
    retry: {
      attempts: attempts ?? RETRY_POLICY.attempts,
      firstPauseMs: firstPauseMs ?? RETRY_POLICY.firstPauseMs,
      pauseMsMax: pauseMsMax ?? RETRY_POLICY.pauseMsMax,
    },
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    WebSocket: options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined),
    random: options.random ?? Math.random,
    sleep: options.sleep ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))),
  };
}
