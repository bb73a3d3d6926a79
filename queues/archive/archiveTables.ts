/**
 * What the archivist keeps: events that wait for a segment, segments that wait to be put into the bucket, and how far each
 * aggregate was archived. All of it can be had again: waiting events are in the logs, the rest is in the manifests.
 */
import { migrate } from '../../actors/kernel/migrations.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import { type Manifest, manifestHash, NO_MANIFEST } from './manifest.ts';
import type { Chain } from './manifestChain.ts';

/** A row holds 2 MB. */
const ROW_BYTES_MAX = 1_900_000;

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE pending (
     id INTEGER PRIMARY KEY AUTOINCREMENT, arrived_at INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,
     messages TEXT NOT NULL
   ) STRICT;
   CREATE TABLE drafts (position INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;
   CREATE TABLE draft_bytes (
     position INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (position, part)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE manifests (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, events INTEGER NOT NULL) STRICT;
   CREATE TABLE ranges (
     aggregate_type TEXT NOT NULL, aggregate_id TEXT NOT NULL, to_version INTEGER NOT NULL, from_version INTEGER NOT NULL,
     hash TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, to_version)
   ) STRICT, WITHOUT ROWID;`,
];

/** What waits for a segment. */
export interface Waiting {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds since 1970; null where nothing waits. */
  readonly oldestAt: number | null;
}

/** One row of waiting messages, as the outbox wrote them. */
export interface PendingRow {
  readonly id: number;
  readonly events: number;
  readonly bytes: number;
  readonly messages: readonly string[];
}

/** Messages about to wait, with the number of events that they announce. */
export interface Arrival {
  readonly text: string;
  readonly events: number;
}

/** An object on its way into the bucket. */
export interface DraftObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** How far an aggregate was archived. */
export interface Position {
  readonly version: number;
  readonly hash: string;
}

export class ArchiveTables {
  readonly #storage: ActorStorage;

  constructor(storage: ActorStorage) {
    this.#storage = storage;
    migrate(storage, MIGRATIONS);
  }

  transaction(closure: () => void): void {
    this.#storage.transactionSync(closure);
  }

  waiting(): Waiting {
    const [row] = this.#rows<{ events: number; bytes: number; oldest: number | null }>(
      'SELECT COALESCE(SUM(events), 0) AS events, COALESCE(SUM(bytes), 0) AS bytes, MIN(arrived_at) AS oldest FROM pending',
    );
    return { events: row?.events ?? 0, bytes: row?.bytes ?? 0, oldestAt: row?.oldest ?? null };
  }

  /** Stores messages in as few rows as they fit into: each row written costs the same, whatever its size. */
  wait(arrivals: readonly Arrival[], now: number): void {
    let texts: string[] = [];
    let events = 0;
    let bytes = 0;
    const flush = () => {
      if (texts.length === 0) return;
      const sql = 'INSERT INTO pending (arrived_at, events, bytes, messages) VALUES (?, ?, ?, ?)';
      this.#storage.sql.exec(sql, now, events, bytes, texts.join('\n'));
      texts = [];
      events = 0;
      bytes = 0;
    };
    for (const arrival of arrivals) {
      const size = Buffer.byteLength(arrival.text) + 1;
      if (bytes + size > ROW_BYTES_MAX) flush();
      texts.push(arrival.text);
      events += arrival.events;
      bytes += size;
    }
    flush();
  }

  /** The oldest rows, until one of the limits is reached. */
  oldest(eventsMax: number, bytesMax: number): PendingRow[] {
    const rows: PendingRow[] = [];
    let events = 0;
    let bytes = 0;
    while (events < eventsMax && bytes < bytesMax) {
      const [row] = this.#rows<{ id: number; events: number; bytes: number; messages: string }>(
        'SELECT id, events, bytes, messages FROM pending WHERE id > ? ORDER BY id LIMIT 1',
        rows.at(-1)?.id ?? 0,
      );
      if (row === undefined) break;
      rows.push({ ...row, messages: row.messages.split('\n') });
      events += row.events;
      bytes += row.bytes;
    }
    return rows;
  }

  /** Ids of the first and the last waiting row: `Infinity` and 0 where none waits. */
  oldestPending(): number {
    const [row] = this.#rows<{ id: number | null }>('SELECT MIN(id) AS id FROM pending');
    return row?.id ?? Number.POSITIVE_INFINITY;
  }

  newestPending(): number {
    return this.#rows<{ id: number | null }>('SELECT MAX(id) AS id FROM pending')[0]?.id ?? 0;
  }

  /** Forgets waiting rows up to an id. */
  taken(upToId: number): void {
    this.#storage.sql.exec('DELETE FROM pending WHERE id <= ?', upToId);
  }

  addDraft({ key, bytes }: DraftObject): void {
    const { sql } = this.#storage;
    const [last] = this.#rows<{ position: number }>(
      'SELECT COALESCE(MAX(position), 0) AS position FROM drafts',
    );
    const position = (last?.position ?? 0) + 1;
    sql.exec('INSERT INTO drafts VALUES (?, ?)', position, key);
    for (let start = 0, part = 0; start < bytes.length; start += ROW_BYTES_MAX, part++) {
      const row = new Uint8Array(bytes.subarray(start, start + ROW_BYTES_MAX));
      sql.exec('INSERT INTO draft_bytes VALUES (?, ?, ?)', position, part, row.buffer);
    }
  }

  /** The objects that wait to be put, in the order in which that must happen. */
  drafts(): DraftObject[] {
    return this.#rows<{ position: number; key: string }>(
      'SELECT position, key FROM drafts ORDER BY position',
    ).map(({ position, key }) => ({ key, bytes: this.#draftBytes(position) }));
  }

  get hasDrafts(): boolean {
    return this.#rows('SELECT 1 FROM drafts LIMIT 1').length > 0;
  }

  clearDrafts(): void {
    this.#storage.sql.exec('DELETE FROM drafts');
    this.#storage.sql.exec('DELETE FROM draft_bytes');
  }

  /** The newest manifest that counts as archived. */
  chain(): Chain {
    const [row] = this.#rows<{ sequence: number; hash: string }>(
      'SELECT sequence, hash FROM manifests ORDER BY sequence DESC LIMIT 1',
    );
    return row ?? { sequence: 0, hash: NO_MANIFEST };
  }

  /** Enters a manifest that is in the bucket. */
  archived({ header, heads }: Manifest): void {
    const { sql } = this.#storage;
    sql.exec('INSERT INTO manifests VALUES (?, ?, ?)', header.sequence, manifestHash(header), header.events);
    for (const [aggregateId, fromVersion, toVersion, hash] of heads) {
      sql.exec(
        'INSERT INTO ranges VALUES (?, ?, ?, ?, ?, ?)',
        header.aggregateType,
        aggregateId,
        toVersion,
        fromVersion,
        hash,
        header.sequence,
      );
    }
  }

  position({ aggregateType, aggregateId }: AggregateKey): Position {
    const [row] = this.#rows<{ version: number; hash: string }>(
      'SELECT to_version AS version, hash FROM ranges WHERE aggregate_type = ? AND aggregate_id = ? ' +
        'ORDER BY to_version DESC LIMIT 1',
      aggregateType,
      aggregateId,
    );
    return row ?? { version: 0, hash: GENESIS_HASH_TEXT };
  }

  /** The next aggregates of which anything is archived after one, by type and then by id; fewer than `limit` at the end. */
  aggregatesAfter(after: AggregateKey | null, limit: number): AggregateKey[] {
    const found: AggregateKey[] = [];
    let { aggregateType, aggregateId } = after ?? { aggregateType: '', aggregateId: '' };
    while (found.length < limit) {
      // From one to the next along the key, however many ranges each has.
      const [row] = this.#rows<{ aggregateType: string; aggregateId: string }>(
        'SELECT aggregate_type AS aggregateType, aggregate_id AS aggregateId FROM ranges ' +
          'WHERE (aggregate_type, aggregate_id) > (?, ?) ORDER BY aggregate_type, aggregate_id LIMIT 1',
        aggregateType,
        aggregateId,
      );
      if (row === undefined) break;
      ({ aggregateType, aggregateId } = row);
      found.push({ aggregateType, aggregateId });
    }
    return found;
  }

  /** Number of the manifest whose segment has this event; undefined where it is not archived. */
  manifestOf({ aggregateType, aggregateId }: AggregateKey, version: number): number | undefined {
    const [row] = this.#rows<{ sequence: number; from_version: number }>(
      'SELECT sequence, from_version FROM ranges WHERE aggregate_type = ? AND aggregate_id = ? AND to_version >= ? ' +
        'ORDER BY to_version LIMIT 1',
      aggregateType,
      aggregateId,
      version,
    );
    return row === undefined || row.from_version > version ? undefined : row.sequence;
  }

  /** Hash of the manifest of a number; undefined where there is none. */
  manifestHashOf(sequence: number): string | undefined {
    return this.#rows<{ hash: string }>('SELECT hash FROM manifests WHERE sequence = ?', sequence)[0]?.hash;
  }

  /** Events in the archive. */
  events(): number {
    return (
      this.#rows<{ events: number }>('SELECT COALESCE(SUM(events), 0) AS events FROM manifests')[0]?.events ??
      0
    );
  }

  #draftBytes(position: number): Uint8Array {
    const parts = this.#rows<{ bytes: ArrayBuffer }>(
      'SELECT bytes FROM draft_bytes WHERE position = ? ORDER BY part',
      position,
    );
    return Buffer.concat(parts.map(({ bytes }) => new Uint8Array(bytes)));
  }

  #rows<Row extends Record<string, ArrayBuffer | string | number | null>>(
    query: string,
    ...bindings: (string | number)[]
  ): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
