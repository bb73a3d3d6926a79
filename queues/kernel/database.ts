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
  /** Runs the statements as one transaction, all or none if one fails; answers each one's rows. */
  batch(statements: readonly Statement[]): Promise<unknown[][]>;
}

/**
 * UTF-16 units of a JSON parameter. A value in D1 has at most 2 MB, and a unit takes at most three bytes of UTF-8.
 */
const JSON_UNITS_MAX = 600_000;

/** A view database in D1. */
export function d1Database(database: D1Database): ViewDatabase {
  const prepare = ({ sql, parameters }: Statement) => database.prepare(sql).bind(...parameters);
  return {
    all: async <Row>(statement: Statement) => (await prepare(statement).all<Row>()).results,
    batch: async (statements) =>
      (await database.batch(statements.map(prepare))).map(({ results }) => results),
  };
}

/**
 * A set-based statement over rows in one JSON parameter, which has no limit of bound parameters and was measured at twenty
 * times the speed of bound rows; more than one where the rows are too long for a value. Rows of many columns are read by `jsonb_each`
 * (SQLite 3.51), which gives each `->>` binary JSON: `json_each` gives it a text to parse again, at three times the price.
 */
export function jsonStatements(sql: string, rows: readonly unknown[]): Statement[] {
  if (rows.length === 0) return [];
  const text = JSON.stringify(rows);
  if (text.length <= JSON_UNITS_MAX || rows.length === 1) return [{ sql, parameters: [text] }];
  const middle = rows.length >> 1;
  return [...jsonStatements(sql, rows.slice(0, middle)), ...jsonStatements(sql, rows.slice(middle))];
}
