/** The HTTP application: middleware, routes, and the one place where errors become answers. */
import { Hono } from 'hono';
import { errorFields } from '../../telemetry/logger.ts';
import { isPassing } from '../inTime.ts';
import { guarded } from './access.ts';
import type { HttpEnv } from './context.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { limits } from './middleware/limits.ts';
import { isPublic, type Route } from './operation.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { ROUTES } from './routes/index.ts';
import { unmatched } from './unmatched.ts';

export const app = new Hono<HttpEnv>();

app.use(correlation);
// What stands before the authentication goes by it.
for (const route of ROUTES.filter(isPublic)) serve(route, route.handle);
app.use('/v1/*', authentication, limits);
for (const route of ROUTES.filter((each) => !isPublic(each))) serve(route, guarded(route));

function serve({ method, path }: Route, handle: Route['handle']): void {
  app.on(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), handle);
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
