/** Rows of the log as stored events. */
import type { ActorStorage, SqlValue } from './storage.ts';

/** What folding needs of a stored event. */
export interface StoredData {
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly data: string;
}

/** One stored event; `data` and `metadata` are the canonical JSON texts that its hash covers. */
export interface StoredEvent extends StoredData {
  readonly version: number;
  readonly recordedAt: number;
  readonly metadata: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** On the first event of a command: what a repeat of it must have in common with it. */
  readonly fingerprint: number | null;
}

const COLUMNS = 'version, type, schema_version, recorded_at, data, metadata, hash, fingerprint';

/** Events of the stored log, by the end of their SELECT. */
export function storedEvents(storage: ActorStorage, clause: string, ...bindings: SqlValue[]): StoredEvent[] {
  const cursor = storage.sql.exec(`SELECT ${COLUMNS} FROM events ${clause}`, ...bindings);
  return Array.from(cursor.raw(), storedEvent);
}

function storedEvent(row: SqlValue[]): StoredEvent {
  return {
    version: row[0] as number,
    eventType: row[1] as string,
    schemaVersion: row[2] as number,
    recordedAt: row[3] as number,
    data: row[4] as string,
    metadata: row[5] as string,
    hash: row[6] as string,
    fingerprint: row[7] as number | null,
  };
}
