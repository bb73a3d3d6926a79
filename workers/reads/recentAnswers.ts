/**
 * Answers in the memory of this isolate, for as long as the data centre's cache would keep them: what is asked for again and
 * again costs not even a call of that cache. Bounded, oldest first: an isolate has 128 MB for everything.
 */

/** UTF-16 units of all bodies together: 16 MB at most, an eighth of what an isolate has. */
const UNITS_MAX = 8_000_000;

/** UTF-16 units of one body: a larger one would push out hundreds of others. */
const BODY_UNITS_MAX = 80_000;

/**
 * Part of its time after which an answer is read anew while readers are still given it. The moment is drawn for each answer
 * between this and the end, so that answers which began together do not end together, and a reader seldom waits for a view.
 */
const RENEWED_AFTER = 0.75;

/** An answer as it was sent before. */
export interface KeptAnswer {
  readonly version: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Recent {
  readonly answer: KeptAnswer;
  /** Milliseconds since the epoch from which it is given no more. */
  readonly until: number;
  /** Milliseconds since the epoch from which the next reader has it read anew; infinite once one has. */
  renewedFrom: number;
}

export class RecentAnswers {
  readonly #recent = new Map<string, Recent>();
  readonly #keptMs: number;
  readonly #random: () => number;
  #units = 0;

  /** Keeps each answer for `keptMs` milliseconds. `random` draws from 0 to 1. */
  constructor(keptMs: number, random: () => number = Math.random) {
    this.#keptMs = keptMs;
    this.#random = random;
  }

  /** The answer to a path, unless it is too old by `now`. */
  find(path: string, now: number): KeptAnswer | undefined {
    const found = this.#recent.get(path);
    return found !== undefined && found.until > now ? found.answer : undefined;
  }

  /** Whether it falls to this reader to have the answer to a path read anew: true once for each answer that is kept. */
  takesRenewal(path: string, now: number): boolean {
    const found = this.#recent.get(path);
    if (found === undefined || found.renewedFrom > now) return false;
    found.renewedFrom = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Whether an answer to the path is kept here, or was until no longer ago than that. */
  isBusy(path: string, now: number): boolean {
    const found = this.#recent.get(path);
    return found !== undefined && found.until + this.#keptMs > now;
  }

  /** Keeps an answer that was read at `now`, in place of an older one; the oldest make room for it. */
  keep(path: string, answer: KeptAnswer, now: number): void {
    const before = this.#recent.get(path);
    if (before !== undefined) this.#drop(path, before);
    if (answer.body.length > BODY_UNITS_MAX) return;
    const renewedFrom = now + this.#keptMs * (RENEWED_AFTER + (1 - RENEWED_AFTER) * this.#random());
    this.#recent.set(path, { answer, until: now + this.#keptMs, renewedFrom });
    this.#units += answer.body.length;
    for (const [oldest, recent] of this.#recent) {
      if (this.#units <= UNITS_MAX && recent.until + this.#keptMs > now) break;
      this.#drop(oldest, recent);
    }
  }

  #drop(path: string, { answer }: Recent): void {
    this.#recent.delete(path);
    this.#units -= answer.body.length;
  }
}
