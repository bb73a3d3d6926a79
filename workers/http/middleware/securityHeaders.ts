/** What browsers are told of every answer: it is data, not a page, and nobody else's to show, keep or guess at. */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';

/** A year, as browsers ask for. */
const HTTPS_ONLY = 'max-age=31536000; includeSubDomains';

/** OWASP REST Security Cheat Sheet, "Security Headers". A route that answers with a page says otherwise for itself. */
const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
];

/** Sets those that the route has not set. */
export const securityHeaders: MiddlewareHandler<HttpEnv> = async function securityHeaders(c, next) {
  await next();
  const { headers } = c.res;
  for (const [name, value] of HEADERS) {
    if (!headers.has(name)) headers.set(name, value);
  }
  if (c.req.url.startsWith('https:')) headers.set('Strict-Transport-Security', HTTPS_ONLY);
};
