/**
 * A subscription as Server-Sent Events (HTML, 9.2): a socket to a hub with one subscription, its frames told as events. So
 * what holds for a stream holds here. A receipt is given when the response has taken what came before, which makes the
 * reader's pace that of the subscription.
 */
import type { ServerFrame, SubscribeFrame } from './frames.ts';
import type { FrameError } from './incoming.ts';

type ErrorFrame = Extract<ServerFrame, { type: 'error' }>;

/** Pause after which a browser connects again, milliseconds. */
const RECONNECT_MS = 1_000;

/** Between comments that show the connection to whatever lies between it and the reader. */
const COMMENT_MS = 15_000;

/** How long the subscription may take to begin: as long as a hub waits for an aggregate, and a little. */
const BEGIN_MS_MAX = 8_000;

const encoder = new TextEncoder();

/** The body of the response, or why there is none. */
export type EventStream =
  | { readonly ok: true; readonly body: ReadableStream<Uint8Array> }
  | { readonly ok: false; readonly error: FrameError };

/** Subscribes over a socket that a hub has opened, and answers when the subscription has begun or was refused. */
export async function eventStream(socket: WebSocket, subscribe: SubscribeFrame): Promise<EventStream> {
  const bridge = new Bridge(socket);
  const begun = await bridge.subscribe(subscribe);
  if (begun.type === 'subscribed') return { ok: true, body: bridge.body };
  // The hub's own code: a frame that is read back has lost its type.
  return { ok: false, error: begun as FrameError };
}

type Begun =
  | Extract<ServerFrame, { type: 'subscribed' }>
  | Pick<ErrorFrame, 'type' | 'code' | 'detail' | 'errors'>;

class Bridge {
  readonly body: ReadableStream<Uint8Array>;
  readonly #socket: WebSocket;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #begin: ((begun: Begun) => void) | undefined;
  #receipt: number | undefined;
  #comments: ReturnType<typeof setInterval> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#giveReceipt(),
      cancel: () => this.#end(),
    });
    socket.addEventListener('message', ({ data }) => this.#take(String(data)));
    socket.addEventListener('close', () => this.#end());
    socket.addEventListener('error', () => this.#end());
    socket.accept();
  }

  async subscribe(frame: SubscribeFrame): Promise<Begun> {
    const begun = new Promise<Begun>((resolve) => {
      this.#begin = resolve;
    });
    const late = setTimeout(() => this.#begin?.(UNANSWERED), BEGIN_MS_MAX);
    this.#socket.send(JSON.stringify(frame));
    const first = await begun;
    clearTimeout(late);
    if (first.type === 'subscribed') {
      this.#enqueue(`retry: ${RECONNECT_MS}\n\n`);
      this.#comments = setInterval(() => this.#enqueue(':\n\n'), COMMENT_MS);
    } else this.#end();
    return first;
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    switch (frame.type) {
      case 'error':
        this.#begin?.(frame);
        break;
      case 'subscribed':
        this.#begin?.(frame);
        this.#enqueue(`event: subscribed\ndata: ${text}\n\n`);
        break;
      case 'receiptRequested':
        this.#receipt = frame.receipt;
        if ((this.#controller?.desiredSize ?? 0) > 0) this.#giveReceipt();
        break;
      case 'ended':
        this.#end();
        break;
      case 'events':
      case 'portfolio':
        this.#enqueue(`id: ${frame.version}\nevent: ${frame.type}\ndata: ${text}\n\n`);
        break;
      case 'welcome':
      case 'results':
      case 'unsubscribed':
        break;
    }
  }

  #giveReceipt(): void {
    if (this.#receipt === undefined) return;
    this.#socket.send(JSON.stringify({ type: 'receipt', receipt: this.#receipt }));
    this.#receipt = undefined;
  }

  #enqueue(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }

  /** The reader has gone, or the hub has ended the connection: the reader connects again and goes on where it was. */
  #end(): void {
    this.#begin?.(UNANSWERED);
    clearInterval(this.#comments);
    const controller = this.#controller;
    this.#controller = undefined;
    try {
      controller?.close();
    } catch {
      // The reader cancelled: it is closed already.
    }
    this.#socket.close(1000, 'done');
  }
}

const UNANSWERED: Begun = { type: 'error', code: 'unavailable', detail: 'The subscription did not begin.' };
