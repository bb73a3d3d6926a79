/** Calls as requests to the operations that they name, which are run in this process: there is one way to do each thing. */
import type { JsonValue } from '@bufbuild/protobuf';
import { type Context, Hono } from 'hono';
import { guarded } from '../http/access.ts';
import { CommandHeaders } from '../http/command.ts';
import type { HttpEnv } from '../http/context.ts';
import { failureResponse } from '../http/failure.ts';
import { type Route, serveRoute } from '../http/operation.ts';
import { parseWith } from '../http/parse.ts';
import { invalidRequest } from '../http/problem.ts';

/** The request that says what a message says. Throws 400 where the path or a header cannot carry it. */
export function operationRequest(
  c: Context<HttpEnv>,
  route: Route,
  json: Readonly<Record<string, JsonValue>>,
): Request {
  const { command, params, query, body, ownBody, method } = route;
  const rest = new Map(Object.entries(json));
  const taken = (names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = rest.get(name);
        rest.delete(name);
        return value === undefined ? [] : [[name, String(value)]];
      }),
    );
  const headers = new Headers({ 'X-Correlation-Id': c.get('correlationId') });
  if (command !== undefined) {
    setCommandHeaders(headers, taken(['idempotencyKey', 'expectedVersion']));
    passCommandHeaders(headers, c);
  }
  const inPath = taken(Object.keys(params?.shape ?? {}));
  if (params !== undefined) parseWith(params, inPath);
  const unfit = Object.keys(inPath).filter((name) => NO_SEGMENT.test(inPath[name] ?? ''));
  if (unfit.length > 0)
    throw invalidRequest(unfit.map((path) => ({ path, message: 'must not be empty, "." or ".."' })));
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inPath[name] ?? ''));
  const url = new URL(path, c.req.url);
  url.search = new URLSearchParams(taken(Object.keys(query?.shape ?? {}))).toString();
  if (body === undefined && ownBody === undefined)
    return new Request(url, { method: method.toUpperCase(), headers });
  headers.set('Content-Type', 'application/json');
  return new Request(url, {
    method: method.toUpperCase(),
    headers,
    body: JSON.stringify(Object.fromEntries(rest)),
  });
}

/** What a path cannot have for a part of it: it would be the path of another operation, or of none. */
const NO_SEGMENT = /^\.{0,2}$/;

/** A header takes no line feed and no letter outside of Latin-1: what does not fit is told before it is set. */
function setCommandHeaders(
  headers: Headers,
  { idempotencyKey, expectedVersion }: Record<string, string>,
): void {
  const quoted = expectedVersion === undefined ? undefined : `"${expectedVersion}"`;
  if (!CommandHeaders.shape['Idempotency-Key'].safeParse(idempotencyKey).success) {
    throw invalidRequest([{ path: 'idempotencyKey', message: 'must be 1 to 128 visible ASCII characters' }]);
  }
  if (!CommandHeaders.shape['If-Match'].safeParse(quoted).success) {
    throw invalidRequest([{ path: 'expectedVersion', message: 'must be a version' }]);
  }
  if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey);
  if (quoted !== undefined) headers.set('If-Match', quoted);
}

/** What the call's own headers say in place of its message: who sends a key must not find that it did not count. */
function passCommandHeaders(headers: Headers, c: Context<HttpEnv>): void {
  for (const name of Object.keys(CommandHeaders.shape)) {
    const sent = c.req.header(name);
    if (sent === undefined) continue;
    // A version is the same as a weak entity tag.
    if ((headers.get(name) ?? sent) !== sent && `W/${headers.get(name)}` !== sent)
      throw invalidRequest([{ path: name, message: 'must be what the message says, or be left out' }]);
    headers.set(name, sent);
  }
}

/** Runs requests for a caller whom the gate has let in. */
export type InProcess = (c: Context<HttpEnv>, request: Request) => Promise<Response>;

/** These routes behind the table of access. Who asks, and that it may ask for so much, was settled when the call came in. */
export function inProcess(routes: readonly Route[]): InProcess {
  const app = new Hono<HttpEnv>();
  const callers = new WeakMap<Request, Context<HttpEnv>>();
  app.use(async function asItsCaller(c, next) {
    const call = callers.get(c.req.raw) as Context<HttpEnv>;
    for (const name of ['correlationId', 'principal', 'caller', 'logger', 'takeBytes'] as const)
      c.set(name, call.get(name));
    await next();
  });
  for (const route of routes) serveRoute(app, route, guarded(route));
  app.onError(failureResponse);
  return async (c, request) => {
    callers.set(request, c);
    return await app.fetch(request, c.env, executionContext(c));
  };
}

function executionContext(c: Context<HttpEnv>) {
  try {
    return c.executionCtx;
  } catch {
    // A request without one has nothing that goes on after its answer.
    return undefined;
  }
}
