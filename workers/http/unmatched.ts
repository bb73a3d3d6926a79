/** Answers to requests that no route takes: another method than the path has, or a path that is none. */
import type { Context, Hono } from 'hono';
import type { HttpEnv } from './context.ts';
import { problemResponse } from './problem.ts';

/** The `notFound` handler of an application: 405 with `Allow`, the answer to OPTIONS, or 404. */
export function unmatched(app: Hono<HttpEnv>): (c: Context<HttpEnv>) => Response {
  let paths: readonly KnownPath[] | undefined;
  return (c) => {
    // Read on the first miss, when every route has been registered.
    paths ??= knownPaths(app);
    const allow = allowedMethods(paths, c.req.path);
    if (allow === undefined) {
      const detail = `There is no ${c.req.method} ${c.req.path}.`;
      return problemResponse({ code: 'route_not_found', detail }, c.get('correlationId'));
    }
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allow } });
    const detail = `${c.req.path} takes ${allow}.`;
    return problemResponse(
      { code: 'method_not_allowed', detail, headers: { Allow: allow } },
      c.get('correlationId'),
    );
  };
}

interface KnownPath {
  readonly method: string;
  readonly pattern: RegExp;
}

function knownPaths(app: Hono<HttpEnv>): KnownPath[] {
  return app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replace(/:[^/]+/g, '[^/]+')}$`) }));
}

function allowedMethods(paths: readonly KnownPath[], path: string): string | undefined {
  const methods = new Set(paths.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
  if (methods.size === 0) return undefined;
  if (methods.has('GET')) methods.add('HEAD');
  methods.add('OPTIONS');
  return [...methods].sort().join(', ');
}
