/** Refused access: the answer, and the event that tells of it. */
import type { Context } from 'hono';
import type { AccessLogCommand } from '../../schemas/accessLog.ts';
import { isAggregateType } from '../../schemas/aggregates.ts';
import type { CommandContext, Outcome } from '../../schemas/envelope.ts';
import { placeOf } from '../../schemas/location.ts';
import { AggregateId } from '../../schemas/scalars.ts';
import { timeText } from '../../schemas/time.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Principal, Target } from '../access/principal.ts';
import type { Env } from '../env.ts';
import { inTime } from '../inTime.ts';
import { commandContext } from './command.ts';
import type { HttpEnv } from './context.ts';
import { gatewayOf } from './gateway.ts';
import { ProblemError } from './problem.ts';

/** Says no more: whether the aggregate exists is none of the caller's business. */
export const FORBIDDEN_DETAIL = 'The token does not allow this.';

/** Characters of a day in a time: `2026-11-21`. */
const DAY_LENGTH = 10;

/** Who is asking, over HTTP or over a stream. */
export interface Caller {
  readonly env: Env;
  readonly principal: Principal;
  readonly context: CommandContext;
  readonly logger: Logger;
}

/** The caller of a request. */
export function callerOf(c: Context<HttpEnv>): Caller {
  return { env: c.env, principal: c.get('principal'), context: commandContext(c), logger: c.get('logger') };
}

/** Ends the request with 403 once the denial is on record. */
export async function deny(c: Context<HttpEnv>, operation: string, target?: Target): Promise<never> {
  await recordDenial(callerOf(c), operation, target);
  throw new ProblemError({ code: 'forbidden', detail: FORBIDDEN_DETAIL });
}

/** Puts a denial on record, unless it is one of too many. A log that does not answer changes nothing for the caller. */
export async function recordDenial(caller: Caller, operation: string, target?: Target): Promise<void> {
  const { env, context, logger } = caller;
  const { userId, roles } = caller.principal;
  const now = Date.now();
  const recorded = gatewayOf(env).denials.note(userId, operation, named(target), now);
  if (recorded === undefined) return;
  const { denials, target: { aggregateType = null, aggregateId = null } = {} } = recorded;
  const data = { userId, roles: [...roles], operation, aggregateType, aggregateId, denials };
  const command: AccessLogCommand = { type: 'RecordDenial', data };
  const log = env.ACCESS_LOGS.getByName(timeText(now).slice(0, DAY_LENGTH), placeOf(env));
  try {
    const sent = log.execute([{ ...command, commandId: crypto.randomUUID() }], context);
    const [outcome] = await inTime('the access log', sent as Promise<Outcome[]>);
    if (outcome?.status !== 'accepted') throw new Error(`a denial was ${outcome?.status}`);
  } catch (error) {
    const { correlationId } = context;
    const fields = { correlationId, userId, operation, ...errorFields(error) };
    logger.log('error', 'a denial is not on record', fields);
  }
}

/** The target as far as it can stand in an event: paths may name anything. */
function named(target: Target | undefined): Target | undefined {
  if (target === undefined || !isAggregateType(target.aggregateType)) return undefined;
  return AggregateId.safeParse(target.aggregateId).success ? target : undefined;
}
