/** A client of the stream as tests have one: what it is sent is held against the schemas of the frames. */
import { exports } from 'cloudflare:workers';
import { expect } from 'vitest';
import { SERVER_FRAMES, type ServerFrame } from '../../workers/streams/frames.ts';
import { eventually, TEST_TOKEN } from './api.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

type FrameType = ServerFrame['type'];
type FrameOf<Type extends FrameType> = Extract<ServerFrame, { type: Type }>;

/** A socket and all that came over it. */
export class StreamClient {
  readonly frames: ServerFrame[] = [];
  /** Code and reason with which the server ended it. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Whether requests for receipts are answered. */
  givesReceipts = true;
  readonly #socket: WebSocket;
  #seen = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(String(data)));
    socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason };
    });
    socket.accept();
  }

  /** Opens a stream; with the local administrator's token unless `headers` say who else asks. */
  static async open(headers: Record<string, string> = {}): Promise<StreamClient> {
    const response = await openingReply(headers);
    if (response.webSocket === null)
      throw new Error(`no socket but ${response.status}: ${await response.text()}`);
    const client = new StreamClient(response.webSocket);
    await client.next('welcome');
    return client;
  }

  /** Sends a frame; a string as it is. */
  send(frame: unknown): void {
    this.#socket.send(
      typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame),
    );
  }

  /** The next frame of a type that was not looked at, waiting for it; frames before it are passed over. */
  async next<Type extends FrameType>(type: Type, withinMs?: number): Promise<FrameOf<Type>> {
    return eventually(async () => {
      const index = this.frames.findIndex((frame, at) => at >= this.#seen && frame.type === type);
      if (index < 0)
        throw new Error(`no ${type} among ${JSON.stringify(this.frames.slice(this.#seen)).slice(0, 500)}`);
      this.#seen = index + 1;
      return this.frames[index] as FrameOf<Type>;
    }, withinMs);
  }

  /** All frames of a type so far, of one subscription where its id is given. */
  all<Type extends FrameType>(type: Type, id?: string): FrameOf<Type>[] {
    return this.frames.filter(
      (frame): frame is FrameOf<Type> =>
        frame.type === type && (id === undefined || ('id' in frame && frame.id === id)),
    );
  }

  /** Versions of a subscription's events in the order in which they came. */
  versions(id: string): number[] {
    return this.all('events', id).flatMap(({ events }) => events.map(({ version }) => version));
  }

  close(): void {
    this.#socket.close(1000, 'done');
  }

  #take(text: string): void {
    if (text === 'pong') return;
    const frame = JSON.parse(text) as ServerFrame;
    expect(SERVER_FRAMES[frame.type]?.parse(frame), text.slice(0, 300)).toEqual(frame);
    this.frames.push(frame);
    if (frame.type === 'receiptRequested' && this.givesReceipts) {
      this.send({ type: 'receipt', receipt: frame.receipt });
    }
  }
}

/** The answer to a request for a stream. */
export function openingReply(headers: Record<string, string> = {}): Promise<Response> {
  const sent = new Headers({ Upgrade: 'websocket', Authorization: `Bearer ${TEST_TOKEN}` });
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  if (sent.get('Authorization') === '') sent.delete('Authorization');
  return worker.fetch('http://folio.test/v1/stream', { headers: sent });
}

let deposits = 0;

/** A command that pays cash in; every one is another. */
export function deposit(accountId: string, amount = '1') {
  const commandId = `deposit-${++deposits}`;
  return {
    commandId,
    aggregateType: 'account',
    aggregateId: accountId,
    type: 'DepositFunds',
    data: { amount },
  };
}

/** The numbers from one to another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
