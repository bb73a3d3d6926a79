/** An actor's storage on the SQLite of Node, for kernel tests that need no Workers runtime. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { ActorStorage, SqlCursor, SqlValue } from '../../actors/kernel/storage.ts';

/** A storage in memory, or in a file for who wants to look at its bytes. */
export function sqliteStorage(location = ':memory:'): ActorStorage {
  const database = new DatabaseSync(location);
  let depth = 0;
  return {
    sql: {
      exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> {
        // Only migrations have several statements, and none of those gives rows.
        if (/;\s*\S/.test(query)) {
          database.exec(query);
          return cursorOf([], 0);
        }
        const statement = database.prepare(query);
        const values = bindings.map((value) =>
          value instanceof ArrayBuffer ? new Uint8Array(value) : value,
        );
        const rows = statement.all(...(values as SQLInputValue[])).map(withBuffers) as Row[];
        return cursorOf(rows, Number((database.prepare('SELECT changes() AS n').get() as { n: number }).n));
      },
    },
    transactionSync(closure) {
      const name = `level_${depth++}`;
      database.exec(`SAVEPOINT ${name}`);
      try {
        const result = closure();
        database.exec(`RELEASE ${name}`);
        return result;
      } catch (error) {
        database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
        throw error;
      } finally {
        depth--;
      }
    },
  };
}

/** Objects read blobs as ArrayBuffers. */
function withBuffers(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? value.slice().buffer : value,
    ]),
  );
}

function cursorOf<Row extends Record<string, SqlValue>>(rows: Row[], rowsWritten: number): SqlCursor<Row> {
  return { toArray: () => rows, raw: () => rows.map((row) => Object.values(row)), rowsWritten };
}
