/** Addresses from which tokens keep being refused: they are not listened to for a while. */

/** Refused tokens of one address in a window of time: a person mistypes, a service retries, but not as often. */
export const REFUSALS_MAX = 100;

/** The window, in milliseconds. */
export const REFUSALS_WINDOW_MS = 10_000;

/** Addresses remembered at a time. */
const ADDRESSES_MAX = 10_000;

/** Counts refused tokens by address, in this isolate. */
export class RefusedAddresses {
  #window = Number.NEGATIVE_INFINITY;
  #refusals = new Map<string, number>();

  /** Seconds for which the address is not listened to; 0: it is. */
  waitSeconds(address: string, now: number): number {
    this.#advance(now);
    if ((this.#refusals.get(address) ?? 0) < REFUSALS_MAX) return 0;
    return Math.ceil(((this.#window + 1) * REFUSALS_WINDOW_MS - now) / 1_000);
  }

  /** A token from the address was refused. */
  add(address: string, now: number): void {
    this.#advance(now);
    if (this.#refusals.size >= ADDRESSES_MAX) this.#refusals.clear();
    this.#refusals.set(address, (this.#refusals.get(address) ?? 0) + 1);
  }

  #advance(now: number): void {
    const window = Math.floor(now / REFUSALS_WINDOW_MS);
    if (window === this.#window) return;
    this.#window = window;
    this.#refusals.clear();
  }
}
