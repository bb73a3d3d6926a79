/** Runs operations: what every way in has in common, from the text of a document to the arguments of its execution. */
import { type ExecutionArgs, type GraphQLError, type GraphQLSchema, validateSchema } from 'graphql';
import type { Context } from 'hono';
import { accessRow, reachOf } from '../access/decide.ts';
import type { HttpEnv } from '../http/context.ts';
import { callerOf, recordDenial } from '../http/denial.ts';
import type { Route } from '../http/operation.ts';
import { ProblemError } from '../http/problem.ts';
import { FIELD_BYTES, ROW_BYTES } from '../limits/room.ts';
import { openSocket } from '../streams/handshake.ts';
import { HubClient } from '../streams/hubClient.ts';
import { GraphQlContext, type Hubs } from './context.ts';
import { type Asked, Documents } from './documents.ts';
import type { Measure } from './limits.ts';
import { graphQlSchema } from './schema.ts';

/** The row of the table of access that says who may ask for the schema itself. */
export const INTROSPECTION = 'introspectGraphQl';

/** One engine for each set of routes: there is one set in use. */
const engines = new WeakMap<readonly Route[], Engine>();

/** The engine over the routes; made when it is first asked for. */
export function engineOf(routes: readonly Route[]): Engine {
  let engine = engines.get(routes);
  if (engine === undefined) {
    engine = new Engine(graphQlSchema(routes));
    engines.set(routes, engine);
  }
  return engine;
}

/** An operation that may be run. */
export interface Runnable {
  readonly args: ExecutionArgs;
  readonly operation: 'query' | 'mutation' | 'subscription';
  /** Bytes that its answer may take up: to be made room for before it is run. */
  readonly bytes: number;
}

/** An operation that may be run, or why it is not. */
export type Prepared = Runnable | readonly GraphQLError[];

/** The schema and its documents. */
export class Engine {
  readonly schema: GraphQLSchema;
  readonly #documents: Documents;

  /** Throws where the schema is none: a bug that no request may meet. */
  constructor(schema: GraphQLSchema) {
    const [error] = validateSchema(schema);
    if (error !== undefined) throw error;
    this.schema = schema;
    this.#documents = new Documents(schema);
  }

  /** Prepares what a caller has asked for, or says why it is not run. */
  async prepare(c: Context<HttpEnv>, asked: Asked, hubs: Hubs = hubOfItsOwn(c)): Promise<Prepared> {
    const mayIntrospect = reachOf(c.get('principal'), accessRow(INTROSPECTION)) !== undefined;
    const prepared = this.#documents.prepare(asked, mayIntrospect);
    if ('errors' in prepared) {
      if (prepared.asksForSchema) await recordDenial(callerOf(c), INTROSPECTION);
      return prepared.errors;
    }
    const { document, operation, measured } = prepared;
    const bytes = bytesOf(measured);
    const args = {
      schema: this.schema,
      document,
      operationName: asked.operationName || null,
      variableValues: asked.variables ?? null,
      contextValue: new GraphQlContext(c, hubs, bytes),
    };
    return { args, operation, bytes };
  }
}

/** A row is read as a whole, however little of it is shown. */
function bytesOf({ fields, rows }: Measure): number {
  return fields * FIELD_BYTES + rows * ROW_BYTES;
}

/** A socket to a hub for one operation alone: opened when it is asked for, closed when the operation has no more use for it. */
function hubOfItsOwn(c: Context<HttpEnv>): Hubs {
  let client: HubClient | undefined;
  return {
    async enter() {
      client = await openHub(c);
      return client;
    },
    leave: () => client?.close(),
  };
}

/** A socket to a hub in the caller's name. Ends with 503 where no more are taken. */
export async function openHub(
  c: Context<HttpEnv>,
  onEnd?: (code: number, reason: string) => void,
): Promise<HubClient> {
  const caller = { ...c.get('caller'), correlationId: c.get('correlationId') };
  const { webSocket } = await openSocket(c.env, [], caller);
  if (webSocket !== null) return new HubClient(webSocket, onEnd);
  throw new ProblemError({ code: 'unavailable', detail: 'No more connections are taken now.' });
}
