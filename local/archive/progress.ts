/** Milliseconds between two lines. */
const INTERVAL_MS = 2_000;

/** Tells a person how far long work has come, now and then, where it is in nobody's way. */
export class Progress {
  #shownAt = Date.now();

  show(line: string): void {
    if (Date.now() - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = Date.now();
    console.error(`  ${line}`);
  }
}
