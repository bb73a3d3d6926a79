/** The queries of docs/analytics.md over an archive in a folder, by DuckDB. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { REPOSITORY } from '../config.ts';
import { LocalServerError } from '../errors.ts';

/** The page that has the queries. */
const PAGE = path.join(REPOSITORY, 'docs/analytics.md');

/** A query of the page: a block of SQL with a name behind its language. */
const BLOCK = /^```sql (\w+)\n([\s\S]*?)^```$/gm;

/** What opens the archive, before any query. */
const SETUP = 'setup';

/** How a query speaks of one account. */
const OF_ACCOUNT = "getvariable('account')";

/** What means something else than itself in a name of files. */
const GLOB = /[*?[]/g;

/** What a query gave: every value as its text, null where it is empty. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** An archive that is open for queries. */
export class Analytics {
  readonly #connection: DuckDBConnection;
  readonly #queries: ReadonlyMap<string, string>;

  private constructor(connection: DuckDBConnection, queries: ReadonlyMap<string, string>) {
    this.#connection = connection;
    this.#queries = queries;
  }

  /** Opens the archive of a folder. Throws {@link LocalServerError} where it has no events of accounts. */
  static async open(folder: string): Promise<Analytics> {
    if (!existsSync(path.join(folder, 'segments')))
      throw new LocalServerError(`${folder} has no segments: is it an archive?`);
    const queries = readQueries();
    // One thread: the others would only take from whatever runs beside it.
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    const setup = (queries.get(SETUP) as string).replace("'FOLDER'", quoted(folder.replace(GLOB, '[$&]')));
    try {
      await connection.run(setup);
    } catch (error) {
      const { message } = error as Error;
      if (!message.includes('No files found')) throw error;
      throw new LocalServerError(`${folder} has no events of accounts`);
    }
    return new Analytics(connection, queries);
  }

  /** Names of the queries, in the order of the page. */
  get names(): string[] {
    return [...this.#queries.keys()].filter((name) => name !== SETUP);
  }

  /**
   * Runs a query of the page, that of one account over this one. Throws {@link LocalServerError} on an unknown name, and where that
   * account is not named or not in the archive.
   */
  async run(name: string, account?: string): Promise<Answer> {
    const query = this.#queries.get(name);
    if (query === undefined || name === SETUP)
      throw new LocalServerError(`there is no query ${name}; there are ${this.names.join(', ')}`);
    if (!query.includes(OF_ACCOUNT)) return this.sql(query);
    if (account === undefined)
      throw new LocalServerError(`${name} is of one account: name it with --account`);
    await this.#connection.run(`SET VARIABLE account = ${quoted(account)}`);
    const answer = await this.sql(query);
    if (answer.rows.length === 0) throw new LocalServerError(`the archive has no account ${account}`);
    return answer;
  }

  /** Runs any SQL over the views of the page. */
  async sql(query: string): Promise<Answer> {
    const reader = await this.#connection.runAndReadAll(query);
    const rows = reader
      .getRowsJson()
      .map((row) => row.map((value) => (value === null ? null : String(value))));
    return { columns: reader.columnNames(), rows };
  }

  close(): void {
    this.#connection.closeSync();
  }
}

/** The queries of the page by name. */
function readQueries(): Map<string, string> {
  const text = readFileSync(PAGE, 'utf8');
  return new Map(Array.from(text.matchAll(BLOCK), ([, name, query]) => [name as string, query as string]));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
