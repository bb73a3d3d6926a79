/** How much of a quota is left in the current window of time: what a limiter keeps in memory, and nothing that must last. */

/** What is taken from a quota at a time, to be handed out by whoever took it. */
export interface Lease {
  /** Units granted: what was wanted, or what was left. */
  readonly granted: number;
  /** Units that nobody has taken yet. */
  readonly left: number;
}

/** Units spent in one window. Windows are numbered by the callers' clock; the first call of a later one begins it. */
export class QuotaWindow {
  #window = Number.NEGATIVE_INFINITY;
  #spent = 0;

  /**
   * Takes up to `wanted` units of `quota` in the window, after counting `used` ones that the caller gave out before it asked.
   * A clock that is behind the others' spends from the window that they have begun.
   */
  lease(wanted: number, used: number, quota: number, window: number): Lease {
    if (window > this.#window) {
      this.#window = window;
      this.#spent = 0;
    }
    this.#spent += used;
    const granted = Math.max(0, Math.min(wanted, quota - this.#spent));
    this.#spent += granted;
    return { granted, left: Math.max(0, quota - this.#spent) };
  }
}
