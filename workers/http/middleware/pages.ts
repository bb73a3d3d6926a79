/** The pages for people under `/docs`: static files (local/pages.ts). */
import type { MiddlewareHandler } from 'hono';
import { IS_LOCAL } from '../../../schemas/localRun.ts';
import type { HttpEnv } from '../context.ts';

/** The files bring their own scripts and ask this origin alone. The viewers set styles on elements, and draw icons from data. */
const policy = (scripts: string) =>
  `default-src 'none'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE_POLICY = policy("'self'");

/** The viewer of AsyncAPI compiles the document's schemas to code. Its page takes no token and shows nothing but that document. */
const COMPILING_PAGE = '/docs/stream';
const COMPILING_POLICY = policy("'self' 'unsafe-eval'");

/** The explorer of GraphQL is for development: a deployed Worker has none. Its page says where its files are. */
const EXPLORER = '/docs/graphql';
const EXPLORER_POLICY = PAGE_POLICY.replace("base-uri 'none'", "base-uri 'self'");

function policyOf(path: string): string {
  if (path === COMPILING_PAGE) return COMPILING_POLICY;
  return path === EXPLORER ? EXPLORER_POLICY : PAGE_POLICY;
}

/** Files change with a release at most, and are asked for again then: browsers check what they have. */
const PAGE_CACHING = 'public, max-age=0, must-revalidate';

/** Sends whoever names no path, as people do who look what this is, to the pages. */
export const frontDoor: MiddlewareHandler<HttpEnv> = async function frontDoor(c, next) {
  return isRead(c.req.method) ? c.redirect('/docs') : next();
};

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Answers with a file where there is one. */
export const pages: MiddlewareHandler<HttpEnv> = async function pages(c, next) {
  if (!isRead(c.req.method)) return next();
  if (!IS_LOCAL && (c.req.path === EXPLORER || c.req.path.startsWith(`${EXPLORER}/`))) return next();
  const found = await c.env.ASSETS.fetch(c.req.raw);
  if (found.status === 404) return next();
  const answer = new Response(found.body, found);
  answer.headers.set('Content-Security-Policy', policyOf(c.req.path));
  answer.headers.set('Cache-Control', PAGE_CACHING);
  return answer;
};
