/** GraphQL over HTTP after the specification of that name: which answer has which status is for graphql-http to say. */
import { createHandler, type OperationArgs } from 'graphql-http';
import type { Context } from 'hono';
import { z } from 'zod';
import type { HttpEnv } from '../http/context.ts';
import { ProblemError } from '../http/problem.ts';
import { parseStrictText } from '../http/strictJson.ts';
import { acceptedTypes } from './accepted.ts';
import { type Asked, isPersisted } from './documents.ts';
import type { Prepared } from './engine.ts';
import { formatError, problemError } from './errors.ts';

const QUERY = z
  .string()
  .min(1)
  .optional()
  .meta({
    description:
      'The document. Absent alone where `extensions` name a persisted one, as clients try first: that is answered ' +
      '`persisted_query_not_supported`, and they send the document.',
  });

/** Whether there is a document, or the name of one that is persisted elsewhere. */
function namesDocument({ query, extensions }: Pick<Asked, 'query' | 'extensions'>): boolean {
  return query !== undefined || isPersisted({ extensions });
}

const NO_DOCUMENT = { path: ['query'], message: 'is required' };

/** The body of a request. */
export const GraphQlRequest = z
  .strictObject({
    query: QUERY,
    operationName: z
      .string()
      .nullish()
      .meta({ description: 'Which operation of the document to run, where there are several.' }),
    variables: z.record(z.string(), z.unknown()).nullish().meta({ description: 'Values of the variables.' }),
    extensions: z
      .record(z.string(), z.unknown())
      .nullish()
      .meta({ description: 'Taken, as the specification has it, and not looked at beside a document.' }),
  })
  .refine(namesDocument, NO_DOCUMENT)
  .meta({ id: 'GraphQlRequest' });

const encoder = new TextEncoder();

/** Variables as they come in a query string: a JSON object in text, by the rules of a body. */
const JsonObject = z.string().transform((text, context): Record<string, unknown> => {
  const parsed = parseStrictText(text, encoder.encode(text));
  const value = parsed.ok ? parsed.value : undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  context.issues.push({ code: 'custom', message: 'must be a JSON object', input: text });
  return z.NEVER;
});

/** The same in a query string. */
export const GraphQlQuery = z
  .strictObject({
    query: QUERY,
    operationName: z.string().optional().meta({ description: 'Which operation of the document to run.' }),
    variables: JsonObject.optional(),
    extensions: JsonObject.optional(),
  })
  .refine(namesDocument, NO_DOCUMENT);

/** An error as GraphQL tells it. */
const GraphQlError = z.strictObject({
  message: z.string(),
  locations: z.array(z.strictObject({ line: z.number().int(), column: z.number().int() })).optional(),
  path: z.array(z.union([z.string(), z.number().int()])).optional(),
  extensions: z
    .looseObject({
      code: z.string(),
      status: z.number().int(),
      type: z.string(),
      correlationId: z.string(),
    })
    .meta({ description: 'What problem details say beyond the message.' }),
});

/** What is answered. */
export const GraphQlReply = z.strictObject({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(GraphQlError).optional(),
});

/** Runs what was asked by `GET` or `POST`, as it was prepared. */
export async function answerOverHttp(
  c: Context<HttpEnv>,
  { query = '', operationName, variables }: Asked,
  runnable: Prepared,
): Promise<Response> {
  const handler = createHandler({
    parseRequestParams: () => ({
      query,
      operationName: operationName ?? undefined,
      variables: variables ?? undefined,
    }),
    onSubscribe() {
      if (!('args' in runnable)) return runnable;
      if (runnable.operation === 'subscription') return [problemError(NO_STREAM)];
      if (runnable.operation === 'mutation' && c.req.method === 'GET') throw new ProblemError(READ_ONLY);
      c.get('takeBytes')?.(runnable.bytes);
      return runnable.args as OperationArgs;
    },
    formatError: (error) => formatError(error, c) as Error,
  });
  const [body, { status, headers }] = await handler({
    method: c.req.method,
    url: c.req.url,
    // All that is looked at: it takes the first that it knows, whatever it weighs.
    headers: { accept: mostWantedFirst(c.req.header('Accept')) },
    body: null,
    raw: c.req.raw,
    context: undefined,
  });
  if (status === 406) throw new ProblemError(NOT_ACCEPTABLE);
  return new Response(body, { status, headers: headers ?? {} });
}

/** Media types of `Accept`, those before that are wanted more, without those that are not wanted at all. */
function mostWantedFirst(accept = '*/*'): string {
  const wanted = acceptedTypes(accept).filter(({ weight }) => weight > 0);
  const ordered = wanted.toSorted((one, other) => other.weight - one.weight);
  return ordered.map(({ text }) => text).join(',') || NOTHING;
}

/** What nobody has: an empty header would be one that takes everything. */
const NOTHING = 'none/none';

const NO_STREAM = {
  code: 'invalid_request',
  detail: 'A subscription has more than one answer: ask with Accept: text/event-stream, or over a WebSocket.',
} as const;

/** What a mutation by GET is answered with. */
export const READ_ONLY = {
  code: 'method_not_allowed',
  detail: 'A mutation is sent with POST.',
  headers: { Allow: 'POST' },
} as const;

const NOT_ACCEPTABLE = {
  code: 'not_acceptable',
  detail: 'Answers are application/graphql-response+json or application/json.',
} as const;
