/**
 * The append-only log of one aggregate: its rows, and the only statements that touch them. Everything here is
 * synchronous, so that a caller can read, decide and append in one turn.
 */

import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { upcast } from '../../schemas/upcasts.ts';
import { insertEvents, type NewEvent } from './insertEvents.ts';
import { LogSearch } from './logSearch.ts';
import { hasTables, migrate } from './migrations.ts';
import { CARRIED_EVENTS_MAX } from './outbox.ts';
import type { ActorStorage, SqlValue } from './storage.ts';
import { type StoredData, type StoredEvent, storedEvents } from './storedEvents.ts';

/** A place in a log, for whoever holds it against a copy. */
export interface LogPoint {
  /** Version of the newest event. */
  readonly head: number;
  /** The version asked for, and the hash of its event: null where the log does not go so far. */
  readonly version: number;
  readonly hash: string | null;
}

/** Where a command that ran before is in the log. */
export interface KnownCommand {
  readonly version: number;
  readonly fingerprint: number;
}

/** Commands that ran before: by their own ids, and by the ids of what they created under another one. */
export interface Recalled {
  readonly commands: Map<string, KnownCommand>;
  readonly resources: Map<string, KnownCommand>;
}

/**
 * Rows of the log are never changed or removed: SQL itself refuses. `command_id` is set on the first event of a command
 * alone, and its partial unique index is the memory of command ids, at one more written row. A trade found by a trade id
 * that is not its command id costs one row in `resources`.
 */
export const LOG_MIGRATIONS: readonly string[] = [
  `CREATE TABLE events (
     version INTEGER PRIMARY KEY,
     type TEXT NOT NULL,
     schema_version INTEGER NOT NULL,
     recorded_at INTEGER NOT NULL,
     command_id TEXT,
     fingerprint INTEGER,
     data TEXT NOT NULL,
     metadata TEXT NOT NULL,
     hash TEXT NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX events_command ON events (command_id) WHERE command_id IS NOT NULL;
   CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
   CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
   CREATE TABLE resources (resource_id TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE snapshots (
     version INTEGER PRIMARY KEY, state_version INTEGER NOT NULL, state TEXT NOT NULL
   ) STRICT;
   CREATE TABLE outbox (id INTEGER PRIMARY KEY CHECK (id = 1), published INTEGER NOT NULL) STRICT;`,
];

const RECALL = `
  SELECT 'commands', event.command_id, event.version, event.fingerprint
    FROM json_each(?) AS sought JOIN events AS event ON event.command_id = sought.value
  UNION ALL SELECT 'resources', known.resource_id, known.version, event.fingerprint
    FROM json_each(?) AS sought JOIN resources AS known ON known.resource_id = sought.value
    JOIN events AS event ON event.version = known.version`;

/** The same of a log in which no id leads to a command of another. */
const RECALL_COMMANDS = `
  SELECT 'commands', event.command_id, event.version, event.fingerprint
    FROM json_each(?) AS sought JOIN events AS event ON event.command_id = sought.value`;

const EMPTY_HEAD = { version: 0, hash: GENESIS_HASH_TEXT, recordedAt: 0 } as const;

/**
 * Events kept in memory until they are announced: as many as announcements carry, and the one before them, whose hash they tell. More are
 * only named, and would outlive collections of young objects in each of many busy logs, which share the 128 MB of an isolate.
 */
const TAIL_EVENTS_MAX = CARRIED_EVENTS_MAX + 1;

export class EventLog {
  readonly search: LogSearch;
  readonly #storage: ActorStorage;
  #stored: boolean;
  /** Whether `resources` has rows; undefined where that is not known. */
  #hasResources: boolean | undefined;
  /** The newest events, without a gap up to the head: a copy of rows that are in storage. */
  #tail: StoredEvent[] = [];

