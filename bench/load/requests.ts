/** Requests as bytes made in advance, of which only the ids are new each time. */
import { BENCH_TOKEN } from './token.ts';

/** Stands in a template wherever the number of the request goes. */
export const STAMP = '########';

const STAMP_BYTES = Buffer.from(STAMP);

/** Requests of this process, so that no two ever carry the same ids. */
let stamped = 0;

/** A number that no other request of this process has, as long as {@link STAMP}. */
export function nextStamp(): string {
  return (stamped++).toString(36).padStart(STAMP.length, '0');
}

/** A request to be sent once. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly commands: number;
  /** The account (or object) that it is for; of a mixed batch the first. */
  readonly target: string;
  /** Whether the server did with it what was asked. */
  readonly expects: Expectation;
}

/** What an answer must look like to count. */
export interface Expectation {
  readonly status: number;
  /** How the body must start. */
  readonly start: string;
}

/** Where a loop gets its requests from. */
export interface RequestSource {
  next(): PreparedRequest;
}

/** A request but for its ids. */
export interface RequestDescription {
  /** `POST` where nothing else is said. */
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly commands: number;
  readonly target: string;
  readonly expects: Expectation;
}

/** The first bytes of a request, up to its body. */
export function requestHead(
  {
    method = 'POST',
    path,
    contentType,
    headers = {},
  }: Pick<RequestDescription, 'method' | 'path' | 'contentType' | 'headers'>,
  bodyBytes: number,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${BENCH_TOKEN}\r\n` +
    `Content-Type: ${contentType}\r\n${lines.join('')}Content-Length: ${bodyBytes}\r\n\r\n`
  );
}

/** Makes requests that differ in nothing but their ids. */
export class RequestTemplate {
  readonly #description: RequestDescription;
  readonly #bytes: Buffer;
  readonly #places: number[] = [];

  constructor(description: RequestDescription) {
    const { body } = description;
    this.#description = description;
    this.#bytes = Buffer.from(requestHead(description, Buffer.byteLength(body)) + body);
    for (
      let place = this.#bytes.indexOf(STAMP_BYTES);
      place >= 0;
      place = this.#bytes.indexOf(STAMP_BYTES, place + STAMP_BYTES.length)
    ) {
      this.#places.push(place);
    }
  }

  /** The next request: a copy, since an earlier one may still be on its way to the socket. */
  make(): PreparedRequest {
    const bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#bytes.copy(bytes);
    const stamp = Buffer.from(nextStamp(), 'latin1');
    for (const place of this.#places) bytes.set(stamp, place);
    const { commands, target, expects } = this.#description;
    return { bytes, commands, target, expects };
  }
}

/** Takes the templates in turn. */
export function inTurn(templates: readonly RequestTemplate[]): RequestSource {
  let next = 0;
  return {
    next() {
      const template = templates[next++ % templates.length];
      if (template === undefined) throw new Error('there is no request to send');
      return template.make();
    },
  };
}
