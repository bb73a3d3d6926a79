/** The last things that happened: what a failing run prints. */

/** Entries kept: enough to see how a broken promise came about. */
const TRACE_ENTRIES_MAX = 4_000;

export class Trace {
  /** Formatted when somebody reads them: most runs never do. */
  readonly #entries: { step: number; clock: number; parts: readonly unknown[] }[] = [];
  step = 0;

  note(clock: number, ...parts: readonly unknown[]): void {
    this.#entries.push({ step: this.step, clock, parts });
    if (this.#entries.length > 2 * TRACE_ENTRIES_MAX) this.#entries.splice(0, TRACE_ENTRIES_MAX);
  }

  /** The last entries as lines, times counted from `epoch`. */
  lines(count: number, epoch: number): string[] {
    const last = this.#entries.slice(Math.max(0, this.#entries.length - count));
    return last.map(({ step, clock, parts }) => {
      const time = ((clock - epoch) / 1_000).toFixed(3);
      return `${String(step).padStart(6)} ${time.padStart(10)}s  ${parts.map(textOf).join(' ')}`;
    });
  }
}

function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return `${part.name}: ${part.message}`;
  return JSON.stringify(part) ?? 'undefined';
}
