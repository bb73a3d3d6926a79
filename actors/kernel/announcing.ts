/** When an aggregate announces what it has committed: soon after a pause, and at intervals while commands keep coming. */
import { partOf } from '../../schemas/partition.ts';
import type { ActorDeps } from './actorDeps.ts';
import type { Outbox } from './outbox.ts';

/** Wait before the first announcement after a pause: long enough for a burst's first commits to share a message. */
const DELAY_MS = 10;

/** Between announcements while commands keep coming: each costs as much as several commands (docs/benchmarks.md). */
const INTERVAL_MS = 1_000;

/**
 * An aggregate's own interval is shorter by up to this much: those that began together, as at the opening of a market, would else
 * announce together for ever, and hold up commands meanwhile.
 */
const INTERVAL_SPREAD_MS = 250;

export class Announcing {
  readonly #outbox: Pick<Outbox, 'isDue' | 'isUrgent'>;
  readonly #deps: Pick<ActorDeps, 'after' | 'now'>;
  readonly #announce: (now: number) => void;
  readonly #intervalMs: number;
  #isScheduled = false;
  #lastAt = 0;

  /** `announce` is given the time at which it is called, milliseconds since 1970. */
  constructor(
    outbox: Pick<Outbox, 'isDue' | 'isUrgent'>,
    deps: Pick<ActorDeps, 'after' | 'now' | 'source'>,
    announce: (now: number) => void,
  ) {
    this.#outbox = outbox;
    this.#deps = deps;
    this.#announce = announce;
    this.#intervalMs = INTERVAL_MS - partOf(deps.source.aggregateId, INTERVAL_SPREAD_MS);
  }

  /** Announces at the next time, where there is something to announce. What waits for a queue that fails waits for the alarm. */
  schedule(now: number): void {
    if (this.#isScheduled || !this.#outbox.isDue(now)) return;
    const pause = this.#outbox.isUrgent(now) ? 0 : this.#intervalMs;
    this.#isScheduled = true;
    this.#deps.after(
      () => {
        this.#isScheduled = false;
        this.#lastAt = this.#deps.now();
        this.#announce(this.#lastAt);
      },
      Math.max(DELAY_MS, this.#lastAt + pause - now),
    );
  }
}
