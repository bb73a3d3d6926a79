/** A view database on the SQLite of Node, for tests of consumers that need no Workers runtime. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Statement, ViewDatabase } from '../../queues/kernel/database.ts';

const MIGRATIONS = path.join(import.meta.dirname, '../../migrations');

/** An empty view database in memory, with its tables. */
export function sqliteViews(): ViewDatabase {
  const database = new DatabaseSync(':memory:');
  for (const file of globSync('*.sql', { cwd: MIGRATIONS }).sort()) {
    database.exec(readFileSync(path.join(MIGRATIONS, file), 'utf8'));
  }
  const rowsOf = ({ sql, parameters }: Statement) => database.prepare(sql).all(...parameters);
  return {
    all: async <Row>(statement: Statement) => rowsOf(statement) as Row[],
    batch: async (statements) => {
      database.exec('BEGIN');
      try {
        const results = statements.map(rowsOf);
        database.exec('COMMIT');
        return results;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}
