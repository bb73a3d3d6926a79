/** The one statement that adds rows to the log, for as many events at a time as it may bind values. */
import type { ActorStorage, SqlValue } from './storage.ts';
import type { StoredEvent } from './storedEvents.ts';

/** An event about to be appended. The first event of a command carries the command's id. */
export interface NewEvent extends StoredEvent {
  readonly commandId: string | null;
  /** Id of the thing created, where it differs from the command id and needs a row of its own to be found by. */
  readonly resourceId: string | null;
}

const INSERT_COLUMNS =
  'version, type, schema_version, recorded_at, command_id, fingerprint, data, metadata, hash';

/** Bound once a statement: the first version, the type, its schema version and the time, which a turn's events share. */
const SHARED_VALUES = 4;

/** Bound once a row: command id, fingerprint, data, metadata and hash. */
const ROW_VALUES = 5;

/**
 * Rows inserted by one statement: as many as the platform's 100 bound parameters allow. A call costs about as much as two
 * rows and a bound value a tenth of one (docs/benchmarks.md).
 */
const INSERT_ROWS_MAX = Math.floor((100 - SHARED_VALUES) / ROW_VALUES);

/** The insert of `rows` rows. Few texts, each the same every time: the runtime keeps prepared statements by text. */
const INSERT_EVENTS = Array.from({ length: INSERT_ROWS_MAX + 1 }, (_, rows) => {
  const values = Array.from({ length: rows }, (_, row) => {
    const own = Array.from(
      { length: ROW_VALUES },
      (_, value) => `?${SHARED_VALUES + row * ROW_VALUES + value + 1}`,
    );
    return `(?1 + ${row}, ?2, ?3, ?4, ${own.join(', ')})`;
  });
  return `INSERT INTO events (${INSERT_COLUMNS}) VALUES ${values.join(', ')}`;
});

/** Appends events of contiguous versions. Returns rows written, index entries included. */
export function insertEvents(sql: ActorStorage['sql'], events: readonly NewEvent[]): number {
  let rowsWritten = 0;
  for (let start = 0; start < events.length; ) {
    const end = endOfRun(events, start);
    const insert = INSERT_EVENTS[end - start] as string;
    rowsWritten += sql.exec(insert, ...bindings(events, start, end)).rowsWritten;
    start = end;
  }
  return rowsWritten;
}

/** Where the events end that one statement inserts: it binds once what they share. */
function endOfRun(events: readonly NewEvent[], start: number): number {
  const { eventType, schemaVersion, recordedAt } = events[start] as NewEvent;
  const limit = Math.min(events.length, start + INSERT_ROWS_MAX);
  let end = start + 1;
  for (; end < limit; end++) {
    const event = events[end] as NewEvent;
    if (event.eventType !== eventType) break;
    if (event.schemaVersion !== schemaVersion || event.recordedAt !== recordedAt) break;
  }
  return end;
}

function bindings(events: readonly NewEvent[], start: number, end: number): SqlValue[] {
  const { version, eventType, schemaVersion, recordedAt } = events[start] as NewEvent;
  const values: SqlValue[] = [version, eventType, schemaVersion, recordedAt];
  for (let at = start; at < end; at++) {
    const { commandId, fingerprint, data, metadata, hash } = events[at] as NewEvent;
    values.push(commandId, fingerprint, data, metadata, hash);
  }
  return values;
}
