/** How many lines may be under way at a time: whoever comes first begins first. */

interface Waiting {
  readonly lines: number;
  readonly begin: () => void;
}

export class LineBudget {
  readonly #linesMax: number;
  readonly #waiting: Waiting[] = [];
  #lines = 0;

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  /** Resolves once so many lines may begin; what alone is more than all begins when nothing else is under way. */
  take(lines: number): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.push({ lines, begin });
      this.#admit();
    });
  }

  /** So many lines have ended. */
  give(lines: number): void {
    this.#lines -= lines;
    this.#admit();
  }

  #admit(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#lines > 0 && this.#lines + first.lines > this.#linesMax) return;
      this.#waiting.shift();
      this.#lines += first.lines;
      first.begin();
    }
  }
}
