/** Gives every request a correlation id, and a log line when it is done. */
import type { MiddlewareHandler } from 'hono';
import { createLogger } from '../../../telemetry/logger.ts';
import type { HttpEnv } from '../context.ts';

const VISIBLE = /^[\x21-\x7e]{1,128}$/;
/**
 * W3C Trace Context, 3.2: version, trace id, parent id, flags. Version ff and ids of zeros are invalid, and only versions
 * after 00 may say more. An invalid one counts as none.
 */
const TRACEPARENT =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** The client's correlation id, else the trace id of its `traceparent`, else a new one. */
function correlationIdOf(header: string | undefined, traceparent: string | undefined): string {
  if (header !== undefined && VISIBLE.test(header)) return header;
  return TRACEPARENT.exec(traceparent ?? '')?.[1] ?? crypto.randomUUID();
}

/** Gives every request its correlation id and logger. */
export const correlation: MiddlewareHandler<HttpEnv> = async function correlation(c, next) {
  const correlationId = correlationIdOf(c.req.header('X-Correlation-Id'), c.req.header('traceparent'));
  const logger = createLogger('http', c.env.LOG_LEVEL);
  c.set('correlationId', correlationId);
  c.set('logger', logger);
  const started = Date.now();
  await next();
  c.res.headers.set('X-Correlation-Id', correlationId);
  if (!logger.enabled('debug')) return;
  logger.log('debug', 'request', {
    correlationId,
    method: c.req.method,
    path: c.req.path,
    status: c.res.status,
    durationMs: Date.now() - started,
  });
};
