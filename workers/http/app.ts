/** The HTTP application: middleware and routes. */
import { Hono, type MiddlewareHandler } from 'hono';
import { connectFailures } from '../connect/failures.ts';
import { CONNECT_PATHS } from '../connect/service.ts';
import { guarded } from './access.ts';
import type { HttpEnv } from './context.ts';
import { failureResponse } from './failure.ts';
import { authentication } from './middleware/authentication.ts';
import { correlation } from './middleware/correlation.ts';
import { crossOrigin } from './middleware/crossOrigin.ts';
import { limits, strangers } from './middleware/limits.ts';
import { frontDoor, pages } from './middleware/pages.ts';
import { requestedHost } from './middleware/requestedHost.ts';
import { securityHeaders } from './middleware/securityHeaders.ts';
import { unreadBody } from './middleware/unreadBody.ts';
import { unsentBody } from './middleware/unsentBody.ts';
import { isPublic, type Route, serveRoute } from './operation.ts';
import { GRAPHQL_PATH, tokenOverSocket } from './routes/graphql.ts';
import { ROUTES } from './routes/index.ts';
import { unmatched } from './unmatched.ts';

/** What proves itself by a signature of its body. */
const SIGNED_PATHS = '/v1/webhooks/*';

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
  made.use(unsentBody, unreadBody, correlation, securityHeaders, requestedHost, crossOrigin);
  made.use(GRAPHQL_PATH, tokenOverSocket(ROUTES));
  // What stands before the gate goes by it.
  made.use(SIGNED_PATHS, strangers);
  for (const route of ROUTES.filter(isPublic)) serveRoute(made, route, route.handle);
  made.use('/', frontDoor);
  made.use('/docs/*', pages);
  made.use(CONNECT_PATHS, connectFailures);
  made.use('/v1/*', ...middleware);
  for (const route of ROUTES.filter((each) => !isPublic(each))) serveRoute(made, route, guard(route));
  made.notFound(unmatched(made));
  made.onError(failureResponse);
  return made;
}

/** The application as it is served. */
export const app = application({ middleware: [authentication, limits], guard: guarded });
