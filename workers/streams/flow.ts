/**
 * Flow control of a socket. A socket of the platform takes whatever is sent and does not tell how much of it is still in its
 * buffer, so receivers say how far they have come: every so many bytes they are asked for a receipt, which they send back
 * in order with all else. What has no receipt is bounded, and so is the time that a receipt may take.
 *
 * The bound is the socket's window. All the sockets of an isolate share what their readers may leave unread: the more
 * there are, the smaller is each one's window, so that a client with a thousand sockets that it never reads does not use up the
 * 128 MB that everybody's sockets live in.
 */

/** Bytes without a receipt above which commands are refused, of one socket among few. */
export const UNCONFIRMED_BYTES_MAX = 2 * 1024 * 1024;

/** The same of one among many: a window this small still brings a reader 100 ms away 300 kB a second, 240 kB of what it follows. */
export const UNCONFIRMED_BYTES_MIN = 32 * 1024;

/** Windows of all sockets together, as long as none would be smaller than one may be. */
export const UNCONFIRMED_BYTES_ALL = 64 * 1024 * 1024;

/**
 * How much of a window subscriptions fill, before they wait: the rest is for results. Whoever follows more than the connection can
 * carry would else never have a command taken, since what it follows takes all room as soon as there is some.
 */
export const SHOWN_SHARE = 3 / 4;

/** Receipts that are asked for in the course of one window. */
const RECEIPTS_A_WINDOW = 8;

/** Bytes between two requests for a receipt, of a socket among few. */
export const RECEIPT_BYTES = UNCONFIRMED_BYTES_MAX / RECEIPTS_A_WINDOW;

/** The window of each of so many sockets. */
export function windowOf(sockets: number): number {
  const share = Math.floor(UNCONFIRMED_BYTES_ALL / Math.max(1, sockets));
  return Math.min(UNCONFIRMED_BYTES_MAX, Math.max(UNCONFIRMED_BYTES_MIN, share));
}

/** Bytes without a receipt above which the connection ends: answers to frames sent regardless. */
export const UNCONFIRMED_BYTES_END = 8 * 1024 * 1024;

/** How long a receipt may take. A network that stalls for longer than this has lost the connection. */
export const RECEIPT_MS_MAX = 30_000;

/** Flow of one socket, as it survives hibernation: bytes sent in all, bytes at the last request, bytes confirmed. */
export type FlowState = readonly [sent: number, requested: number, confirmed: number];

export class Flow {
  #sent: number;
  #requested: number;
  #confirmed: number;
  readonly #window: () => number;

  /** `window` says how much may be without a receipt, now: see {@link windowOf}. */
  constructor(window: () => number, [sent, requested, confirmed]: FlowState = [0, 0, 0]) {
    this.#window = window;
    this.#sent = sent;
    this.#requested = requested;
    this.#confirmed = confirmed;
  }

  get state(): FlowState {
    return [this.#sent, this.#requested, this.#confirmed];
  }

  /** Whether there is room for more; always where no receipt is awaited, since none would make room: what is sent next asks for one. */
  get hasRoom(): boolean {
    return !this.isAwaiting || this.unconfirmed < this.#window();
  }

  /** What subscriptions may have of the window. */
  get shownMax(): number {
    return this.#window() * SHOWN_SHARE;
  }

  /** What has no receipt. */
  get unconfirmed(): number {
    return this.#sent - this.#confirmed;
  }

  /** Whether so much was sent without a receipt that the connection has to end. */
  get isOverrun(): boolean {
    return this.unconfirmed > UNCONFIRMED_BYTES_END;
  }

  /** Whether a receipt is awaited. */
  get isAwaiting(): boolean {
    return this.#requested > this.#confirmed;
  }

  /** How far receipts go: what has changed after a while shows a receiver that keeps up. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Counts a frame. The number of the receipt to ask for, where it is time: after `receiptEvery` at the latest. */
  sent(text: string, receiptEvery = Number.POSITIVE_INFINITY): number | undefined {
    // Nearly all of it is ASCII; what is not may take up to three bytes a character, which the bounds can bear.
    this.#sent += text.length;
    const most = Math.min(receiptEvery, this.#window() / RECEIPTS_A_WINDOW);
    if (this.#sent - this.#requested < most) return undefined;
    this.#requested = this.#sent;
    return this.#requested;
  }

  /** Takes a receipt; false where none of this number was asked for. */
  confirm(receipt: number): boolean {
    if (receipt > this.#requested || receipt <= this.#confirmed) return false;
    this.#confirmed = receipt;
    return true;
  }
}
