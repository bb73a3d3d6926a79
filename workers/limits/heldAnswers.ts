/**
 * Large answers that are on their way. What an answer is made of stays in memory until its reader has taken it, and a reader may
 * take nothing: so its room is given back only then, and who takes nothing for too long loses the connection.
 */

/** Bytes of room from which on an answer is held: smaller ones are in the buffers of the connection before anybody could look. */
export const HELD_BYTES_MIN = 64 * 1024;

/** How long a reader may take nothing: as long as a receipt of a stream may take. */
export const TAKEN_MS_MAX = 30_000;

/**
 * Bytes that are handed to the connection at a time: a reader whose line takes some kilobytes a second moves often enough. Half a
 * megabyte so takes 1 ms of processor time, and 8 ms in the chunks of 4 KiB that a body is read in by itself.
 */
export const SLICE_BYTES = 64 * 1024;

interface Held {
  /** Milliseconds since 1970. */
  until: number;
  readonly release: () => void;
}

/** The answers of one isolate. */
export class HeldAnswers {
  readonly #now: () => number;
  /** Those whose readers moved last come last. */
  readonly #held = new Set<Held>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The body of an answer, which calls `release` once: when it was taken, was given up, or has not moved for too long. */
  hold(bytes: Uint8Array, release: () => void): ReadableStream<Uint8Array> {
    const held: Held = { until: this.#end(), release };
    this.#held.add(held);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let giveUp: () => void = () => undefined;
    let taken = 0;
    const end = () => {
      clearTimeout(timer);
      if (this.#held.delete(held)) release();
    };
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => giveUp(), TAKEN_MS_MAX);
      if (!this.#held.delete(held)) return;
      held.until = this.#end();
      this.#held.add(held);
    };
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          giveUp = () => {
            end();
            controller.error(new Error('nobody takes the answer'));
          };
          moved();
        },
        // Asked for only when what came before is with the connection: nothing is buffered here.
        pull(controller) {
          if (taken < bytes.byteLength) {
            moved();
            controller.enqueue(bytes.subarray(taken, taken + SLICE_BYTES));
            taken += SLICE_BYTES;
            return;
          }
          end();
          controller.close();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
  }

  /** Gives back the room of answers whose requests ended without a word, as those may whose clients went away. */
  expire(): void {
    const now = this.#now();
    for (const held of this.#held) {
      if (held.until > now) return;
      this.#held.delete(held);
      held.release();
    }
  }

  #end(): number {
    return this.#now() + TAKEN_MS_MAX;
  }
}
