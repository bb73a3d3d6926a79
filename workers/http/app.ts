/** The HTTP application: middleware, routes, and the one place where errors become answers. */
import { Hono } from 'hono';
import { errorFields } from '../../telemetry/logger.ts';
import { guarded } from './access.ts';
import type { HttpEnv } from './context.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { limits } from './middleware/limits.ts';
import { isPublic } from './operation.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { ROUTES } from './routes/index.ts';
import { unmatched } from './unmatched.ts';

export const app = new Hono<HttpEnv>();

app.use(correlation);
app.use('/v1/*', authentication, limits);
for (const route of ROUTES) {
  const handle = isPublic(route) ? route.handle : guarded(route);
  app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), handle);
}

app.notFound(unmatched(app));

app.onError((error, c) => {
  const correlationId = c.get('correlationId');
  if (error instanceof ProblemError) return problemResponse(error.problem, correlationId);
  const passing = isPassing(error);
  const level = passing ? 'warn' : 'error';
  c.get('logger').log(level, 'request failed', { correlationId, path: c.req.path, ...errorFields(error) });
  if (passing) {
    const detail = 'A part of the platform does not answer now. The same request may be sent again.';
    return problemResponse({ code: 'unavailable', detail }, correlationId);
  }
  const detail = 'The request failed for a reason that is ours.';
  return problemResponse({ code: 'internal_error', detail }, correlationId);
});

/** Whether the runtime says that an object was restarted or has too much to do: a later try finds it well. */
function isPassing(error: Error): boolean {
  const { retryable, overloaded } = error as { retryable?: unknown; overloaded?: unknown };
  return retryable === true || overloaded === true;
}
