/** The table of access, held against requests: before the handler, and by handlers for what only they can see. */
import type { Context } from 'hono';
import { accessRow, mayReach, reachOf } from '../access/decide.ts';
import type { Principal, Target } from '../access/principal.ts';
import type { HttpEnv } from './context.ts';
import type { Operation, Route } from './operation.ts';
import { ProblemError } from './problem.ts';
import { requireAccountQuota } from './quota.ts';

/** Says no more: whether the account exists is none of the caller's business. */
export const FORBIDDEN_DETAIL = 'The token does not allow this.';

/** The name of an operation's row: of a command the same whichever way it arrives. */
export function rowName({ command, operationId }: Operation): string {
  return command ?? operationId;
}

/** The route's handler behind its row. Throws where the table has none, so that such a route is never served. */
export function guarded(route: Route): Route['handle'] {
  const name = rowName(route);
  const row = accessRow(name);
  return (c) => {
    const principal = c.get('principal');
    const reach = reachOf(principal, row);
    if (reach === undefined) throw forbidden();
    if (reach === 'own') {
      if (row.of === 'account') requireAccess(c, name, accountInPath(c));
      if (row.of === 'aggregate') requireAccess(c, name, aggregateInPath(c));
    }
    if (row.of === 'account') requireAccountQuota(c, c.req.param('id') ?? '');
    return route.handle(c);
  };
}

/** Ends the request with 403 unless the caller may do this to this aggregate. */
export function requireAccess(c: Context<HttpEnv>, operation: string, target: Target): void {
  if (!mayReach(c.get('principal'), operation, target)) throw forbidden();
}

/** The accounts to which an answer across aggregates is confined; undefined: it is not. */
export function selectedAccounts(c: Context<HttpEnv>, operation: string): ReadonlySet<string> | undefined {
  const principal: Principal = c.get('principal');
  return reachOf(principal, accessRow(operation)) === 'all' ? undefined : (principal.accounts ?? new Set());
}

function accountInPath(c: Context<HttpEnv>): Target {
  return { aggregateType: 'account', aggregateId: c.req.param('id') ?? '' };
}

function aggregateInPath(c: Context<HttpEnv>): Target {
  const { aggregateType = '', id = '' } = c.req.param() as { aggregateType?: string; id?: string };
  return { aggregateType, aggregateId: id };
}

function forbidden(): ProblemError {
  return new ProblemError({ code: 'forbidden', detail: FORBIDDEN_DETAIL });
}
