import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { type LocalDatabase, loadWrangler } from './config.ts';
import { LocalServerError, messageOf } from './errors.ts';

type Database = Awaited<ReturnType<Miniflare['getD1Database']>>;

/** What drizzle-kit writes between statements. */
const BREAKPOINT = '--> statement-breakpoint';

/** Files of a migrations folder in the order in which wrangler applies them: by leading number, then by name. */
export function migrationFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const number = (file: string) => Number.parseInt(file, 10) || 0;
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
}

/**
 * Applies to every database the migrations it has not had yet, and answers how many that were. The bookkeeping is
 * wrangler's (same table, same names), so a database can be handed from one tool to the other. A migration and its
 * mark are one transaction: killed in between, it is applied again as a whole.
 */
export async function applyMigrations(
  miniflare: Miniflare,
  worker: string,
  databases: readonly LocalDatabase[],
): Promise<number> {
  let applied = 0;
  for (const database of databases) {
    const files = migrationFiles(database.migrationsFolder);
    if (files.length === 0) continue;
    applied += await migrate(await miniflare.getD1Database(database.binding, worker), database, files);
  }
  return applied;
}

async function migrate(db: Database, database: LocalDatabase, files: readonly string[]): Promise<number> {
  const table = `"${database.migrationsTable.replaceAll('"', '""')}"`;
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
        applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await db.prepare(`SELECT name FROM ${table}`).all<{ name: string }>();
  const had = new Set(results.map((row) => row.name));
  const missing = files.filter((file) => !had.has(file));
  for (const file of missing) {
    const statements = await splitStatements(readFileSync(join(database.migrationsFolder, file), 'utf8'));
    try {
      await db.batch([
        ...statements.map((sql) => db.prepare(sql)),
        db.prepare(`INSERT INTO ${table} (name) VALUES (?)`).bind(file),
      ]);
    } catch (error) {
      throw new LocalServerError(`${database.binding}: migration ${file} failed: ${messageOf(error)}`);
    }
  }
  return missing.length;
}

/** The statements of a migration. Inside a part, wrangler's splitter knows about triggers and quoted semicolons. */
async function splitStatements(sql: string): Promise<string[]> {
  const { unstable_splitSqlQuery } = await loadWrangler();
  return sql
    .split(BREAKPOINT)
    .filter((part) => part.trim() !== '')
    .flatMap((part) => unstable_splitSqlQuery(part));
}
