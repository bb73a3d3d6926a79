/** Sends fuzzed requests to a server and holds every answer against what the API says of itself. */
import * as fc from 'fast-check';
import { Client, type Reply } from '../../../demo/client.ts';
import { forEachOf } from '../../../demo/concurrency.ts';
import type { OpenApi } from './document.ts';
import { type FuzzedRequest, fuzzedRequests, GRAPHQL_PATH } from './requests.ts';
import { FUZZED_IDS } from './values.ts';
import { makeWorld } from './world.ts';

/** Requests in flight at a time: enough that they get in each other's way. */
const CONCURRENCY = 16;

/** Faults that are told; with more something is thoroughly wrong. */
const FAULTS_TOLD = 10;

/** What no answer may say: how the platform is made, and where it broke. */
const INTERNALS =
  /\bat \S+:\d+:\d+|SQLITE|D1_ERROR|TypeError|ReferenceError|RangeError|node_modules|\.ts\b|workerd|cloudflare|Durable Object/gi;

/** Whose answers of 200 may have parts that failed, for a reason that is ours. */
const HAS_PARTS = /^\/v1\/(commands|graphql|connect)\b/;
const FAILED_WITHIN = /"code": ?"(internal_error|unavailable)"/;

/** Headers of every answer, whatever it is: of the connection, of the body, and what browsers are told. */
const HEADERS_OF_ALL = new Set([
  ...['connection', 'content-length', 'content-type', 'keep-alive', 'transfer-encoding'],
  ...['allow', 'cache-control', 'content-security-policy', 'cross-origin-resource-policy'],
  ...['referrer-policy', 'x-content-type-options', 'x-frame-options'],
]);

/** What to do. */
export interface FuzzOptions {
  readonly url: string;
  readonly token: string;
  readonly requests: number;
  readonly seed: number;
  /** Told how many answers have been judged. */
  readonly progress?: (done: number) => void;
}

/** What came of it. */
export interface FuzzResult {
  readonly faults: readonly string[];
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations that were asked, and those that succeeded at least once. */
  readonly asked: ReadonlySet<string>;
  readonly succeeded: ReadonlySet<string>;
}

/** Runs it. */
export async function runFuzz({ url, token, requests, seed, progress }: FuzzOptions): Promise<FuzzResult> {
  // Requests name their caller themselves, or do not.
  const client = new Client(url);
  const administrator = new Client(url, token);
  try {
    const document = await administrator.json<OpenApi>('/openapi.json');
    await makeWorld(administrator, document);
    const made = fc.sample(fuzzedRequests(document, `Bearer ${token}`), { seed, numRuns: requests });
    const faults: string[] = [];
    let done = 0;
    const statuses = new Map<number, number>();
    const [asked, succeeded] = [new Set<string>(), new Set<string>()];
    await forEachOf(made, CONCURRENCY, async (request) => {
      const reply = await send(client, request);
      const { operationId } = request.operation;
      asked.add(operationId);
      if (reply !== undefined) {
        statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
        if (reply.status < 300) succeeded.add(operationId);
      }
      const fault = reply === undefined ? 'no answer' : faultOf(request, reply);
      progress?.(++done);
      if (fault !== undefined && faults.length < FAULTS_TOLD) faults.push(`${fault}: ${shown(request)}`);
    });
    faults.push(...(await aftermath(administrator)));
    return { faults, statuses, asked, succeeded };
  } finally {
    client.close();
    administrator.close();
  }
}

