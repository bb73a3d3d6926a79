/** Accepts the local administrator's token. A request without one is anonymous; a wrong one is refused. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';

/** Compares in a time that tells nothing about where two texts differ. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export const authentication: MiddlewareHandler<HttpEnv> = async function authentication(c, next) {
  const header = c.req.header('Authorization');
  const token = c.env.DEV_TOKEN;
  if (header === undefined) {
    c.set('userId', 'anonymous');
  } else if (token !== undefined && token !== '' && sameSecret(header, `Bearer ${token}`)) {
    c.set('userId', 'local-administrator');
  } else {
    throw new ProblemError({ code: 'unauthenticated', detail: 'The token is not known here.' });
  }
  await next();
};
