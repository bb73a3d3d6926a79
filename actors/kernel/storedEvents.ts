/** Rows of the log as stored events. */
import type { StoredEvent } from './eventLog.ts';
import type { ActorStorage, SqlValue } from './storage.ts';

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
