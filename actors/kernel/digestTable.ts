/**
 * Where what is worked out of stretches of a log is kept: a row each, in one table for all kinds. It is a cache of the log and
 * never a source; not a migration either, since most objects never have a stretch, and what is kept can be made again.
 */
import { type ActorStorage, STORED_TEXT_BYTES_MAX } from './storage.ts';

/** The digests of one kind. */
export class DigestTable<Digest> {
  readonly #storage: ActorStorage;
  readonly #name: string;
  readonly #version: number;
  #hasTable = false;

  /** `version` is raised whenever another digest would be made of the same events: what an older release kept is ignored. */
  constructor(storage: ActorStorage, { name, version }: { readonly name: string; readonly version: number }) {
    this.#storage = storage;
    this.#name = name;
    this.#version = version;
  }

  /** What is kept of a stretch; undefined where nothing is. */
  kept(stretch: number): Digest | undefined {
    if (!this.#isThere()) return undefined;
    const [row] = this.#storage.sql
      .exec<{ digest: string }>(
        'SELECT digest FROM digests WHERE name = ? AND stretch = ? AND recipe = ?',
        this.#name,
        stretch,
        this.#version,
      )
      .toArray();
    return row && JSON.parse(row.digest);
  }

  /** Keeps what was made of a stretch, unless it is too large for a row. Returns rows written. */
  keep(stretch: number, digest: Digest): number {
    const text = JSON.stringify(digest);
    if (Buffer.byteLength(text) > STORED_TEXT_BYTES_MAX) return 0;
    this.#prepare();
    return this.#storage.sql.exec(
      'INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)',
      this.#name,
      stretch,
      this.#version,
      text,
    ).rowsWritten;
  }

  /** After a transaction that was undone, the table may be gone. */
  forget(): void {
    this.#hasTable = false;
  }

  #prepare(): void {
    if (this.#isThere()) return;
    this.#storage.sql.exec(
      'CREATE TABLE digests (name TEXT NOT NULL, stretch INTEGER NOT NULL, recipe INTEGER NOT NULL, ' +
        'digest TEXT NOT NULL, PRIMARY KEY (name, stretch)) STRICT, WITHOUT ROWID',
    );
    this.#hasTable = true;
  }

  /** Asked of the catalogue: creating what is there already would make a reader's turn one that writes. */
  #isThere(): boolean {
    this.#hasTable ||=
      this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'digests'").toArray().length > 0;
    return this.#hasTable;
  }
}
