/**
 * A socket that waits for its reader. The platform does not tell how much of what was sent is still in its buffers, so every so
 * many bytes the reader is pinged, and answers with a pong when it has come so far. Most clients send the payload of the ping back,
 * which the protocol leaves to them: a pong without it answers the ping that has waited longest, as long as its sender has sent none
 * back. The bounds are those of the stream (workers/streams/flow.ts).
 */
import { CLOSE_CODES } from '../streams/connection.ts';
import { Flow, RECEIPT_MS_MAX, windowOf } from '../streams/flow.ts';

/** Characters of a reason to close: 123 bytes (RFC 6455, 5.5). */
const REASON_LENGTH_MAX = 120;

/**
 * Answers to pings that wait for their reader at a time. A reader that only lags behind what it follows goes on pinging, every ten
 * seconds or so, and is waited for for thirty; who sends more than this reads nothing.
 */
export const PONGS_WAITING_MAX = 10;

/** Codes with which a socket may be closed by hand (RFC 6455, 7.4): others tell what was, and are not sent. */
const isSendable = (code: number) => code === 1000 || code === 1009 || code === 1013 || code >= 3000;

/** Sockets of this isolate that are open. */
let openSockets = 0;

export class PacedSocket {
  readonly #socket: WebSocket;
  readonly #flow = new Flow(() => windowOf(openSockets));
  readonly #waiting: (() => void)[] = [];
  #isOpen = true;
  #isWatched = false;
  #pongsWaiting = 0;
  /** Receipts of the pings that wait for their pongs, in order. */
  #pinged: number[] = [];
  /** Whether the reader sends payloads back: then a pong without one is a sign of life alone. */
  #sendsBack = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    openSockets++;
  }

  /** Whether it was not closed yet. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a text, once the reader has come far enough, if it is wanted then. */
  async send(text: string, isWanted = () => true): Promise<void> {
    while (this.#isOpen && !this.#hasRoom) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (!this.#isOpen || !isWanted()) return;
    const receipt = this.#flow.sent(text);
    this.#socket.send(text);
    if (receipt !== undefined) {
      this.#pinged.push(receipt);
      this.#socket.send(JSON.stringify({ type: 'ping', payload: { receipt } }));
    }
    this.#watch();
  }

  /** Answers a ping of the reader's, as {@link send} does; false where too many answers wait already, and nobody seems to read. */
  async answerPing(payload: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    if (!this.#hasRoom && this.#pongsWaiting >= PONGS_WAITING_MAX) return false;
    this.#pongsWaiting++;
    await this.send(JSON.stringify({ type: 'pong', ...(payload === undefined ? {} : { payload }) }));
    this.#pongsWaiting--;
    return true;
  }

  /** The reader has come as far as its pong says. One that nobody asked for says nothing. */
  pong(payload: Readonly<Record<string, unknown>> | undefined): void {
    const receipt = payload?.receipt ?? this.#unsaidReceipt();
    if (typeof receipt !== 'number' || !this.#flow.confirm(receipt)) return;
    this.#sendsBack ||= payload?.receipt !== undefined;
    this.#pinged = this.#pinged.filter((other) => other > receipt);
    this.#goOn();
  }

  /** What a pong answers that does not say it. */
  #unsaidReceipt(): number | undefined {
    return this.#sendsBack ? undefined : this.#pinged[0];
  }

  /** Closes it; whoever waits to send goes on, and sends nothing. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    openSockets--;
    this.#goOn();
    const shown = reason.slice(0, REASON_LENGTH_MAX);
    this.#socket.close(isSendable(code) ? code : 1000, shown);
  }

  /** Whether the reader has come far enough for more. */
  get #hasRoom(): boolean {
    return this.#flow.hasRoom;
  }

  #goOn(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Ends the connection where no pong comes for too long. */
  #watch(): void {
    if (this.#isWatched || !this.#flow.isAwaiting) return;
    this.#isWatched = true;
    const { confirmed } = this.#flow;
    setTimeout(() => {
      this.#isWatched = false;
      if (!this.#isOpen) return;
      if (this.#flow.isAwaiting && this.#flow.confirmed === confirmed) {
        this.close(CLOSE_CODES.slow_consumer, `slow_consumer: no pong within ${RECEIPT_MS_MAX / 1_000} s`);
      } else this.#watch();
    }, RECEIPT_MS_MAX);
  }
}
