/** Progress on a terminal: one line that changes; elsewhere, a line every few seconds. */

/** Between two lines where they cannot be overwritten. */
const LINE_MS = 3_000;

/** Between two updates of the one line: faster than this nobody reads. */
const UPDATE_MS = 100;

/** Columns of a terminal that does not tell, and how many are left free. */
const USUAL_COLUMNS = 80;
const MARGIN = 4;

const CLEAR_LINE = '\r\x1b[2K';

/** Where progress is written. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** One run's progress. */
export class Progress {
  readonly #stream: ProgressStream;
  #shownAt = 0;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  /** Shows the text, unless another was shown only just now. */
  show(text: string): void {
    const terminal = this.#stream.isTTY === true;
    const now = performance.now();
    if (now - this.#shownAt < (terminal ? UPDATE_MS : LINE_MS)) return;
    this.#shownAt = now;
    // A line that wraps cannot be cleared. Some terminals say that they have no columns.
    const fitting = text.slice(0, (this.#stream.columns || USUAL_COLUMNS) - MARGIN);
    this.#stream.write(terminal ? `${CLEAR_LINE}  ${fitting}` : `  … ${text}\n`);
  }

  /** Takes the line away, before something else is printed. */
  clear(): void {
    if (this.#stream.isTTY === true) this.#stream.write(CLEAR_LINE);
  }
}
