/** GraphQL as tests ask it: over the API of the Worker under test, every answer held against its description. */
import type { Env } from '../../workers/env.ts';
import { call } from './api.ts';

/** An error as GraphQL tells it. */
export interface GraphQlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: {
    readonly code: string;
    readonly status: number;
    readonly correlationId: string;
    readonly errors?: readonly { readonly path: string; readonly message: string }[];
    readonly currentVersion?: number;
  };
}

/** An answer. Tests say what they expect of its data. */
export interface GraphQlAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: data has the shape of what was asked.
  readonly data: any;
  readonly errors: readonly GraphQlError[];
}

/** What of a request is not its document. */
export interface AskedWith {
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly headers?: Record<string, string>;
  readonly env?: Env;
}

/** Runs a document; with the local administrator's token unless `headers` say who else asks. */
export async function ask(query: string, { headers, env, ...body }: AskedWith = {}): Promise<GraphQlAnswer> {
  const sent = { body: { query, ...body }, ...(headers && { headers }), ...(env && { env }) };
  const reply = await call('POST', '/v1/graphql', sent);
  if (reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
  const { data = null, errors = [] } = reply.body as unknown as Partial<GraphQlAnswer>;
  return { data, errors };
}

/** The data of a document that has no errors. */
export async function dataOf(query: string, asked: AskedWith = {}): Promise<GraphQlAnswer['data']> {
  const { data, errors } = await ask(query, asked);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return data;
}

/** Codes of the errors of an answer. */
export async function codesOf(query: string, asked: AskedWith = {}): Promise<string[]> {
  return (await ask(query, asked)).errors.map(({ extensions }) => extensions.code);
}

/** Bindings whose view databases answer only when they are let go on. */
export function holdingReads(env: Env, held: (() => void)[]): Env {
  const bindings = Object.entries(env as unknown as Record<string, unknown>).map(([name, binding]) => {
    if (!/^VIEWS_\d+$/.test(name)) return [name, binding];
    const database = binding as D1Database;
    const batch = async (statements: D1PreparedStatement[]) => {
      await new Promise<void>((goOn) => held.push(goOn));
      return database.batch(statements);
    };
    return [name, { batch, prepare: (sql: string) => database.prepare(sql) }];
  });
  return Object.fromEntries(bindings) as Env;
}

/** What was asked of the view databases: how many batches, and statements in them. */
export interface Statements {
  batches: number;
  statements: number;
}

/** Bindings whose view databases count what they are asked. */
export function counting(env: Env): { env: Env; counted: Statements } {
  const counted: Statements = { batches: 0, statements: 0 };
  const bindings = Object.entries(env as unknown as Record<string, unknown>).map(([name, binding]) => [
    name,
    /^VIEWS_\d+$/.test(name) ? countingDatabase(binding as D1Database, counted) : binding,
  ]);
  return { env: Object.fromEntries(bindings) as Env, counted };
}

function countingDatabase(database: D1Database, counted: Statements): D1Database {
  return new Proxy(database, {
    get(target, name) {
      if (name === 'batch') {
        return (statements: D1PreparedStatement[]) => {
          counted.batches++;
          counted.statements += statements.length;
          return target.batch(statements);
        };
      }
      if (name === 'prepare') {
        return (sql: string) => countingStatement(target.prepare(sql), counted);
      }
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A statement that is run by itself counts too; one in a batch is counted there. */
function countingStatement(statement: D1PreparedStatement, counted: Statements): D1PreparedStatement {
  for (const name of ['first', 'run', 'all', 'raw'] as const) {
    const original = statement[name].bind(statement) as (...args: unknown[]) => unknown;
    Object.defineProperty(statement, name, {
      value: (...args: unknown[]) => {
        counted.batches++;
        counted.statements++;
        return original(...args);
      },
    });
  }
  return statement;
}
