/**
 * Queries and mutations of a socket that are being answered. A client sends again, over its next connection, whatever had no answer on
 * the one before: where the end of a connection is ours to choose, it comes after the answers to what was begun, or a mutation would
 * run twice without a fault of the network.
 */

/** How long a connection that is to end waits for its answers, milliseconds: longer than a command for its aggregate (`workers/inTime.ts`). */
export const ANSWERS_MS_MAX = 30_000;

/** Those of one socket, by their ids. */
export class Answering {
  readonly #ids = new Set<string>();
  #close: (() => void) | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;

  /** Whether nothing is to be begun any more. */
  get isEnding(): boolean {
    return this.#close !== undefined;
  }

  /** Whether this one is waited for. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** An operation is begun. */
  begin(id: string): void {
    this.#ids.add(id);
  }

  /** An operation has its answer, or is none that has one. */
  end(id: string): void {
    if (!this.#ids.delete(id) || this.#ids.size > 0) return;
    clearTimeout(this.#late);
    this.#close?.();
  }

  /** Closes once everything has its answer; the first reason counts. */
  endWith(close: () => void): void {
    if (this.#close !== undefined) return;
    this.#close = close;
    if (this.#ids.size === 0) close();
    else this.#late = setTimeout(close, ANSWERS_MS_MAX);
  }
}
