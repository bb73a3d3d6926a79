/** A view database: SQLite with the project's migrations, behind calls that fail before or after their commit. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Statement, ViewDatabase } from '../../../queues/kernel/database.ts';
import { partOf } from '../../../schemas/partition.ts';
import { VIEWS } from '../../../schemas/tables/views.ts';
import { callService } from './service.ts';
import type { Caller, World } from './world.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../migrations');
/** The tables as the migrations make them, read once. */
const SCHEMA = readdirSync(MIGRATIONS)
  .filter((file) => file.endsWith('.sql'))
  .sort()
  .map((file) => readFileSync(join(MIGRATIONS, file), 'utf8'))
  .join('\n');

/** Where sagas stand is no view. */
const SAGA_POSITIONS = 'saga_positions';

type Row = Record<string, string | number | null>;

export class SimDatabase {
  /** While true, every call fails. */
  down = false;
  readonly name: string;
  readonly #world: World;
  readonly #part: number;
  readonly #onCommit: () => void;
  readonly #onWrite: (text: string) => void;
  readonly #database = new DatabaseSync(':memory:');
  readonly #prepared = new Map<string, StatementSync>();

  /** `onWrite` is told of every text that is written, for good or not. */
  constructor(world: World, part: number, onCommit: () => void, onWrite: (text: string) => void) {
    this.#world = world;
    this.#onWrite = onWrite;
    this.name = `views-${part}`;
    this.#part = part;
    this.#onCommit = onCommit;
    this.#database.exec(SCHEMA);
  }

  /** Whether the views of this aggregate are kept here. */
  holds(aggregateId: string): boolean {
    return partOf(aggregateId, this.#world.profile.parts) === this.#part;
  }

  /** The database as one caller sees it. */
  client(caller: Caller): ViewDatabase {
    return {
      all: <Result>({ sql, parameters }: Statement) =>
        this.#call<Result[]>(caller, 'reads', () => this.inspect(sql, ...parameters) as Result[]),
      batch: (statements) => this.#call(caller, 'writes', () => this.#batch(statements)),
    };
  }

  /** Rows as they are committed. */
  inspect(sql: string, ...parameters: (string | number | null)[]): Row[] {
    return this.#prepare(sql).all(...parameters) as Row[];
  }

  close(): void {
    this.#database.close();
  }

  #call<Result>(caller: Caller, label: string, work: () => Result): Promise<Result> {
    const lost = 'D1_ERROR: Network connection lost.';
    return callService(this.#world, caller, { name: this.name, label, isDown: () => this.down, lost, work });
  }

  #batch(statements: readonly Statement[]): unknown[][] {
    const before = this.#changes();
    for (const { parameters } of statements)
      for (const value of parameters) if (typeof value === 'string') this.#onWrite(value);
    this.#database.exec('BEGIN');
    let results: unknown[][];
    try {
      results = statements.map(({ sql, parameters }) => this.#prepare(sql).all(...parameters));
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`D1_ERROR: ${message}: SQLITE_ERROR`, { cause: error });
    }
    const isOfViews = statements.some(({ sql }) => !sql.includes(SAGA_POSITIONS));
    if (isOfViews && this.#changes() !== before) this.#onCommit();
    return results;
  }

  /** Rows that were ever written. */
  #changes(): number {
    return Number(this.#prepare('SELECT total_changes() AS changes').get()?.changes);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** The live colour of each view. */
export function liveColours(database: SimDatabase): ReadonlyMap<string, string> {
  const rows = database.inspect('SELECT view, live FROM views');
  return new Map([
    ...VIEWS.map((view) => [view, 'blue'] as const),
    ...rows.map(({ view, live }) => [String(view), String(live)] as const),
  ]);
}
