/**
 * A Durable Object's storage on SQLite in memory. All writes of a turn, the alarm included, are one transaction that the
 * turn's end commits or, in a crash, takes back; `transactionSync` nests in it.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { ActorStorage, SqlCursor, SqlValue } from '../../../actors/kernel/storage.ts';

/** What the platform says when a write does not fit any more: thrown into the turn, which goes on. */
export class StorageFault extends Error {
  override readonly name = 'StorageFault';
}

/** The one alarm: when it fires, how often it has failed, and which setting of it this is. */
export interface AlarmSlot {
  readonly at: number | undefined;
  readonly attempt: number;
  readonly setting: number;
}

const NO_ALARM: AlarmSlot = { at: undefined, attempt: 0, setting: 0 };

interface Prepared {
  readonly statement: StatementSync;
  /** Names of the result's columns; none for a statement that only writes. */
  readonly columns: readonly string[];
}

export class SimStorage implements ActorStorage {
  readonly sql = {
    exec: <Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> =>
      this.#exec<Row>(query, bindings),
  };
  alarm: AlarmSlot = NO_ALARM;
  /** Is told of every text that is written, for good or not. */
  onWrite: ((text: string) => void) | undefined;
  /** Rows written since the turn began. */
  rowsWritten = 0;
  /** Writes until the next one fails; undefined where none does. Set anew for each turn. */
  failingWrite: number | undefined;
  readonly #database = new DatabaseSync(':memory:');
  readonly #prepared = new Map<string, Prepared>();
  #open = false;
  #depth = 0;
  #alarmBefore: AlarmSlot = NO_ALARM;

  beginTurn(failingWrite: number | undefined): void {
    this.failingWrite = failingWrite;
    this.rowsWritten = 0;
    this.#alarmBefore = this.alarm;
  }

  commit(): void {
    if (this.#open) this.#database.exec('COMMIT');
    this.#open = false;
    this.failingWrite = undefined;
  }

  rollback(): void {
    if (this.#open) this.#database.exec('ROLLBACK');
    this.#open = false;
    this.#depth = 0;
    this.alarm = this.#alarmBefore;
    this.failingWrite = undefined;
  }

  /** Whether the turn has set the alarm. */
  get alarmChanged(): boolean {
    return this.alarm.setting !== this.#alarmBefore.setting;
  }

  /** Never throws: on the platform a failure to store it resets the object. */
  setAlarm(at: number): void {
    this.alarm = { at, attempt: 0, setting: this.alarm.setting + 1 };
  }

  transactionSync<Result>(closure: () => Result): Result {
    this.#begin();
    const savepoint = `s${this.#depth++}`;
    const { alarm, rowsWritten } = this;
    this.#database.exec(`SAVEPOINT ${savepoint}`);
    try {
      const result = closure();
      this.#database.exec(`RELEASE ${savepoint}`);
      return result;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      this.alarm = alarm;
      this.rowsWritten = rowsWritten;
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Rows as the auditor sees them: what is committed, when asked between turns. */
  inspect(query: string, ...bindings: SQLInputValue[]): SqlValue[][] {
    return this.#prepare(query).statement.all(...bindings) as unknown as SqlValue[][];
  }

  close(): void {
    this.#database.close();
  }

  #exec<Row>(query: string, bindings: readonly SqlValue[]): SqlCursor<Row> {
    if (query.startsWith('CREATE')) return this.#define(query);
    if (query.startsWith('PRAGMA')) return this.#configure(query);
    const { statement, columns } = this.#prepare(query);
    const values = bindings.map(inputValue);
    if (columns.length > 0) {
      const rows = statement.all(...values) as unknown as SqlValue[][];
      return new Rows<Row>(columns, rows.map(outputRow), 0);
    }
    this.#countWrite();
    if (this.onWrite !== undefined)
      for (const value of bindings) if (typeof value === 'string') this.onWrite(value);
    this.#begin();
    const changes = Number(statement.run(...values).changes);
    this.rowsWritten += changes;
    return new Rows<Row>([], [], changes);
  }

  /** Migrations are several statements in one text. */
  #define<Row>(script: string): SqlCursor<Row> {
    this.#countWrite();
    this.#begin();
    this.#database.exec(script);
    this.rowsWritten++;
    return new Rows<Row>([], [], 1);
  }

  /** A setting of the connection writes nothing. */
  #configure<Row>(pragma: string): SqlCursor<Row> {
    this.#database.exec(pragma);
    return new Rows<Row>([], [], 0);
  }

  #countWrite(): void {
    if (this.failingWrite === undefined) return;
    if (this.failingWrite > 0) {
      this.failingWrite--;
      return;
    }
    this.failingWrite = undefined;
    throw new StorageFault('database or disk is full: SQLITE_FULL');
  }

  #begin(): void {
    if (this.#open) return;
    this.#database.exec('BEGIN');
    this.#open = true;
  }

  #prepare(query: string): Prepared {
    const known = this.#prepared.get(query);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(query);
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map((column) => column.name) };
    this.#prepared.set(query, prepared);
    return prepared;
  }
}

class Rows<Row> implements SqlCursor<Row> {
  readonly #columns: readonly string[];
  readonly #rows: SqlValue[][];
  readonly rowsWritten: number;

  constructor(columns: readonly string[], rows: SqlValue[][], rowsWritten: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.rowsWritten = rowsWritten;
  }

  toArray(): Row[] {
    return this.#rows.map(
      (row) => Object.fromEntries(this.#columns.map((column, index) => [column, row[index]])) as Row,
    );
  }

  raw(): Iterable<SqlValue[]> {
    return this.#rows;
  }
}

function inputValue(value: SqlValue): SQLInputValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function outputRow(row: SqlValue[]): SqlValue[] {
  return row.map((value) => ((value as unknown) instanceof Uint8Array ? bufferOf(value) : value));
}

function bufferOf(value: unknown): ArrayBuffer {
  const bytes = value as Uint8Array<ArrayBuffer>;
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
