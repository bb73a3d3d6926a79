/**
 * The API as tests call it. Every reply is held against the operation's own description: its status, its schema to the
 * last field, its headers, and for a problem a code that the operation says it can end with.
 */
import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { expect } from 'vitest';
import { AGGREGATE_LIST, AGGREGATES, type AggregateType } from '../../schemas/aggregates.ts';
import { newestSchemaVersion } from '../../schemas/upcasts.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { isPublic, type Operation, operationProblems } from '../../workers/http/operation.ts';
import { PROBLEMS, type ProblemCode, ProblemReply } from '../../workers/http/problem.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { sentProblem } from './connect.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

/** The bindings of the Worker under test. */
export const testEnv = env as unknown as Env;

type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

/** A reply that has passed {@link checkReply}. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body, empty where there was none, or one of another form. Tests say what they expect of it. */
  readonly body: Record<string, Json | undefined>;
}

/** What of a request is not its method and path. A `body` that is no string or bytes is sent as JSON. */
export interface Sent {
  readonly body?: unknown;
  /** With the local administrator's token, unless they say who else is asking; see {@link ANONYMOUS}. */
  readonly headers?: Record<string, string>;
  /** Bindings other than those of the Worker under test: the application then has a gateway of its own. */
  readonly env?: Env;
}

/** The local administrator's token under test. */
export const TEST_TOKEN = 'test-token';

/** Headers of a request by nobody: an empty one is none. */
export const ANONYMOUS = { Authorization: '' };

