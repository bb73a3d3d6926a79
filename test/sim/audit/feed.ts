/**
 * A reader of one database's feed who has been there from the beginning: whatever colour the journal is read from, each
 * event comes once, in version order within its aggregate, and only once it is durable.
 */
import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '../../../queues/kernel/positions.ts';
import { liveColours, type SimDatabase } from '../model/database.ts';
import { Breach } from '../model/world.ts';
import { GENESIS, type Ledger } from './ledger.ts';
import type { Row } from './tradeBook.ts';

/** An event as the journal shows it. */
interface JournalEvent {
  readonly version: number;
  readonly hash: string;
  readonly data: unknown;
  readonly metadata: unknown;
}

export class FeedReader {
  readonly #database: SimDatabase;
  readonly #ledgers: ReadonlyMap<string, Ledger>;
  /** The last position taken. */
  #position = 0;
  /** Versions taken, by aggregate. */
  readonly #taken = new Map<string, number>();

  constructor(database: SimDatabase, ledgers: ReadonlyMap<string, Ledger>) {
    this.#database = database;
    this.#ledgers = ledgers;
  }

  /** Reads on: the journal grew by the next events of each log. */
  readOn(): void {
    const rows = this.#database.inspect(
      `SELECT * FROM ${this.#table()} WHERE position > ? ORDER BY position`,
      this.#position,
    );
    for (const row of rows) this.#take(row);
  }

  /** The end: the whole journal holds every event of the logs, as it was stored. */
  complete(own: readonly Ledger[]): void {
    const rows = this.#database.inspect(`SELECT * FROM ${this.#table()}`);
    const events = rows.flatMap((row) => eventsOf(row).map((event) => ({ key: keyOfRow(row), event })));
    const expected = own.reduce((total, ledger) => total + ledger.version, 0);
    if (events.length !== expected)
      this.#fail('views equal their logs', `the journal has ${events.length} of ${expected} events`);
    for (const { key, event } of events) {
      const [version, eventType, schemaVersion, recordedAt, data, metadata, hash] =
        this.#ledgers.get(key)?.events[event.version - 1]?.row ?? [];
      const { data: shown, metadata: shownMetadata, ...rest } = event;
      const same =
        isDeepStrictEqual(rest, { version, eventType, schemaVersion, recordedAt, hash }) &&
        JSON.stringify(shown) === data &&
        JSON.stringify(shownMetadata) === metadata;
      if (!same)
        this.#fail('views equal their logs', `${key}: version ${event.version} of the journal differs`);
    }
  }

  #table(): string {
    return `journal_${liveColours(this.#database).get('journal')}`;
  }

  /** A row holds a run of events; its position is that of the last one, the others come right before it. */
  #take(row: Row): void {
    const key = keyOfRow(row);
    const events = eventsOf(row);
    const log = this.#ledgers.get(key)?.events ?? [];
    if (events[0]?.version !== row.from_version || events.at(-1)?.version !== row.to_version)
      this.#fail('views equal their logs', `${key}: a row of the journal does not hold what it says`);
    if (row.previous_hash !== (log[Number(row.from_version) - 2]?.hash ?? GENESIS))
      this.#fail(
        'views show what is durable',
        `${key}: the hash before version ${row.from_version} is another`,
      );
    for (const { version, hash } of events) {
      // A reader who has come into the midst of a row goes on from there.
      if (Number(row.position) - (Number(row.to_version) - version) <= this.#position) continue;
      const last = this.#taken.get(key) ?? 0;
      if (version !== last + 1)
        this.#fail('no gap is ever visible', `${key}: ${version} follows ${last} in the journal`);
      if (log[version - 1]?.hash !== hash)
        this.#fail(
          'views show what is durable',
          `${key}: version ${version} of the journal is not in the log`,
        );
      this.#taken.set(key, version);
    }
    this.#position = Number(row.position);
  }

  #fail(check: string, detail: string): never {
    throw new Breach(check, `${this.#database.name}: ${detail}`);
  }
}

function eventsOf(row: Row): JournalEvent[] {
  return JSON.parse(String(row.events)) as JournalEvent[];
}

function keyOfRow(row: Row): string {
  return keyOf({ aggregateType: String(row.aggregate_type), aggregateId: String(row.aggregate_id) });
}