async function send(
  client: Client,
  { operation, path, headers, body }: FuzzedRequest,
): Promise<Reply | undefined> {
  try {
    return await client.send({
      method: operation.method,
      path,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  } catch {
    return undefined;
  }
}

/** What is wrong with an answer. */
function faultOf(request: FuzzedRequest, reply: Reply): string | undefined {
  const { operation, path } = request;
  const { status, headers, text } = reply;
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (HAS_PARTS.test(path) && FAILED_WITHIN.test(text))
    return `a part of the answer failed: ${text.slice(0, 300)}`;
  const told = status < 400 ? graphQlErrors(path, text) : text;
  const internal = internalsIn(told).find((words) => !says(request, words));
  if (internal !== undefined) return `the answer tells of internals (${internal}): ${text.slice(0, 300)}`;
  if (headers['x-injected'] !== undefined) return 'a header was injected';
  // A path that a parameter has changed into another is another operation's.
  const isOwn = /^(\/[\w-]+)+(\.json)?$/.test(path.split('?')[0] ?? '');
  const { statuses, hasOtherFailures } = operation;
  if (isOwn && !hasOtherFailures && !statuses.has(status)) return `${status} is not described`;
  const misdescribed = hasOtherFailures ? undefined : headerFault(reply, statuses.get(status));
  if (isOwn && misdescribed !== undefined) return misdescribed;
  if (hasOtherFailures && headers['content-type'] === 'application/json') return connectFault(reply);
  return status < 400 ? undefined : problemFault(reply);
}

/** What is wrong with the headers of an answer, by those that are described. */
function headerFault(
  { status, headers }: Reply,
  described: ReadonlyMap<string, boolean> = new Map(),
): string | undefined {
  const unnamed = Object.keys(headers).find((name) => !HEADERS_OF_ALL.has(name) && !described.has(name));
  if (unnamed !== undefined) return `${unnamed} of ${status} is not described`;
  const missing = [...described].find(([name, isAlways]) => isAlways && headers[name] === undefined);
  return missing === undefined ? undefined : `${status} comes without ${missing[0]}`;
}

function internalsIn(text: string): string[] {
  return Array.from(text.matchAll(INTERNALS), ([words]) => words);
}

/** Whether a request has these words itself: an answer that repeats them tells nothing. */
function says({ path, headers, body = '' }: FuzzedRequest, words: string): boolean {
  return [path, body, ...Object.values(headers)].some((part) => part.includes(words));
}

/** The errors of an answer of GraphQL that is none as a whole. */
function graphQlErrors(path: string, text: string): string {
  if (!path.startsWith(GRAPHQL_PATH)) return '';
  const { errors = [] } = JSON.parse(text) as { errors?: object[] };
  return errors.length === 0 ? '' : JSON.stringify(errors);
}

/** An error of Connect. */
function connectFault({ status, text }: Reply): string | undefined {
  const { code, message } = JSON.parse(text) as Record<string, unknown>;
  const isWhole = status < 400 || (typeof code === 'string' && typeof message === 'string' && message !== '');
  return isWhole ? undefined : `not a whole error of Connect: ${text.slice(0, 300)}`;
}

function problemFault({ status, headers, text }: Reply): string | undefined {
  if (headers['content-type'] !== 'application/problem+json') return `${status} without a problem document`;
  const problem = JSON.parse(text) as Record<string, unknown>;
  const isWhole =
    problem.status === status &&
    problem.type === `urn:folio:problem:${problem.code}` &&
    typeof problem.title === 'string' &&
    typeof problem.detail === 'string' &&
    problem.correlationId === headers['x-correlation-id'];
  return isWhole ? undefined : `not a whole problem document: ${text.slice(0, 300)}`;
}

/** The server goes on, and the logs of whatever was touched are whole. */
async function aftermath(client: Client): Promise<string[]> {
  const faults: string[] = [];
  for (const path of ['/healthz', '/readyz']) {
    const { status } = await client.send({ method: 'GET', path });
    if (status !== 200) faults.push(`afterwards GET ${path} answers ${status}`);
  }
  for (const id of FUZZED_IDS) {
    const { status, text } = await client.send({ method: 'GET', path: `/v1/audit/account/${id}` });
    if (status !== 404 && !text.startsWith('{"ok":true')) faults.push(`the log of ${id} is broken: ${text}`);
  }
  return faults;
}

function shown({ operation, path, headers, body }: FuzzedRequest): string {
  const { Authorization: _, ...others } = headers;
  return `${operation.operationId} ${operation.method} ${path} ${JSON.stringify(others)} ${body?.slice(0, 1_000) ?? ''}`;
}
