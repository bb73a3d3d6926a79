/**
 * What a log is searched for beyond its order: amendments of earlier events, and events that have some text in a field. Only
 * aggregates whose rules look into their past pay for it, and they with an index over amendments alone.
 */
import type { LoggedValue } from './decider.ts';
import type { ActorStorage } from './storage.ts';
import { type StoredData, type StoredEvent, storedEvents } from './storedEvents.ts';

/** What events are to have: one of some texts in a field of their data. */
export interface Sought {
  readonly type: string;
  readonly field: string;
  readonly values: readonly string[];
}

/** An event that was found, as far as it takes to decode it. */
export interface FoundEvent extends StoredData {
  readonly version: number;
  readonly recordedAt: number;
}

/** Texts that the database looks for; of more it gives every event of the type, which costs no more by then. */
const TEXTS_MAX = 8;

export class LogSearch {
  readonly #storage: ActorStorage;
  readonly #amendmentTypes: readonly string[];

  /** `amendmentTypes`: types of the events that {@link amendments} finds. */
  constructor(storage: ActorStorage, amendmentTypes: readonly string[]) {
    this.#storage = storage;
    this.#amendmentTypes = amendmentTypes;
  }

  /** Makes the index where it is missing. Not a migration: an index holds nothing that the log does not. */
  prepare(): void {
    if (this.#amendmentTypes.length === 0) return;
    const { sql } = this.#storage;
    if (sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', this.#index).toArray().length > 0) return;
    sql.exec(`CREATE INDEX ${this.#index} ON events (version) WHERE ${this.#isAmendment}`);
  }

  /** Every event that amends an earlier one, oldest first. */
  amendments(): StoredEvent[] {
    if (this.#amendmentTypes.length === 0) return [];
    const where = `INDEXED BY ${this.#index} WHERE ${this.#isAmendment} ORDER BY version`;
    return storedEvents(this.#storage, where);
  }

  /**
   * Events that may have what is sought, after a version up to another, in order: all whose stored bytes contain one of its
   * texts. Without metadata and hash, which are half of a row.
   */
  having(sought: Sought, afterVersion: number, upToVersion: number): FoundEvent[] {
    const texts = sought.values.length > TEXTS_MAX ? [] : fieldTexts(sought);
    const contains = texts.map(() => 'instr(data, ?) > 0').join(' OR ');
    const cursor = this.#storage.sql.exec(
      'SELECT version, recorded_at, schema_version, data FROM events ' +
        `WHERE version > ? AND version <= ? AND type = ? AND (${contains || 'true'}) ORDER BY version`,
      afterVersion,
      upToVersion,
      sought.type,
      ...texts,
    );
    return Array.from(cursor.raw(), ([version, recordedAt, schemaVersion, data]) => ({
      version: version as number,
      recordedAt: recordedAt as number,
      eventType: sought.type,
      schemaVersion: schemaVersion as number,
      data: data as string,
    }));
  }

  /** The texts that a field has after a version up to another, in order, of the events that have it. */
  values(field: string, afterVersion: number, upToVersion: number): LoggedValue[] {
    const cursor = this.#storage.sql.exec(
      'SELECT version, recorded_at, data ->> ? FROM events WHERE version > ? AND version <= ? ORDER BY version',
      field,
      afterVersion,
      upToVersion,
    );
    const values: LoggedValue[] = [];
    for (const [version, recordedAt, value] of cursor.raw()) {
      if (value === null) continue;
      values.push({
        version: version as number,
        recordedAt: recordedAt as number,
        value: value as string,
      });
    }
    return values;
  }

  /** Named by its types: with others it is another index. */
  get #index(): string {
    return `events_${this.#amendmentTypes.join('_')}`;
  }

  get #isAmendment(): string {
    return `type IN (${this.#amendmentTypes.map((type) => `'${type}'`).join(', ')})`;
  }
}

/** Stored texts are canonical JSON, which writes a field in one way. */
export function fieldTexts({ field, values }: Sought): string[] {
  return values.map((value) => `${JSON.stringify(field)}:${JSON.stringify(value)}`);
}