/** Sends a request and checks what comes back. `path` begins with `/`. */
export async function call(
  method: string,
  path: string,
  { body, headers = {}, env: bindings }: Sent = {},
): Promise<Reply> {
  const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  const sent = new Request(`http://folio.test${path}`, {
    method,
    headers: sentHeaders(body, headers),
    ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const response = await (bindings === undefined ? worker.fetch(sent) : app.fetch(sent, bindings));
  const text = await textOf(response);
  const reply = withProblem({
    status: response.status,
    headers: response.headers,
    body: text === '' || !isJson(response.headers) ? {} : JSON.parse(text),
  });
  checkReply(method, new URL(sent.url).pathname, reply);
  return reply;
}

/** A failure of Connect as the problem in it, so that it is judged like any other. */
function withProblem(reply: Reply): Reply {
  if (reply.status < 400 || !Array.isArray(reply.body.details)) return reply;
  const { type, title, status, code, detail, correlationId, errors, currentVersion } = sentProblem(
    reply.body,
  );
  const body = {
    type,
    title,
    code,
    detail,
    correlationId,
    status: Number(status),
    ...(errors.length === 0 ? {} : { errors: errors.map(({ path, message }) => ({ path, message })) }),
    ...(currentVersion === undefined ? {} : { currentVersion: Number(currentVersion) }),
  };
  return { ...reply, status: body.status, body };
}

function isJson(headers: Headers): boolean {
  return headers.get('Content-Type')?.includes('json') === true;
}

/** The whole body, if it is JSON; others are files, pages, and streams that go on until their reader leaves. */
async function textOf(response: Response): Promise<string> {
  if (isJson(response.headers)) return response.text();
  await response.body?.cancel();
  return '';
}

function sentHeaders(body: unknown, headers: Record<string, string>): Headers {
  const sent = new Headers({ Authorization: `Bearer ${TEST_TOKEN}` });
  if (body !== undefined) sent.set('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  if (sent.get('Authorization') === '') sent.delete('Authorization');
  return sent;
}

/** `status code path path…` of a reply, or its status alone: what most tests of bad requests compare. */
export function verdict({ status, body }: Reply): string {
  const errors = (body.errors ?? []) as { path: string }[];
  const code = body.code === undefined ? [] : [body.code];
  return [status, ...code, ...errors.map(({ path }) => path)].join(' ');
}

/** The operation that serves a request, if any does. */
export function operationOf(method: string, path: string): Operation | undefined {
  const served = method === 'HEAD' ? 'GET' : method;
  return ROUTES.find(
    (operation) =>
      operation.method.toUpperCase() === served &&
      new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
}

/** Fails where a reply is not what its operation is described to answer. */
export function checkReply(method: string, path: string, reply: Reply): void {
  const operation = operationOf(method, path);
  const { status, headers, body } = reply;
  const where = `${method} ${path} → ${status} ${JSON.stringify(body).slice(0, 300)}`;
  expect(headers.get('X-Correlation-Id'), where).toMatch(/^[\x21-\x7e]{1,128}$/);
  if (status === 204) expect(method, where).toBe('OPTIONS');
  else if (status >= 400) checkProblem(operation, reply, where);
  else checkSuccess(operation, method, reply, where);
}

/** Headers that say something out of the ordinary. */
const OPTIONAL_HEADERS: readonly string[] = [
  'X-View-Version',
  'Idempotency-Replayed',
  'X-View-Stale-Since',
  'X-View-Parked',
];

function checkSuccess(operation: Operation | undefined, method: string, reply: Reply, where: string): void {
  const { status, headers, body } = reply;
  if (operation === undefined) throw new Error(`no operation serves ${where}`);
  const { success } = operation;
  const statuses: number[] = [success.status];
  if (success.created !== undefined) statuses.push(201);
  if (success.unfinished !== undefined) statuses.push(202);
  if (operation.conditional === true) statuses.push(304);
  expect(statuses, where).toContain(status);
  const unchanged = status === 304;
  const mediaTypes = [success.mediaType ?? 'application/json', ...(success.otherMediaTypes ?? [])];
  const mediaType = headers.get('Content-Type')?.replace('; charset=utf-8', '');
  if (unchanged) expect(mediaType, where).toBeUndefined();
  else expect(mediaTypes, where).toContain(mediaType);
  expect(headers.has('RateLimit'), where).toBe(!isPublic(operation));
  for (const name of operation.success.headers ?? []) {
    if (!OPTIONAL_HEADERS.includes(name)) expect(headers.has(name), `${where} has ${name}`).toBe(true);
  }
  if (method === 'HEAD' || !isJson(headers) || operation.success.schema === undefined) return;
  // What a schema lets in it may also transform; a reply is canonical already, so nothing may change.
  expect(operation.success.schema.parse(body), where).toEqual(body);
  // Of a rebuild that there never was the reply is null.
  if (Array.isArray(body?.events)) for (const event of body.events) checkEventData(event, where);
}

function checkProblem(
  operation: Operation | undefined,
  { status, headers, body }: Reply,
  where: string,
): void {
  const isCall = operation?.failure !== undefined;
  const mediaTypes = ['application/problem+json', ...(isCall ? ['application/json'] : [])];
  expect(mediaTypes, where).toContain(headers.get('Content-Type'));
  // HEAD has the headers of GET and no body.
  if (Object.keys(body).length === 0) return;
  const problem = ProblemReply.parse(body);
  expect(problem, where).toEqual(body);
  const code = problem.code as ProblemCode;
  expect(PROBLEMS[code]?.status, where).toBe(status);
  expect(problem.status, where).toBe(status);
  expect(problem.type, where).toBe(`urn:folio:problem:${code}`);
  expect(problem.correlationId, where).toBe(headers.get('X-Correlation-Id'));
  expect(problem.detail, where).not.toMatch(/\bat \S+:\d+:\d+|SQLITE|Error:/);
  // A call ends with the problems of what it calls.
  if (operation !== undefined && !isCall) expect(operationProblems(operation), where).toContain(code);
  expect((problem.errors ?? []).length > 0, where).toBe(code === 'invalid_request');
  expect(problem.currentVersion !== undefined, where).toBe(code === 'version_conflict');
  expect(headers.has('WWW-Authenticate'), where).toBe(status === 401);
  expect(headers.has('Allow'), where).toBe(code === 'method_not_allowed');
  expect(headers.has('Retry-After'), where).toBe(status === 503 || status === 429);
}

/** Stored data fits the schema of its type, where it is of the newest shape; references have no data. */
function checkEventData(event: Json, where: string): void {
  const { aggregateType, eventType, schemaVersion, data } = event as Record<string, string>;
  if (data === undefined || Number(schemaVersion) !== newestSchemaVersion(eventType as string)) return;
  const aggregate = AGGREGATE_LIST.find((known) => known.aggregateType === aggregateType);
  expect(aggregate?.events[eventType as string]?.parse(data), where).toEqual(data);
}

/** Tables that commands write to; the outbox's cursor moves by itself. */
const COMMAND_TABLES = ['events', 'resources', 'snapshots'];

/** What tells that an aggregate was written to: its version, and the rows in its tables. */
export async function footprint(
  aggregateId: string,
  aggregateType: AggregateType = 'account',
): Promise<{ version: number; rows: number }> {
  const namespace = testEnv[AGGREGATES[aggregateType].binding] as Env['ACCOUNTS'];
  const stub = namespace.getByName(aggregateId);
  const version = await stub.head();
  const rows = await runInDurableObject(stub, (_instance, state) => {
    const { sql } = state.storage;
    const stored = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray();
    const tables = COMMAND_TABLES.filter((table) => stored.some(({ name }) => name === table));
    return tables.reduce(
      (sum, table) => sum + Number(sql.exec(`SELECT count(*) AS n FROM ${table}`).one().n),
      0,
    );
  });
  return { version, rows };
}

/** The body that opens an account in a test. */
export function opening(accountId: string, more: object = {}) {
  return {
    accountId,
    customerId: 'customer-1',
    accountType: 'INDIVIDUAL',
    currency: 'USD',
    initialBalance: '100000',
    ...more,
  };
}

/** Opens an account and answers its id. */
export async function opened(accountId: string, more: object = {}): Promise<string> {
  const { status } = await call('POST', '/v1/accounts', { body: opening(accountId, more) });
  expect(status).toBe(201);
  return accountId;
}

/** Repeats an attempt until it passes: views follow the log after a while. */
export async function eventually<Result>(attempt: () => Promise<Result>, withinMs = 15_000): Promise<Result> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
