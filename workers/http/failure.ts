/** The one place where whatever was thrown becomes the problem that a client is told; what is ours to know goes to the log. */
import type { Context } from 'hono';
import { errorFields } from '../../telemetry/logger.ts';
import { isBeingRestored, isPassing } from '../inTime.ts';
import type { HttpEnv } from './context.ts';
import { type Problem, ProblemError, problemResponse } from './problem.ts';

/** The answer to a request that an error ended. */
export function failureResponse(error: Error, c: Context<HttpEnv>): Response {
  return problemResponse(problemOf(error, c), c.get('correlationId'));
}

/** A command may have run: without a key that says so, one that is sent again is another one. */
const PASSING =
  'A part of the platform does not answer now. The same request may be sent again, a command under its `Idempotency-Key`: it may have run.';

/** It does not pass by itself: a restoration that was cut off is run again. */
const HELD =
  'The log is held until the restoration that fills it has ended. The same request may be sent again then.';

/** The problem that an error is to the client. Everything but a {@link ProblemError} is logged, and told without its words. */
export function problemOf(error: unknown, c: Context<HttpEnv>): Problem {
  if (error instanceof ProblemError) return error.problem;
  const correlationId = c.get('correlationId');
  const passing = isPassing(error);
  const level = passing ? 'warn' : 'error';
  c.get('logger').log(level, 'request failed', { correlationId, path: c.req.path, ...errorFields(error) });
  if (passing) {
    return { code: 'unavailable', detail: isBeingRestored(error) ? HELD : PASSING };
  }
  return { code: 'internal_error', detail: 'The request failed for a reason that is ours.' };
}
