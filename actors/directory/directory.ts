/** One part of the directory of aggregates over its storage. No Cloudflare import: the simulation runs this very class. */
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage } from '../kernel/storage.ts';

/** Entries in one answer: a page of ids stays far under the 32 MiB of an RPC. */
export const DIRECTORY_PAGE_MAX = 1_000;

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE aggregates (
     aggregate_type TEXT NOT NULL, aggregate_id TEXT NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE sweep (id INTEGER PRIMARY KEY CHECK (id = 1), after_type TEXT NOT NULL, after_id TEXT NOT NULL) STRICT;`,
  `CREATE TABLE walks (walk TEXT PRIMARY KEY, after_type TEXT, after_id TEXT, ended_at INTEGER) STRICT, WITHOUT ROWID;`,
];

/** One aggregate of the directory. */
export interface DirectoryEntry {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** Where a listing stands: the last entry already given. */
export type DirectoryCursor = DirectoryEntry;

/** Where another walk than the sweep stands in this part. */
export interface Walk {
  /** The last entry that it has passed; null at the beginning. */
  readonly after: DirectoryCursor | null;
  /** When it came to the end last, milliseconds since 1970; null: never. */
  readonly endedAt: number | null;
}

export class Directory {
  readonly #storage: ActorStorage;

  constructor(storage: ActorStorage) {
    this.#storage = storage;
    migrate(storage, MIGRATIONS);
  }

  /** Enters an aggregate; repeating it changes nothing. */
  register(aggregateType: string, aggregateId: string): void {
    this.#storage.sql.exec('INSERT OR IGNORE INTO aggregates VALUES (?, ?)', aggregateType, aggregateId);
  }

  /** The entries after a cursor, in order; fewer than `limit` at the end. */
  list(after: DirectoryCursor | null, limit: number): DirectoryEntry[] {
    return this.#storage.sql
      .exec<{ aggregate_type: string; aggregate_id: string }>(
        'SELECT aggregate_type, aggregate_id FROM aggregates WHERE (aggregate_type, aggregate_id) > (?, ?) ' +
          'ORDER BY aggregate_type, aggregate_id LIMIT ?',
        after?.aggregateType ?? '',
        after?.aggregateId ?? '',
        Math.min(limit, DIRECTORY_PAGE_MAX),
      )
      .toArray()
      .map((row) => ({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }));
  }

  /** Those of some aggregates that were never entered. */
  unknown(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
    return this.#storage.sql
      .exec<{ aggregate_type: string; aggregate_id: string }>(
        'SELECT value ->> 0 AS aggregate_type, value ->> 1 AS aggregate_id FROM json_each(?) WHERE NOT EXISTS ' +
          '(SELECT 1 FROM aggregates AS a WHERE a.aggregate_type = value ->> 0 AND a.aggregate_id = value ->> 1)',
        JSON.stringify(entries.map(({ aggregateType, aggregateId }) => [aggregateType, aggregateId])),
      )
      .toArray()
      .map((row) => ({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }));
  }

  /** Where the rolling sweep of this part stands; null at the beginning. */
  sweepCursor(): DirectoryCursor | null {
    const row = this.#storage.sql
      .exec<{ after_type: string; after_id: string }>('SELECT after_type, after_id FROM sweep')
      .toArray()[0];
    return row === undefined ? null : { aggregateType: row.after_type, aggregateId: row.after_id };
  }

  /** Remembers how far the sweep has come; null starts it over. */
  saveSweepCursor(cursor: DirectoryCursor | null): void {
    if (cursor === null) this.#storage.sql.exec('DELETE FROM sweep');
    else {
      this.#storage.sql.exec(
        'INSERT OR REPLACE INTO sweep VALUES (1, ?, ?)',
        cursor.aggregateType,
        cursor.aggregateId,
      );
    }
  }

  /** Where a walk of this name stands. */
  walk(name: string): Walk {
    const [row] = this.#storage.sql
      .exec<{ after_type: string | null; after_id: string | null; ended_at: number | null }>(
        'SELECT after_type, after_id, ended_at FROM walks WHERE walk = ?',
        name,
      )
      .toArray();
    const {
      after_type: aggregateType = null,
      after_id: aggregateId = null,
      ended_at: endedAt = null,
    } = row ?? {};
    const after = aggregateType === null || aggregateId === null ? null : { aggregateType, aggregateId };
    return { after, endedAt };
  }

  /** Remembers where a walk stands. */
  saveWalk(name: string, { after, endedAt }: Walk): void {
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO walks VALUES (?, ?, ?, ?)',
      name,
      after?.aggregateType ?? null,
      after?.aggregateId ?? null,
      endedAt,
    );
  }
}
