/** What browsers are told of every answer: it is data, not a page, and nobody else's to show, keep or guess at. */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';

/** A year, as browsers ask for. */
const HTTPS_ONLY = 'max-age=31536000; includeSubDomains';

/** OWASP REST Security Cheat Sheet, "Security Headers". */
const ALWAYS: readonly (readonly [name: string, value: string])[] = [
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
];

/** Likewise, unless the route says otherwise: one may answer with a page, or with what may be kept. */
const UNLESS_SAID: readonly (readonly [name: string, value: string])[] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
];

/** Sets them on every answer. */
export const securityHeaders: MiddlewareHandler<HttpEnv> = async function securityHeaders(c, next) {
  await next();
  const { headers } = c.res;
  for (const [name, value] of ALWAYS) headers.set(name, value);
  for (const [name, value] of UNLESS_SAID) if (!headers.has(name)) headers.set(name, value);
  if (c.req.url.startsWith('https:')) headers.set('Strict-Transport-Security', HTTPS_ONLY);
};
