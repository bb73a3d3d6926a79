/**
 * The part of a Durable Object's storage that the kernel uses, as an interface of its own: production hands it
 * `ctx.storage`, the simulation a SQLite database that can crash.
 */
export type SqlValue = ArrayBuffer | string | number | null;

/** A row holds at most 2 MB in production (the local runtime lets more pass): longer texts are not stored. */
export const STORED_TEXT_BYTES_MAX = 1_900_000;

/** The rows of one statement. */
export interface SqlCursor<Row> {
  toArray(): Row[];
  raw(): Iterable<SqlValue[]>;
  /** Rows written so far, index entries included: what the platform bills. */
  readonly rowsWritten: number;
}

/** Synchronous SQL over one object's database. */
export interface ActorStorage {
  readonly sql: {
    exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): SqlCursor<Row>;
  };
  /** Runs `closure` as one transaction: a throw undoes every write of it. The closure must be synchronous. */
  transactionSync<Result>(closure: () => Result): Result;
}
