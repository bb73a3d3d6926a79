/**
 * Flow control of a socket. A socket of the platform takes whatever is sent and does not tell how much of it is still in its
 * buffer, so receivers say how far they have come: every so many bytes they are asked for a receipt, which they send back
 * in order with all else. What has no receipt is bounded, and so is the time that a receipt may take.
 */

/** Bytes between two requests for a receipt. */
export const RECEIPT_BYTES = 256 * 1024;

/** Bytes without a receipt above which subscriptions wait and commands are refused. */
export const UNCONFIRMED_BYTES_MAX = 2 * 1024 * 1024;

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

  constructor([sent, requested, confirmed]: FlowState = [0, 0, 0]) {
    this.#sent = sent;
    this.#requested = requested;
    this.#confirmed = confirmed;
  }

  get state(): FlowState {
    return [this.#sent, this.#requested, this.#confirmed];
  }

  get hasRoom(): boolean {
    return this.#sent - this.#confirmed < UNCONFIRMED_BYTES_MAX;
  }

  /** Whether so much was sent without a receipt that the connection has to end. */
  get isOverrun(): boolean {
    return this.#sent - this.#confirmed > UNCONFIRMED_BYTES_END;
  }

  /** Whether a receipt is awaited. */
  get isAwaiting(): boolean {
    return this.#requested > this.#confirmed;
  }

  /** How far receipts go: what has changed after a while shows a receiver that keeps up. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Counts a frame. The number of the receipt to ask for, where it is time. */
  sent(text: string): number | undefined {
    // Nearly all of it is ASCII; what is not may take up to three bytes a character, which the bounds can bear.
    this.#sent += text.length;
    if (this.#sent - this.#requested < RECEIPT_BYTES) return undefined;
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
