/** Bodies that nobody will read: HEAD is answered as GET is, and sent without the body (RFC 9110, 9.3.2). */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';

/** Lets go of what stands behind an unsent body: a stream of events would else hold its socket and its timer for an hour. */
export const unsentBody: MiddlewareHandler<HttpEnv> = async function unsentBody(c, next) {
  await next();
  if (c.req.method === 'HEAD') await c.res.body?.cancel();
};
