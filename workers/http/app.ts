/** The HTTP application: middleware, routes, and the one place where errors become answers. */
import { Hono } from 'hono';
import { errorFields } from '../../telemetry/logger.ts';
import type { HttpEnv } from './context.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { accounts } from './routes/accounts.ts';
import { audit } from './routes/audit.ts';
import { batch } from './routes/batch.ts';
import { events } from './routes/events.ts';
import { health } from './routes/health.ts';
import { portfolio } from './routes/portfolio.ts';

export const app = new Hono<HttpEnv>();

app.use(correlation);
app.route('/', health);
app.use('/v1/*', authentication);
app.route('/v1/accounts', accounts);
app.route('/v1/accounts', portfolio);
app.route('/v1/commands', batch);
app.route('/v1', events);
app.route('/v1/audit', audit);

app.notFound((c) =>
  problemResponse(
    { status: 404, code: 'route_not_found', detail: `There is no ${c.req.method} ${c.req.path}.` },
    c.get('correlationId'),
  ),
);

app.onError((error, c) => {
  const correlationId = c.get('correlationId');
  if (error instanceof ProblemError) return problemResponse(error.problem, correlationId);
  c.get('logger').log('error', 'request failed', { correlationId, path: c.req.path, ...errorFields(error) });
  return problemResponse(
    { status: 500, code: 'internal_error', detail: 'The request failed for a reason that is ours.' },
    correlationId,
  );
});
