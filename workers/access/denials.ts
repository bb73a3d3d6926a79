/** Which refused requests are recorded: each kind once, then how often it was repeated; never so many that they do harm. */
import type { Target } from './principal.ts';

/** Repeats of a recorded denial are counted for so long, and recorded with the next one after it. */
export const DENIAL_REPEAT_MS = 60_000;

/**
 * Different aggregates of which one user's denials are recorded in that time. What is above is recorded by the operation
 * alone: somebody who tries every id there is must not be able to fill a log.
 */
export const DENIED_TARGETS_MAX = 60;

/** Users and denials remembered at a time; with one more all is forgotten, which records some repeats again. */
export const DENIALS_REMEMBERED_MAX = 20_000;

/** A denial that is to be recorded now. */
export interface Recorded {
  readonly target: Target | undefined;
  /** How many since the same was recorded last, itself included. */
  readonly denials: number;
}

interface Remembered {
  readonly until: number;
  repeats: number;
}

/** What one isolate remembers of denials. */
export class Denials {
  readonly #remembered = new Map<string, Remembered>();
  /** Targets recorded, by user. */
  readonly #targets = new Map<string, { readonly until: number; count: number }>();

  /** Whether to record a denial at a time (milliseconds), and as what. */
  note(userId: string, operation: string, target: Target | undefined, now: number): Recorded | undefined {
    if (this.#remembered.size > DENIALS_REMEMBERED_MAX) this.#remembered.clear();
    if (this.#targets.size > DENIALS_REMEMBERED_MAX) this.#targets.clear();
    const exact = key(userId, operation, target);
    const known = this.#remembered.get(exact);
    if (known !== undefined && now < known.until) {
      known.repeats++;
      return undefined;
    }
    // One that was named a minute ago counts anew: else those known before would come on top of the new ones, minute after minute.
    if (target !== undefined && !this.#mayName(userId, now)) {
      return this.note(userId, operation, undefined, now);
    }
    this.#remembered.set(exact, { until: now + DENIAL_REPEAT_MS, repeats: 0 });
    return { target, denials: 1 + (known?.repeats ?? 0) };
  }

  /** Whether one more target of the user may be named. */
  #mayName(userId: string, now: number): boolean {
    let targets = this.#targets.get(userId);
    if (targets === undefined || now >= targets.until) {
      targets = { until: now + DENIAL_REPEAT_MS, count: 0 };
      this.#targets.set(userId, targets);
    }
    return ++targets.count <= DENIED_TARGETS_MAX;
  }
}

function key(userId: string, operation: string, target: Target | undefined): string {
  return `${userId} ${operation} ${target?.aggregateType ?? ''} ${target?.aggregateId ?? ''}`;
}
