/** How long a run goes on asking: for as long as anything gets on, however slow the machine and whatever dies on it. */

/** Pause before a request is sent again that was not answered. */
export const RETRY_MS = 200;

export class Patience {
  /** Milliseconds without any progress after which nothing more is expected. */
  readonly ms: number;
  #progressAt = performance.now();

  constructor(ms: number) {
    this.ms = ms;
  }

  /** Something that was waited for has come. */
  progress(): void {
    this.#progressAt = performance.now();
  }

  get isOver(): boolean {
    return performance.now() - this.#progressAt > this.ms;
  }
}
