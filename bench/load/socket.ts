/** WebSockets of the load client: to the product's stream with receipts, to the baseline's rows without. */
import type { Server } from '../servers/server.ts';
import { BENCH_TOKEN } from './token.ts';

/** A frame that came, as far as anything here looks at it. */
export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly accepted?: number;
  readonly receipt?: number;
  readonly version?: number;
  readonly events?: readonly {
    readonly version: number;
    readonly metadata: { readonly commandId: string };
  }[];
}

/** An open socket. */
export class LoadSocket {
  readonly #socket: WebSocket;
  readonly #onFrame: (frame: Frame) => void;

  private constructor(socket: WebSocket, onFrame: (frame: Frame) => void) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Frame));
  }

  /** Opens one; rejects where the server does not take it. */
  static open(server: Server, onFrame: (frame: Frame) => void): Promise<LoadSocket> {
    const path = server.kind === 'baseline' ? 'socket' : 'v1/stream';
    const protocols = server.kind === 'baseline' ? [] : ['folio.v1', `bearer.${BENCH_TOKEN}`];
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/${path}`, protocols);
    const opened = new LoadSocket(socket, onFrame);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(opened));
      socket.addEventListener('error', () => reject(new Error(`the server takes no socket at /${path}`)));
    });
  }

  /** Sends a frame. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Ends it. */
  close(): void {
    this.#socket.close();
  }

  #take(frame: Frame): void {
    if (frame.type === 'error') throw new Error(`the server refused a frame: ${JSON.stringify(frame)}`);
    if (frame.type === 'receiptRequested') this.send(`{"type":"receipt","receipt":${frame.receipt}}`);
    else this.#onFrame(frame);
  }
}
