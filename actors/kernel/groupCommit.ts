/**
 * Group commit: callers that arrive together are decided and committed together. A commit costs one flush of the disk
 * here and a replication across sites in production, a decision a few microseconds; so requests wait for the next
 * macrotask and share its commit. Each caller still gets its own answer, after that commit.
 */

/** Commands in one turn: a turn of this many takes some 50 ms, which bounds how long any caller waits for others. */
export const GROUP_COMMANDS_MAX = 2_000;

interface Request<Entry, Result> {
  readonly entries: readonly Entry[];
  readonly resolve: (results: Result[]) => void;
  readonly reject: (reason: unknown) => void;
}

export class GroupCommit<Entry, Result> {
  readonly #flush: (entries: readonly Entry[]) => Result[];
  readonly #schedule: (task: () => void) => void;
  #waiting: Request<Entry, Result>[] = [];

  /** `flush` runs one synchronous turn, all or nothing; `schedule` runs a task in a later macrotask. */
  constructor(flush: (entries: readonly Entry[]) => Result[], schedule: (task: () => void) => void) {
    this.#flush = flush;
    this.#schedule = schedule;
  }

  /** Resolves with one result an entry, in order. Rejects if the turn threw: a bug, and nothing was stored. */
  submit(entries: readonly Entry[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#schedule(() => this.#run());
      this.#waiting.push({ entries, resolve, reject });
    });
  }

  #run(): void {
    const group = this.#takeGroup();
    if (this.#waiting.length > 0) this.#schedule(() => this.#run());
    try {
      this.#answer(group);
    } catch (error) {
      // One caller's poison must not fail the others: each gets a turn of its own.
      if (group.length === 1) group[0]?.reject(error);
      else for (const request of group) this.#runAlone(request);
    }
  }

  #runAlone(request: Request<Entry, Result>): void {
    try {
      this.#answer([request]);
    } catch (error) {
      request.reject(error);
    }
  }

  #answer(group: readonly Request<Entry, Result>[]): void {
    const results = this.#flush(group.flatMap((request) => request.entries));
    let next = 0;
    for (const { entries, resolve } of group) {
      resolve(results.slice(next, next + entries.length));
      next += entries.length;
    }
  }

  #takeGroup(): Request<Entry, Result>[] {
    let commands = 0;
    let count = 0;
    while (count < this.#waiting.length) {
      commands += this.#waiting[count]?.entries.length ?? 0;
      if (count > 0 && commands > GROUP_COMMANDS_MAX) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
