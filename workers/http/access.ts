/** The table of access, held against requests: before the handler, and by handlers for what only they can see. */
import type { Context } from 'hono';
import { accessRow, mayReach, reachOf } from '../access/decide.ts';
import type { Principal, Target } from '../access/principal.ts';
import type { Subject } from '../access/table.ts';
import { STOPPING_COMMANDS } from '../limits/quotas.ts';
import type { HttpEnv } from './context.ts';
import { deny } from './denial.ts';
import type { Operation, Route } from './operation.ts';
import { requireAccountQuota } from './quota.ts';

/** The name of an operation's row: of a command the same whichever way it arrives. */
export function rowName({ command, operationId }: Operation): string {
  return command ?? operationId;
}

/** The route's handler behind its row. Throws where the table has none, so that such a route is never served. */
export function guarded(route: Route): Route['handle'] {
  const name = rowName(route);
  const { of } = accessRow(name);
  return (c) => refusal(c, name, targetInPath(c, of)) ?? route.handle(c);
}

/**
 * What stands before an operation whichever way it is asked for: undefined where the caller may go on. Else it ends with 403
 * once the denial is on record; throws 429 where the account has had its share, but for what stops it. Without a target the handler asks for each.
 */
export function refusal(
  c: Context<HttpEnv>,
  operation: string,
  target: Target | undefined,
): Promise<never> | undefined {
  if (!mayReach(c.get('principal'), operation, target)) return deny(c, operation, target);
  if (target?.aggregateType === 'account' && !STOPPING_COMMANDS.has(operation))
    requireAccountQuota(c, target.aggregateId);
  return undefined;
}

/** The accounts to which an answer across aggregates is confined; undefined: it is not. */
export function selectedAccounts(c: Context<HttpEnv>, operation: string): ReadonlySet<string> | undefined {
  const principal: Principal = c.get('principal');
  return reachOf(principal, accessRow(operation)) === 'all' ? undefined : (principal.accounts ?? new Set());
}

/** The aggregate that the path names; undefined where it is the handler's to say, or there is none. */
function targetInPath(c: Context<HttpEnv>, of: Subject): Target | undefined {
  if (of === 'account') return { aggregateType: 'account', aggregateId: c.req.param('id') ?? '' };
  if (of !== 'aggregate') return undefined;
  const { aggregateType = '', id = '' } = c.req.param() as { aggregateType?: string; id?: string };
  return { aggregateType, aggregateId: id };
}
