/**
 * One keep-alive HTTP/1.1 connection with one request in flight. The requests are bytes made in advance and the answers
 * are looked at no further than needed: on two cores every cycle of the client is one that the server does not get.
 */
import { connect, type Socket } from 'node:net';

/** As much of an answer's body as is kept: enough for the counts of a batch or for the start of a problem. */
const BODY_KEPT_BYTES = 512;

/** A status line and headers longer than this come from something that is not our server. */
const HEAD_BYTES_MAX = 16_384;

const HEAD_END = Buffer.from('\r\n\r\n');

/** An answer. */
export interface Reply {
  readonly status: number;
  /** The first bytes of the body. */
  readonly start: string;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: Error) => void;
}

/** An open connection. Not to be given a request while another is in flight. */
export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #head: Buffer | undefined;
  #status = 0;
  #start = '';
  /** Bytes of the body still to come; undefined while the head is read. */
  #missing: number | undefined;
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Connects to a server on this machine. */
  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Connection(socket);
  }

  /** Sends the bytes of a request and resolves with its answer. The bytes must not change until then. */
  send(request: Buffer): Promise<Reply> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#closed ??= new Error('the connection was closed');
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#closed ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #receive(chunk: Buffer): void {
    if (this.#missing !== undefined) {
      this.#body(chunk);
      return;
    }
    const bytes = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = bytes;
      if (bytes.length > HEAD_BYTES_MAX) this.#fail(new Error('the head of an answer does not end'));
      return;
    }
    this.#head = undefined;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    // A 304 has no body, and its Content-Length, if any, is that of the answer that the client holds (RFC 9110, 15.4.5).
    const length = this.#status === 304 ? '0' : /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length: ${head}`));
      this.#socket.destroy();
      return;
    }
    this.#start = '';
    this.#missing = Number(length);
    this.#body(bytes.subarray(end + HEAD_END.length));
  }

  #body(chunk: Buffer): void {
    if (this.#start.length < BODY_KEPT_BYTES) {
      this.#start += chunk.toString('latin1', 0, BODY_KEPT_BYTES - this.#start.length);
    }
    this.#missing = (this.#missing ?? 0) - chunk.length;
    if (this.#missing > 0) return;
    this.#missing = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: this.#status, start: this.#start });
  }
}