  /** `amendmentTypes`: types of the events that {@link LogSearch.amendments} finds. */
  constructor(storage: ActorStorage, amendmentTypes: readonly string[] = []) {
    this.#storage = storage;
    this.search = new LogSearch(storage, amendmentTypes);
    this.#stored = hasTables(storage);
    if (this.#stored) this.#prepare();
  }

  /** Whether anything has ever been appended: until then the object has no tables and costs no row. */
  get isStored(): boolean {
    return this.#stored;
  }

  /** Version and hash of the newest event; version 0 for an empty log. */
  head(): { version: number; hash: string; recordedAt: number } {
    if (!this.#stored) return EMPTY_HEAD;
    const last = this.#tail.at(-1) ?? this.#rows('ORDER BY version DESC LIMIT 1')[0];
    return last ?? EMPTY_HEAD;
  }

  /** The head, and the hash of the event of a version. */
  point(version: number): LogPoint {
    const head = this.head().version;
    if (version === 0) return { head, version, hash: GENESIS_HASH_TEXT };
    const [event] = version > head ? [] : this.readStored(version, 1);
    return { head, version, hash: event?.hash ?? null };
  }

  /** Events from a version on, in order, at most `limit`. */
  read(fromVersion: number, limit: number): StoredEvent[] {
    if (!this.#stored) return [];
    const first = this.#tail[0]?.version;
    if (first !== undefined && fromVersion >= first) {
      const start = fromVersion - first;
      return this.#tail.slice(start, limit < 0 ? undefined : start + limit);
    }
    return this.readStored(fromVersion, limit);
  }

  /** The same from storage alone: what an audit must look at. */
  readStored(fromVersion: number, limit: number): StoredEvent[] {
    return this.#rows('WHERE version >= ? ORDER BY version LIMIT ?', fromVersion, limit);
  }

  /** What folding needs of the same events: a third of the bytes, which is most of what a read costs. */
  readData(fromVersion: number, limit: number): StoredData[] {
    const cursor = this.#storage.sql.exec(
      'SELECT type, schema_version, data FROM events WHERE version >= ? ORDER BY version LIMIT ?',
      fromVersion,
      limit,
    );
    return Array.from(cursor.raw(), ([eventType, schemaVersion, data]) => ({
      eventType: eventType as string,
      schemaVersion: schemaVersion as number,
      data: data as string,
    }));
  }

  /** Appends inside the caller's transaction. Returns rows written, for the budget that the benchmarks watch. */
  append(events: readonly NewEvent[]): number {
    if (!this.#stored) this.#prepare();
    const { sql } = this.#storage;
    let rowsWritten = insertEvents(sql, events);
    for (const { resourceId, version } of events) {
      if (resourceId === null) continue;
      this.#hasResources = true;
      rowsWritten += sql.exec('INSERT INTO resources VALUES (?, ?)', resourceId, version).rowsWritten;
    }
    return rowsWritten;
  }

  /**
   * Keeps in memory what was appended, as far as it is about to be answered or announced, until that is done; a transaction that is undone
   * calls {@link forget}.
   */
  appended(events: readonly StoredEvent[]): void {
    if (events.length === 0) return;
    this.#stored = true;
    const kept = events.length > TAIL_EVENTS_MAX ? events.slice(-1) : events;
    if (this.#tail.length + kept.length > TAIL_EVENTS_MAX || kept !== events) this.#tail = [];
    for (const event of kept) this.#tail.push(event);
  }

  /** After a transaction that was undone: memory may be ahead of storage, and is given up. */
  forget(): void {
    this.#hasResources = undefined;
    this.#stored = hasTables(this.#storage);
    this.#tail = [];
  }

  /** Lets go of the events in memory up to a version. */
  releaseTail(upToVersion: number): void {
    const first = this.#tail[0]?.version;
    if (first !== undefined && upToVersion >= first) this.#tail = this.#tail.slice(upToVersion - first + 1);
  }

  /**
   * Which of these commands have run, and which commands created these things under another id, each by the id sought. One
   * statement whatever the count, and once in a log's life in memory another that asks whether there are such things.
   */
  recall(commandIds: readonly string[], resourceIds: readonly string[]): Recalled {
    const recalled: Recalled = { commands: new Map(), resources: new Map() };
    if (!this.#stored) return recalled;
    const { sql } = this.#storage;
    this.#hasResources ??= sql.exec('SELECT 1 FROM resources LIMIT 1').toArray().length > 0;
    const sought = [commandIds, ...(this.#hasResources ? [resourceIds] : [])].map((ids) =>
      JSON.stringify(ids),
    );
    const statement = this.#hasResources ? RECALL : RECALL_COMMANDS;
    for (const [kind, id, version, fingerprint] of sql.exec(statement, ...sought).raw()) {
      const known = { version: version as number, fingerprint: fingerprint as number };
      recalled[kind as keyof Recalled].set(id as string, known);
    }
    return recalled;
  }

  /** Every event of the command whose first event has this version. */
  eventsOfCommand(firstVersion: number): StoredEvent[] {
    const next = this.#storage.sql
      .exec<{ version: number }>(
        'SELECT version FROM events WHERE version > ? AND command_id IS NOT NULL ORDER BY version LIMIT 1',
        firstVersion,
      )
      .toArray()[0];
    return this.read(firstVersion, next === undefined ? -1 : next.version - firstVersion);
  }

  /** The newest version recorded at or before a time: recorded times never decrease, so a binary search finds it. */
  versionAt(milliseconds: number): number {
    let low = 0;
    let high = this.head().version;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const event = this.read(middle, 1)[0] as StoredEvent;
      if (event.recordedAt <= milliseconds) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #prepare(): void {
    // Without it, INSERT OR REPLACE removes rows without asking the triggers that make the log append-only.
    this.#storage.sql.exec('PRAGMA recursive_triggers = ON');
    migrate(this.#storage, LOG_MIGRATIONS);
    this.search.prepare();
  }

  #rows(clause: string, ...bindings: SqlValue[]): StoredEvent[] {
    return storedEvents(this.#storage, clause, ...bindings);
  }
}

/** A stored event as deciders know it: upcast to the newest shape. */
export function decodeEvent(event: StoredData): { type: string; data: object } {
  return {
    type: event.eventType,
    data: upcast(event.eventType, event.schemaVersion, JSON.parse(event.data)),
  };
}
