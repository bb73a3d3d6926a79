/**
 * What stands before an aggregate's first event: its entry in the directory, so that whoever lists what there was at a time finds
 * all of it, and the sweeper whatever alarm and memory have lost. No Cloudflare import.
 */

/** As much of the outbox as it needs. */
export interface Register {
  readonly isRegistered: boolean;
  /** Rejects where the directory does not answer. */
  register(): Promise<void>;
}

export class Entrance {
  readonly #register: Register;
  #entering: Promise<void> | undefined;
  #waiting = 0;

  constructor(register: Register) {
    this.#register = register;
  }

  /**
   * Does something once there is an entry, which is made where there is none and `isNeeded`. Whoever comes while others wait waits
   * behind them, and goes on in the order in which all came. Rejects for all of them where the directory does not answer.
   */
  async enter<Result>(isNeeded: () => boolean, go: () => Promise<Result>): Promise<Result> {
    if (this.#entering === undefined && (this.#register.isRegistered || !isNeeded())) return go();
    this.#entering ??= this.#register.register();
    this.#waiting++;
    try {
      await this.#entering;
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#entering = undefined;
    }
    // Nothing is awaited in between: who comes next may have nothing to wait for.
    return go();
  }
}
