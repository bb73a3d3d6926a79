/**
 * Operations of the API: what each takes, answers and refuses, as data beside its handler. A route that is registered is
 * therefore described, and what it takes is parsed by the very schemas that describe it.
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { ZodOpenApiRequestBodyObject } from 'zod-openapi';
import { Id } from '../../schemas/scalars.ts';
import { PAST_BYTES, ROW_BYTES } from '../limits/room.ts';
import { parseBody, parseOptionalBody } from './body.ts';
import { unlessHeld } from './conditional.ts';
import type { HttpEnv } from './context.ts';
import { parseQuery, parseWith } from './parse.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';
import type { CommandInput, Sending, StateReader } from './sending.ts';

export const TAGS = {
  Accounts: 'Open an account, move money, trade, and read what became of it.',
  Products: 'What a unit of something is called and costs.',
  Inventory: 'What is there of a product, and what of it is promised.',
  Orders: 'Place an order, ship it, cancel it, and read what became of it.',
  Shipments: 'Goods on their way.',
  Sagas: 'Processes over several aggregates: transfers between accounts, the fulfilment of orders.',
  Batch: 'Many commands in one request, each decided by its own aggregate.',
  Events: 'The log behind everything: immutable, hash-chained events.',
  Payments: 'Where the money of an order is, and what payment providers tell.',
  Stream: 'Commands and subscriptions over one WebSocket (docs/streams.md).',
  GraphQL: 'Everything above in one schema (docs/graphql.md).',
  Reports: 'What was traded and what is held, across accounts, as of a time (docs/reports.md).',
  Audit: 'Recompute what the log claims.',
  Restore: 'Put logs back from the archive, into an environment that was opened for it.',
  Views: 'How the read models stand; rebuild them.',
  Reconciliation: 'What differs between the logs and whatever follows them (docs/reconciliation.md).',
  Parked: 'What waits for an operator: dead letters, sagas, and events that a view cannot take.',
  Privacy: 'Whose personal data is kept under which keys, held back from erasure, and erased.',
  Access: 'Keys of services: who has one, and what it may do.',
  Connect: 'The same operations as calls of Connect and gRPC-Web (docs/connect.md).',
  Service: 'Whether the service runs, and this description of it.',
} as const;

/** Headers that replies carry beyond `X-Correlation-Id`, which all have. */
export type ReplyHeader =
  | 'ETag'
  | 'Idempotency-Replayed'
  | 'X-Read-Source'
  | 'X-View-Version'
  | 'X-View-Stale-Since'
  | 'X-View-Parked';

/** What success looks like. */
export interface Success {
  readonly status: 200 | 201 | 202;
  readonly description: string;
  /** What 201 with the same body means, where the first of several requests creates what the others change. */
  readonly created?: string;
  /** What 202 with the same body means, where the work may take more than one request. */
  readonly unfinished?: string;
  /** Of the JSON body; left out where the body is no data of ours. */
  readonly schema?: z.ZodType;
  /** Of the body, where that is no JSON. */
  readonly mediaType?: string;
  /** Other forms of the same reply, where the query asks for one. */
  readonly otherMediaTypes?: readonly string[];
  readonly headers?: readonly ReplyHeader[];
}

/** What success looks like where HTTP ends and a WebSocket begins. */
export interface Upgrade {
  readonly status: 101;
  readonly description: string;
  readonly unfinished?: undefined;
  readonly created?: undefined;
  readonly schema?: undefined;
  readonly mediaType?: undefined;
  readonly otherMediaTypes?: undefined;
  readonly headers?: undefined;
}

