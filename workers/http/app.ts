/** The HTTP application: middleware, routes, and the one place where errors become answers. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { guarded } from './access.ts';
import type { HttpEnv } from './context.ts';
import { problemOf } from './failure.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { crossOrigin } from './middleware/crossOrigin.ts';
import { limits } from './middleware/limits.ts';
import { pages } from './middleware/pages.ts';
import { securityHeaders } from './middleware/securityHeaders.ts';
import { isPublic, type Route } from './operation.ts';
import { problemResponse } from './problem.ts';
import { GRAPHQL_PATH, tokenOverSocket } from './routes/graphql.ts';
import { ROUTES } from './routes/index.ts';
import { unmatched } from './unmatched.ts';

/** What stands between a request and its route. */
export interface Gate {
  /** In this order, before every route that is not open to anybody. */
  readonly middleware: readonly MiddlewareHandler<HttpEnv>[];
  /** The route's handler behind whatever decides on access. */
  readonly guard: (route: Route) => Route['handle'];
}

/** The application behind a gate. There is one in use; a benchmark measures what it costs by another. */
export function application({ middleware, guard }: Gate): Hono<HttpEnv> {
  const made = new Hono<HttpEnv>();
  const serve = ({ method, path }: Route, handle: Route['handle']) =>
    made.on(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), handle);
  made.use(correlation, securityHeaders, crossOrigin);
  made.use(GRAPHQL_PATH, tokenOverSocket(ROUTES));
  // What stands before the gate goes by it.
  for (const route of ROUTES.filter(isPublic)) serve(route, route.handle);
  made.use('/docs/*', pages);
  made.use('/v1/*', ...middleware);
  for (const route of ROUTES.filter((each) => !isPublic(each))) serve(route, guard(route));
  made.notFound(unmatched(made));
  made.onError(answerOf);
  return made;
}

/** The application as it is served. */
export const app = application({ middleware: [authentication, limits], guard: guarded });

function answerOf(error: Error, c: Context<HttpEnv>): Response {
  return problemResponse(problemOf(error, c), c.get('correlationId'));
}
