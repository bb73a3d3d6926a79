/**
 * A local server that speaks as much of S3's documented interface as reading a bucket needs, with path-style addresses:
 * ListObjectsV2 in pages, GetObject, errors as XML. It recomputes every request's signature (Signature Version 4) itself, and
 * fails on demand.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const BUCKET = 'folio-archive';
export const ACCESS_KEY = { accessKeyId: 'auditor', secretAccessKey: 'auditor-secret' };

/** What a request is answered with instead: a status, or nothing, with the connection broken. */
export type Failure = 500 | 503 | 403 | 'broken connection';

interface S3Reply {
  readonly status: number;
  readonly body: string | Uint8Array;
}

export class S3Server {
  readonly objects: Map<string, Uint8Array>;
  readonly #server: Server;
  /** Objects of a page of a list. */
  pageKeys = 1_000;
  /** Failures of the next requests, one a request. */
  failures: Failure[] = [];
  /** Called before an object is given. */
  beforeGet: (key: string) => void = () => undefined;
  /** Requests so far, as `list` or the key that was read. */
  readonly requests: string[] = [];

  private constructor(objects: ReadonlyMap<string, Uint8Array>) {
    this.objects = new Map(objects);
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(objects: ReadonlyMap<string, Uint8Array>): Promise<S3Server> {
    const server = new S3Server(objects);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const failure = this.failures.shift();
    if (failure === 'broken connection') {
      request.socket.destroy();
      return;
    }
    const { status, body } =
      failure === undefined ? this.#reply(request) : errorReply(failure, 'AccessDenied', 'Not now & not you');
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) }).end(body);
  }

  #reply(request: IncomingMessage): S3Reply {
    const denied = denialOf(request);
    if (denied !== undefined) return denied;
    const url = new URL(request.url as string, this.endpoint);
    const [, bucket, ...parts] = url.pathname.split('/').map(decodeURIComponent);
    if (bucket !== BUCKET) return errorReply(404, 'NoSuchBucket', 'The specified bucket does not exist.');
    if (parts.length === 0) return this.#list(url.searchParams);
    const key = parts.join('/');
    this.requests.push(key);
    this.beforeGet(key);
    const bytes = this.objects.get(key);
    return bytes === undefined
      ? errorReply(404, 'NoSuchKey', 'The specified key does not exist.')
      : { status: 200, body: bytes };
  }

  #list(query: URLSearchParams): S3Reply {
    this.requests.push('list');
    if (query.get('list-type') !== '2') return errorReply(501, 'NotImplemented', 'Only the second version.');
    const prefix = query.get('prefix') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = Number(Buffer.from(query.get('continuation-token') ?? 'MA==', 'base64').toString());
    const to = from + Math.min(this.pageKeys, Number(query.get('max-keys') ?? 1_000));
    const page = keys.slice(from, to);
    const isTruncated = to < keys.length;
    const next = Buffer.from(String(to)).toString('base64');
    const body = [
      '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      `<Name>${BUCKET}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount>`,
      ...page.map((key) => `<Contents><Key>${escaped(key)}</Key><Size>1</Size></Contents>`),
      `<IsTruncated>${isTruncated}</IsTruncated>`,
      isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : '',
      '</ListBucketResult>',
    ];
    return { status: 200, body: body.join('') };
  }
}

/** Why a request is not the auditor's; undefined where it is. */
function denialOf(request: IncomingMessage): S3Reply | undefined {
  const { authorization = '', 'x-amz-date': date } = request.headers;
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(
    authorization,
  );
  if (match === null || typeof date !== 'string') return errorReply(403, 'AccessDenied', 'It is not signed.');
  const [, accessKeyId, scope, names, signature] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  if (accessKeyId !== ACCESS_KEY.accessKeyId) return errorReply(403, 'InvalidAccessKeyId', 'Unknown key.');
  const isSame = signatureOf(request, date, scope, names) === signature;
  return isSame ? undefined : errorReply(403, 'SignatureDoesNotMatch', 'It is signed by another secret.');
}

/** The signature that a request must have, by the steps of Signature Version 4. */
function signatureOf(request: IncomingMessage, date: string, scope: string, names: string): string {
  const url = new URL(request.url as string, 'http://host');
  const path = url.pathname.split('/').map((part) => encoded(decodeURIComponent(part)));
  const query = [...url.searchParams].map((pair) => pair.map(encoded).join('=')).sort();
  const headers = names.split(';').map((name) => `${name}:${request.headers[name]}\n`);
  const payload = request.headers['x-amz-content-sha256'];
  const canonical = [request.method, path.join('/'), query.join('&'), headers.join(''), names, payload].join(
    '\n',
  );
  const digest = createHash('sha256').update(canonical).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const secret: string | Buffer = `AWS4${ACCESS_KEY.secretAccessKey}`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, secret);
  return hmac(key, ['AWS4-HMAC-SHA256', date, scope, digest].join('\n')).toString('hex');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#x27;')
    .replaceAll('"', '&#34;');
}

function errorReply(status: number, code: string, message: string): S3Reply {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
  return { status, body };
}
