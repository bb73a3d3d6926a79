/** What the notary keeps: the tree over all manifests, every checkpoint, every key's record, and what it is about to put. */
import { migrate } from '../../actors/kernel/migrations.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import type { Checkpoint, KeyRecord } from './checkpoint.ts';
import { NO_MANIFEST } from './manifest.ts';
import { appended, type Digest, type Tree } from './merkle.ts';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE nodes (
     level INTEGER NOT NULL, position INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (level, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE log (
     id INTEGER PRIMARY KEY CHECK (id = 1), manifests INTEGER NOT NULL, events INTEGER NOT NULL, hash TEXT NOT NULL
   ) STRICT;
   CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, manifests INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
   CREATE TABLE keys (position INTEGER PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT;
   CREATE TABLE draft (id INTEGER PRIMARY KEY CHECK (id = 1), kind TEXT NOT NULL, record TEXT NOT NULL) STRICT;`,
];

/** How far the notary has read the manifests. */
export interface LogHead {
  readonly manifests: number;
  readonly events: number;
  /** Hash of the last of them. */
  readonly hash: string;
}

/** What is about to be put into the bucket. */
export type Draft =
  | { readonly kind: 'key'; readonly record: KeyRecord }
  | { readonly kind: 'checkpoint'; readonly record: Checkpoint };

export class NotaryTables implements Tree {
  readonly #storage: ActorStorage;

  constructor(storage: ActorStorage) {
    this.#storage = storage;
    migrate(storage, MIGRATIONS);
  }

  log(): LogHead {
    const [row] = this.#rows<{ manifests: number; events: number; hash: string }>(
      'SELECT manifests, events, hash FROM log',
    );
    return row ?? { manifests: 0, events: 0, hash: NO_MANIFEST };
  }

  /** Adds the next manifest as a leaf. */
  append(leaf: Digest, head: LogHead): void {
    const index = head.manifests - 1;
    this.#storage.transactionSync(() => {
      appended(this, index, leaf).forEach((digest, level) => {
        const bytes = new Uint8Array(digest).buffer;
        this.#storage.sql.exec(
          'INSERT INTO nodes VALUES (?, ?, ?)',
          level,
          Math.floor(index / 2 ** level),
          bytes,
        );
      });
      const sql = 'INSERT OR REPLACE INTO log VALUES (1, ?, ?, ?)';
      this.#storage.sql.exec(sql, head.manifests, head.events, head.hash);
    });
  }

  subtree(level: number, index: number): Digest {
    const sql = 'SELECT digest FROM nodes WHERE level = ? AND position = ?';
    const [row] = this.#rows<{ digest: ArrayBuffer }>(sql, level, index);
    if (row === undefined) throw new RangeError(`the log has no subtree ${index} of level ${level}`);
    return new Uint8Array(row.digest);
  }

  latest(): Checkpoint | undefined {
    return this.#checkpoints('ORDER BY sequence DESC LIMIT 1')[0];
  }

  checkpoint(sequence: number): Checkpoint | undefined {
    return this.#checkpoints('WHERE sequence = ?', sequence)[0];
  }

  /** Checkpoints after a number, in order. */
  after(sequence: number, limit: number): Checkpoint[] {
    return this.#checkpoints('WHERE sequence > ? ORDER BY sequence LIMIT ?', sequence, limit);
  }

  keys(): KeyRecord[] {
    return this.#rows<{ record: string }>('SELECT record FROM keys ORDER BY position').map(({ record }) =>
      JSON.parse(record),
    );
  }

  draft(): Draft | undefined {
    const [row] = this.#rows<{ kind: 'key' | 'checkpoint'; record: string }>(
      'SELECT kind, record FROM draft',
    );
    return row === undefined ? undefined : ({ kind: row.kind, record: JSON.parse(row.record) } as Draft);
  }

  saveDraft({ kind, record }: Draft): void {
    this.#storage.sql.exec('INSERT INTO draft VALUES (1, ?, ?)', kind, JSON.stringify(record));
  }

  /** The draft is in the bucket: from now on it counts. */
  published(draft: Draft): void {
    this.#storage.transactionSync(() => {
      if (draft.kind === 'key') this.adoptKey(draft.record);
      else this.#addCheckpoint(draft.record);
      this.#storage.sql.exec('DELETE FROM draft');
    });
  }

  /** Enters a checkpoint that the bucket has, with the record of its key. */
  adopt(checkpoint: Checkpoint, key: KeyRecord): void {
    this.#storage.transactionSync(() => {
      this.adoptKey(key);
      this.#addCheckpoint(checkpoint);
    });
  }

  /** Enters the record of a key that the bucket has. */
  adoptKey(record: KeyRecord): void {
    const sql = 'INSERT OR IGNORE INTO keys (key_id, record) VALUES (?, ?)';
    this.#storage.sql.exec(sql, record.key.keyId, JSON.stringify(record));
  }

  #addCheckpoint(record: Checkpoint): void {
    const { sequence, manifests } = record.checkpoint;
    const sql = 'INSERT INTO checkpoints VALUES (?, ?, ?)';
    this.#storage.sql.exec(sql, sequence, manifests, JSON.stringify(record));
  }

  #checkpoints(clause: string, ...bindings: number[]): Checkpoint[] {
    return this.#rows<{ record: string }>(`SELECT record FROM checkpoints ${clause}`, ...bindings).map(
      ({ record }) => JSON.parse(record),
    );
  }

  #rows<Row extends Record<string, ArrayBuffer | string | number | null>>(
    query: string,
    ...bindings: number[]
  ): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
