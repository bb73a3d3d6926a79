/**
 * Bounded load: what is done for nobody in particular lets others have their turn. Where objects and Worker share a thread, as in a local run,
 * its calls follow each other without a gap, and nobody else's request is even read before it pauses.
 */
import type { Statement, ViewDatabase } from './database.ts';

/** Work between two pauses while others ask for something: what a request waits for one. A pause takes a millisecond or two. */
export const SLICE_MS = 2;

/** The same while nobody does, so that work by itself loses next to nothing. */
export const QUIET_SLICE_MS = 100;

/** How long slices stay short and portions small after somebody was seen. */
export const BUSY_MS = 1_000;

/** Pauses in a row at most, of somewhat more than a millisecond each where the thread is free: whatever others do, the work gets on. */
export const PAUSES_MAX = 16;

/** A pause that takes longer than this ended late: the thread was busy with what had begun before, and sockets were not read. */
export const PAUSE_MS_MAX = 3;

/** Such pauses at most while nobody is seen to wait: what has begun is done in a few, and timers that are always late tell nothing. */
export const LATE_PAUSES_MAX = 4;

/**
 * Calls to owners that begin together. What has begun is done before others have a turn, so of many small aggregates it is what they
 * wait for; and where a call is mostly the way to its owner and back, so many of them still share it.
 */
export const GROUP_CALLS = 20;

/** The world of the pacing. */
export interface PacingDeps {
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends once others had their turn. */
  pause(): Promise<void>;
  /** Whether somebody else's request is in flight. */
  isAwaited(): boolean;
  /** Requests that have come so far, also those that were answered meanwhile. */
  taken(): number;
}

/** Asks about every item, so many at a time that others get their turn in between; answers in the order of the items. */
export async function askInGroups<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item, index: number) => Promise<Answer>,
  groupCalls = GROUP_CALLS,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let first = 0; first < items.length; first += groupCalls) {
    const group = items.slice(first, first + groupCalls);
    answers.push(...(await Promise.all(group.map((item, index) => ask(item, first + index)))));
  }
  return answers;
}

/** When the calls of some work may begin: one for all of it, since it shares the thread. */
export class Pacing {
  readonly #world: PacingDeps;
  #pausedAt: number;
  /** Requests that had come by then. */
  #taken: number;
  /** At first somebody is taken to wait, until for so long nobody was seen to. */
  #busyUntil: number;
  /** Calls that come meanwhile wait for its end: what reads and what stores would else never rest at the same time. */
  #pause: Promise<void> | undefined;
  readonly #calls = { all: 0, databases: 0 };

  constructor(world: PacingDeps) {
    this.#world = world;
    this.#pausedAt = world.now();
    this.#taken = world.taken();
    this.#busyUntil = this.#pausedAt + BUSY_MS;
  }

  /** Whether somebody was seen to wait of late. */
  get isBusy(): boolean {
    return this.#world.now() < this.#busyUntil;
  }

  /** Calls that it has let through, and of these the calls of databases. */
  get calls(): { readonly all: number; readonly databases: number } {
    return this.#calls;
  }

  /** The same call, made once others had their turn where it is time for that. */
  afterOthers<Range extends unknown[], Answer>(
    ask: (...range: Range) => Promise<Answer>,
  ): (...range: Range) => Promise<Answer> {
    return async (...range) => {
      await this.letOthersGoFirst();
      this.#calls.all++;
      return ask(...range);
    };
  }

  /** A database whose statements are such calls. */
  database(database: ViewDatabase): ViewDatabase {
    const counted = <Answer>(ask: () => Promise<Answer>) =>
      this.afterOthers(() => {
        this.#calls.databases++;
        return ask();
      })();
    return {
      all: <Row>(statement: Statement) => counted(() => database.all<Row>(statement)),
      batch: (statements) => counted(() => database.batch(statements)),
    };
  }

  async letOthersGoFirst(): Promise<void> {
    const slice = this.isBusy ? SLICE_MS : QUIET_SLICE_MS;
    if (this.#pause === undefined && this.#world.now() - this.#pausedAt >= slice) {
      this.#pause = this.#rest().finally(() => {
        this.#pause = undefined;
      });
    }
    await this.#pause;
  }

  /** Pauses until nobody is waiting and one ended in time, which none does while calls of the work keep the thread. */
  async #rest(): Promise<void> {
    const { now, pause, isAwaited, taken } = this.#world;
    for (let pauses = 0, latePauses = 0; pauses < PAUSES_MAX && latePauses < LATE_PAUSES_MAX; pauses++) {
      const begun = now();
      await pause();
      this.#pausedAt = now();
      const before = this.#taken;
      this.#taken = taken();
      if (isAwaited() || this.#taken > before) this.#busyUntil = this.#pausedAt + BUSY_MS;
      if (isAwaited()) continue;
      if (this.#pausedAt - begun <= PAUSE_MS_MAX) return;
      latePauses++;
    }
  }
}