/** One operation without its handler. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As in OpenAPI: `/v1/accounts/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** Parameters in the path. */
  readonly params?: z.ZodObject;
  /** Query parameters; absent: under `/v1` none, elsewhere any, since probes add their own. */
  readonly query?: z.ZodObject;
  /** Describes headers that the handler reads by itself. */
  readonly ownHeaders?: z.ZodObject;
  /** The JSON body, parsed before the handler runs. */
  readonly body?: z.ZodType;
  /** Bytes that the body may have, where it is no single command. */
  readonly bodyBytes?: number;
  /** Whether the body may be left out. */
  readonly isBodyOptional?: true;
  /** Describes a body that the handler reads by itself. */
  readonly ownBody?: ZodOpenApiRequestBodyObject;
  /** The type of the one command that it is: takes `Idempotency-Key` and `If-Match`, answers with the version. */
  readonly command?: string;
  /** Whether it takes `If-None-Match` and answers 304 to whoever has the answer; success carries an `ETag`. */
  readonly conditional?: true;
  /** Whether it proves itself by a signature of its body, and not by a token. */
  readonly signed?: true;
  readonly success: Success | Upgrade;
  /** What every failure looks like, where that is not the document of a problem. */
  readonly failure?: { readonly description: string; readonly schema: z.ZodType };
  /** Problems of its own; those that follow from what it takes are added by {@link operationProblems}. */
  readonly problems?: readonly ProblemCode[];
}

/** An operation and what serves it. */
export interface Route extends Operation {
  readonly handle: (c: Context<HttpEnv>) => Response | Promise<Response>;
  /** Of a command: what is sent, for whoever takes commands in another way. */
  readonly send?: (input: CommandInput) => Sending;
  /** Of a read of one aggregate's state: the same without HTTP. */
  readonly state?: StateReader;
}

interface Input<Params, Query, Body> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
}

/** Path parameters of everything that is addressed by its id alone. */
export const IdParams = z.strictObject({ id: Id.meta({ description: 'The id that its client gave it.' }) });

const NoQuery = z.strictObject({});

/** Binds an operation to its handler, which is given path, query and body as the schemas have them. */
export function route<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodUnknown,
>(
  operation: Operation & { readonly params?: Params; readonly query?: Query; readonly body?: Body },
  handler: (c: Context<HttpEnv>, input: Input<Params, Query, Body>) => Response | Promise<Response>,
): Route {
  const { params, body, bodyBytes } = operation;
  const readBody = operation.isBodyOptional === true ? parseOptionalBody : parseBody;
  const query = operation.query ?? (isPublic(operation) ? undefined : NoQuery);
  return {
    ...operation,
    async handle(c) {
      const input = {
        params: params === undefined ? {} : parseWith(params, c.req.param()),
        query: query === undefined ? {} : parseQuery(c.req.url, query),
        body: body === undefined ? undefined : await readBody(c, body, bodyBytes),
      };
      takeRoom(c, input.query);
      const answer = await handler(c, input as Input<Params, Query, Body>);
      return operation.conditional === true ? unlessHeld(c, answer) : answer;
    },
  };
}

/** Makes room for as many rows as are asked for, where a page is, and for the past, where that is. */
function takeRoom(
  c: Context<HttpEnv>,
  { limit, version, at, interval }: Readonly<Record<string, unknown>>,
): void {
  if (typeof limit === 'number') c.get('takeBytes')?.(limit * ROW_BYTES);
  if ((version ?? at ?? interval) !== undefined) c.get('takeBytes')?.(PAST_BYTES);
}

/** Registers a route with an application. */
export function serveRoute(app: Hono<HttpEnv>, { method, path }: Route, handle: Route['handle']): void {
  app.on(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), handle);
}

/** Whether anyone may ask, without a token. */
export function isPublic({ path, signed }: Operation): boolean {
  return signed === true || !path.startsWith('/v1/');
}

/** What may stop a request before its route is asked. */
const GATE_PROBLEMS = ['unauthenticated', 'forbidden', 'rate_limited', 'overloaded', 'unavailable'] as const;

/** Every problem that the operation can end with, in the order of their statuses. */
export function operationProblems(operation: Operation): ProblemCode[] {
  const { body, ownBody, params, query, command, problems = [] } = operation;
  const codes = new Set<ProblemCode>(problems);
  if (!isPublic(operation)) {
    for (const code of GATE_PROBLEMS) codes.add(code);
  }
  if (params !== undefined || query !== undefined || !isPublic(operation)) codes.add('invalid_request');
  if (body !== undefined || ownBody !== undefined) {
    for (const code of ['request_too_large', 'unsupported_media_type'] as const) codes.add(code);
  }
  if (command !== undefined)
    for (const code of ['command_id_reused', 'version_conflict'] as const) codes.add(code);
  codes.add('internal_error');
  return [...codes].sort((a, b) => PROBLEMS[a].status - PROBLEMS[b].status);
}
