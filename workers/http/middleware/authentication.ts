/** Accepts the local administrator's token. A request without one is anonymous; a wrong one is refused. */
import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';

/** RFC 6750, 2.1; names of schemes ignore case. */
const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** Compares in a time that tells nothing about where two texts differ; that their lengths differ is no secret. */
function sameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** Says who is asking, or ends the request with 401. */
export const authentication: MiddlewareHandler<HttpEnv> = async function authentication(c, next) {
  const header = c.req.header('Authorization');
  const token = c.env.DEV_TOKEN;
  if (header === undefined) {
    c.set('userId', 'anonymous');
  } else if (token !== undefined && token !== '' && sameSecret(BEARER.exec(header)?.[1] ?? '', token)) {
    c.set('userId', 'local-administrator');
  } else {
    throw new ProblemError({
      code: 'unauthenticated',
      detail: 'The token is not known here.',
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
  await next();
};
