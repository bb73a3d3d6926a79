/**
 * Digests of stretches of a log: what some question needs of a thousand events. A stretch is digested as it comes to its
 * end, with the event that ends it: one row in a thousand. What is missing, of a log that was written by an older release, is
 * made when it is first asked. The log behind digests never changes, so neither do they; any doubt, another recipe for one,
 * means making them anew.
 */
import { type DigestRecipe, STRETCH_EVENTS } from './decider.ts';
import { DigestTable } from './digestTable.ts';
import type { EventLog } from './eventLog.ts';
import { textReader } from './fieldText.ts';
import type { ActorStorage } from './storage.ts';
import type { StoredEvent } from './storedEvents.ts';

/** The digests of one log. */
export class LogDigests<Digest> {
  readonly #table: DigestTable<Digest>;
  readonly #log: EventLog;
  readonly #recipe: DigestRecipe<Digest>;
  readonly #textOf: (data: string) => string | undefined;
  /** The digest of the stretch that is not whole yet, where all of it was appended while this instance was there. */
  #running: Digest | undefined;

  constructor(storage: ActorStorage, log: EventLog, recipe: DigestRecipe<Digest>) {
    this.#table = new DigestTable(storage, recipe);
    this.#log = log;
    this.#recipe = recipe;
    this.#textOf = textReader(recipe.field);
  }

  /** The digest of a stretch that is whole: stretch 0 has versions 1 to 1,000. */
  of(stretch: number): Digest {
    const kept = this.#table.kept(stretch);
    if (kept !== undefined) return kept;
    const digest = this.#read(stretch);
    this.#table.keep(stretch, digest);
    return digest;
  }

  /**
   * Takes events that the log has just been given, within their transaction; one that is undone calls {@link forget}.
   * Returns rows written.
   */
  appended(events: readonly StoredEvent[]): number {
    let rowsWritten = 0;
    for (const { version, recordedAt, data } of events) {
      const place = (version - 1) % STRETCH_EVENTS;
      if (place === 0) this.#running = this.#recipe.empty();
      if (this.#running !== undefined) {
        const value = this.#textOf(data);
        if (value !== undefined)
          this.#running = this.#recipe.add(this.#running, { version, recordedAt, value });
      }
      if (place < STRETCH_EVENTS - 1) continue;
      const stretch = (version - 1 - place) / STRETCH_EVENTS;
      rowsWritten += this.#table.keep(stretch, this.#running ?? this.#read(stretch));
      this.#running = undefined;
    }
    return rowsWritten;
  }

  /** After a transaction that was undone: memory may be ahead of storage, and is given up. */
  forget(): void {
    this.#running = undefined;
    this.#table.forget();
  }

  #read(stretch: number): Digest {
    const { field } = this.#recipe;
    const values = this.#log.search.values(field, stretch * STRETCH_EVENTS, (stretch + 1) * STRETCH_EVENTS);
    return values.reduce((digest, value) => this.#recipe.add(digest, value), this.#recipe.empty());
  }
}
