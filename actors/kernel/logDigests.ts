/**
 * Digests of stretches of a log: what some question needs of a thousand events, made when it is first asked and kept from
 * then on. The log behind them never changes, so neither do they; any doubt, another recipe for one, means making them anew.
 * A write for a reader's sake: no command ever waits for one.
 */
import { type DigestRecipe, STRETCH_EVENTS } from './decider.ts';
import type { EventLog } from './eventLog.ts';
import type { ActorStorage } from './storage.ts';

/** The digests of one kind of one log. */
export class LogDigests<Digest> {
  readonly #storage: ActorStorage;
  readonly #log: EventLog;
  readonly #recipe: DigestRecipe<Digest>;
  #hasTable = false;

  constructor(storage: ActorStorage, log: EventLog, recipe: DigestRecipe<Digest>) {
    this.#storage = storage;
    this.#log = log;
    this.#recipe = recipe;
  }

  /** The digest of a stretch that is whole: stretch 0 has versions 1 to 1,000. */
  of(stretch: number): Digest {
    return this.#kept(stretch) ?? this.#make(stretch);
  }

  #make(stretch: number): Digest {
    const { name, version, field, make } = this.#recipe;
    const values = this.#log.search.values(field, stretch * STRETCH_EVENTS, (stretch + 1) * STRETCH_EVENTS);
    const digest = make(values);
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)',
      name,
      stretch,
      version,
      JSON.stringify(digest),
    );
    return digest;
  }

  #kept(stretch: number): Digest | undefined {
    this.#prepare();
    const { name, version } = this.#recipe;
    const [row] = this.#storage.sql
      .exec<{ digest: string }>(
        'SELECT digest FROM digests WHERE name = ? AND stretch = ? AND recipe = ?',
        name,
        stretch,
        version,
      )
      .toArray();
    return row && JSON.parse(row.digest);
  }

  /** Not a migration: most objects are never asked, and what is kept can be made again. */
  #prepare(): void {
    if (this.#hasTable) return;
    this.#storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS digests (name TEXT NOT NULL, stretch INTEGER NOT NULL, recipe INTEGER NOT NULL, ' +
        'digest TEXT NOT NULL, PRIMARY KEY (name, stretch)) STRICT, WITHOUT ROWID',
    );
    this.#hasTable = true;
  }
}
