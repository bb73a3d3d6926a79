/**
 * Migrations of an actor's own tables: an array that only grows. How far an object has come is a row of its own, since the
 * platform denies `PRAGMA user_version`; the recorded texts' digest is checked, so that nobody edits a step that has run.
 */
import { createHash } from 'node:crypto';
import type { ActorStorage } from './storage.ts';

const HAS_TABLES = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'";

/** Whether the object has stored anything: a read of an unknown id must not create a database. */
export function hasTables(storage: ActorStorage): boolean {
  return storage.sql.exec(HAS_TABLES).toArray().length > 0;
}

/**
 * Brings the object's tables up to date; costs one read when they are. Throws where the recorded steps are not a prefix
 * of `migrations`: the code is older than the data, or a step was edited.
 */
export function migrate(storage: ActorStorage, migrations: readonly string[]): void {
  storage.transactionSync(() => {
    if (!hasTables(storage)) {
      storage.sql.exec('CREATE TABLE schema_migrations (step INTEGER PRIMARY KEY, digest TEXT NOT NULL)');
    }
    const done = storage.sql
      .exec<{ step: number; digest: string }>('SELECT step, digest FROM schema_migrations ORDER BY step')
      .toArray();
    for (const { step, digest } of done) {
      const text = migrations[step];
      if (text === undefined) throw new Error(`migration ${step} has run here and is unknown to this code`);
      if (digestOf(text) !== digest) throw new Error(`migration ${step} was edited after it had run here`);
    }
    for (let step = done.length; step < migrations.length; step++) {
      const text = migrations[step] as string;
      storage.sql.exec(text);
      storage.sql.exec('INSERT INTO schema_migrations VALUES (?, ?)', step, digestOf(text));
    }
  });
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
