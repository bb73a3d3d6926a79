/** Which web pages of other origins may use the API (CORS): those that the configuration names, and no other. */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { pageOrigins, unusableText } from '../../../schemas/pageOrigins.ts';
import { createLogger } from '../../../telemetry/logger.ts';
import type { Env } from '../../env.ts';
import type { HttpEnv } from '../context.ts';

/** Seconds for which a browser may remember a preflight: Chromium's own maximum. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Headers that pages may send, and read, beyond those that every page may. What traces a request comes in three (W3C Trace
 * Context, W3C Baggage), readers of event streams made for pages ask for no cache, and clients of Apollo that were told a name for
 * the page send that: one header that is not allowed, and the browser sends nothing at all.
 */
const SENT = [
  'Apollo-Require-Preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'Authorization',
  'baggage',
  'Cache-Control',
  'Connect-Protocol-Version',
  'Connect-Timeout-Ms',
  'Content-Type',
  'Grpc-Timeout',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'traceparent',
  'tracestate',
  'X-Correlation-Id',
  'X-Grpc-Web',
  'X-User-Agent',
];
const READ = [
  'Allow',
  'Content-Disposition',
  'ETag',
  'Grpc-Message',
  'Grpc-Status',
  'Grpc-Status-Details-Bin',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Correlation-Id',
  'X-Read-Source',
  'X-View-Parked',
  'X-View-Stale-Since',
  'X-View-Version',
];

const answers = new WeakMap<
  Env,
  { readonly origins: ReadonlySet<string>; readonly handler: MiddlewareHandler }
>();

function answersOf(env: Env) {
  const known = answers.get(env);
  if (known !== undefined) return known;
  const { origins, unusable } = pageOrigins(env.CORS_ORIGINS);
  if (unusable.length > 0) createLogger('http', env.LOG_LEVEL).log('warn', unusableText(unusable));
  const handler = cors({
    origin: (origin) => (origins.has(origin) ? origin : null),
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: SENT,
    exposeHeaders: READ,
    maxAge: PREFLIGHT_SECONDS,
  });
  const made = { origins, handler };
  answers.set(env, made);
  return made;
}

/** Answers preflights and marks answers for the pages that are named; for everybody else there is no such thing. */
export const crossOrigin: MiddlewareHandler<HttpEnv> = async function crossOrigin(c, next) {
  const origin = c.req.header('Origin');
  const { origins, handler } = answersOf(c.env);
  if (origin !== undefined && origins.has(origin)) {
    const isPreflight = c.req.header('Access-Control-Request-Method') !== undefined;
    // OPTIONS that is no preflight is answered by the application, like everything else.
    if (c.req.method !== 'OPTIONS' || isPreflight) return handler(c, next);
  }
  await next();
  if (origins.size > 0) c.res.headers.append('Vary', 'Origin');
};
