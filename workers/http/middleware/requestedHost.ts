/** Requests whose `Host` makes no address of what they ask for end here: all that looks at the address would else fail. */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';
import { invalidRequest } from '../problem.ts';

/** Ends the request with 400 where its address cannot be parsed (RFC 9112, 3.2: one `Host`, and a valid one). */
export const requestedHost: MiddlewareHandler<HttpEnv> = async function requestedHost(c, next) {
  if (!URL.canParse(c.req.url))
    throw invalidRequest([{ path: 'Host', message: 'must be one host, and its port where it has one' }]);
  await next();
};
