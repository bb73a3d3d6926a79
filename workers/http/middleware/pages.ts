/** The pages for people under `/docs`: static files (local/pages.ts). */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../context.ts';

/** The files bring their own scripts and ask this origin alone. The viewers set styles on elements, and draw icons from data. */
const policy = (scripts: string) =>
  `default-src 'none'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE_POLICY = policy("'self'");

/** The viewer of AsyncAPI compiles the document's schemas to code. Its page takes no token and shows nothing but that document. */
const COMPILING_PAGE = '/docs/stream';
const COMPILING_POLICY = policy("'self' 'unsafe-eval'");

/** Files change with a release at most, and are asked for again then: browsers check what they have. */
const PAGE_CACHING = 'public, max-age=0, must-revalidate';

/** Answers with a file where there is one. */
export const pages: MiddlewareHandler<HttpEnv> = async function pages(c, next) {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next();
  const found = await c.env.ASSETS.fetch(c.req.raw);
  if (found.status === 404) return next();
  const answer = new Response(found.body, found);
  answer.headers.set(
    'Content-Security-Policy',
    c.req.path === COMPILING_PAGE ? COMPILING_POLICY : PAGE_POLICY,
  );
  answer.headers.set('Cache-Control', PAGE_CACHING);
  return answer;
};
