/** The dead letters over their storage: one row for each consumer group and aggregate, however many messages died. */
import type { DeadLetter } from '../../schemas/deadLetter.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage, SqlValue } from '../kernel/storage.ts';

/** Letters in one answer. */
export const LETTERS_PAGE_MAX = 1_000;

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE letters (
     letter_id TEXT PRIMARY KEY, consumer_group TEXT NOT NULL, aggregate_type TEXT, aggregate_id TEXT,
     from_version INTEGER, to_version INTEGER, body TEXT, reason TEXT NOT NULL, parked_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

const COLUMNS =
  'letter_id AS letterId, consumer_group AS "group", aggregate_type AS aggregateType, aggregate_id AS aggregateId, ' +
  'from_version AS fromVersion, to_version AS toVersion, body AS text, reason, parked_at AS parkedAt';

type Row = DeadLetter & Record<string, SqlValue>;

export class DeadLetters {
  readonly #storage: ActorStorage;

  constructor(storage: ActorStorage) {
    this.#storage = storage;
    migrate(storage, MIGRATIONS);
  }

  /** Keeps letters; what is kept of the same aggregate and group already grows to cover them. */
  park(letters: readonly DeadLetter[]): void {
    this.#storage.transactionSync(() => {
      for (const letter of letters) {
        this.#storage.sql.exec(
          'INSERT INTO letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ' +
            'from_version = min(from_version, excluded.from_version), ' +
            'to_version = max(to_version, excluded.to_version), reason = excluded.reason',
          letter.letterId,
          letter.group,
          letter.aggregateType,
          letter.aggregateId,
          letter.fromVersion,
          letter.toVersion,
          letter.text,
          letter.reason,
          letter.parkedAt,
        );
      }
    });
  }

  /** The letters after an id, in the order of their ids. */
  list(after: string, limit: number): DeadLetter[] {
    const page = Math.min(limit, LETTERS_PAGE_MAX);
    const sql = `SELECT ${COLUMNS} FROM letters WHERE letter_id > ? ORDER BY letter_id LIMIT ?`;
    return this.#storage.sql.exec<Row>(sql, after, page).toArray();
  }

  find(letterId: string): DeadLetter | null {
    const sql = `SELECT ${COLUMNS} FROM letters WHERE letter_id = ?`;
    return this.#storage.sql.exec<Row>(sql, letterId).toArray()[0] ?? null;
  }

  /** Remembers that everything before `next` was taken, unless the letter has grown at its beginning meanwhile. */
  advance(letterId: string, from: number, next: number): void {
    const sql = 'UPDATE letters SET from_version = ? WHERE letter_id = ? AND from_version = ?';
    this.#storage.sql.exec(sql, next, letterId, from);
  }

  /** Forgets a letter all of which was taken, unless it has grown meanwhile. */
  remove(letterId: string, from: number | null, to: number | null): void {
    const sql = 'DELETE FROM letters WHERE letter_id = ? AND from_version IS ? AND to_version IS ?';
    this.#storage.sql.exec(sql, letterId, from, to);
  }
}
