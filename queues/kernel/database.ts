/** The part of D1 that projectors use, as an interface of its own: the simulation hands them SQLite in its place. */

export type SqlParameter = string | number | null;

/** One SQL statement with its bound parameters. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** A database of read models. */
export interface ViewDatabase {
  /** Rows of one query. */
  all<Row>(statement: Statement): Promise<Row[]>;
  /** Runs the statements as one transaction: all or, if one fails, none. */
  batch(statements: readonly Statement[]): Promise<void>;
}

/** A view database in D1. */
export function d1Database(database: D1Database): ViewDatabase {
  const prepare = ({ sql, parameters }: Statement) => database.prepare(sql).bind(...parameters);
  return {
    all: async <Row>(statement: Statement) => (await prepare(statement).all<Row>()).results,
    batch: async (statements) => {
      await database.batch(statements.map(prepare));
    },
  };
}
