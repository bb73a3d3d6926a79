/** Errors as RFC 9457 problem details: every code that a client can meet, and the one exception that carries them. */
import { z } from 'zod';
import type { RestoreRefusal } from '../../actors/kernel/restoration.ts';
import type { RebuildRefusal } from '../../queues/rebuild/rebuild.ts';
import type { Outcome } from '../../schemas/envelope.ts';
import { type ProblemKind, REFUSALS } from './refusals.ts';

type HttpCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'invalid_signature'
  | 'forbidden'
  | 'route_not_found'
  | 'aggregate_not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'too_many_reports'
  | 'overloaded'
  | 'internal_error'
  | 'unavailable'
  | 'not_ready'
  | 'parked_not_found'
  | 'upgrade_required'
  | 'too_many_in_flight'
  | 'out_of_turn'
  | 'too_many_subscriptions'
  | 'checkpoint_not_found'
  | 'event_not_found'
  | 'object_not_found'
  | 'archive_expired'
  | 'not_archived_yet'
  | 'archive_damaged'
  | 'statement_too_large'
  | 'query_too_complex'
  | 'forward_only'
  | 'persisted_query_not_supported'
  | 'restore_closed'
  | RestoreRefusal
  | RebuildRefusal;
export type ProblemCode = HttpCode | keyof typeof REFUSALS;

/** Codes that no aggregate decides: those of the request itself, and of the views. Stable, like all codes. */
const HTTP_PROBLEMS: Readonly<Record<HttpCode, ProblemKind>> = {
  invalid_request: {
    status: 400,
    meaning: 'A body, a parameter or a header is not what the API takes; `errors` says where.',
  },
  unauthenticated: { status: 401, meaning: 'The request has no token, or one that is not accepted here.' },
  forbidden: { status: 403, meaning: 'The token does not allow this, or not on this account.' },
  query_too_complex: {
    status: 400,
    meaning: 'The GraphQL operation is longer, deeper or has more aliases, fields or reads than are taken.',
  },
  forward_only: {
    status: 400,
    meaning: 'The GraphQL list cannot be read from its end; the detail says what to ask for instead.',
  },
  persisted_query_not_supported: {
    status: 400,
    meaning: 'The GraphQL request has the hash of a document in its place; none are kept: send the document.',
  },
  invalid_signature: {
    status: 400,
    meaning: 'The webhook is not signed by its provider, or too long ago.',
  },
  route_not_found: { status: 404, meaning: 'There is no such path.' },
  aggregate_not_found: { status: 404, meaning: 'There is no aggregate of this type and id.' },
  checkpoint_not_found: { status: 404, meaning: 'There is no such checkpoint, or none yet.' },
  event_not_found: { status: 404, meaning: 'The aggregate has no event of this version.' },
  object_not_found: { status: 404, meaning: 'The archive has no object of this key.' },
  archive_expired: {
    status: 410,
    meaning: 'The segment of the archive that had the event was removed at the end of its term.',
  },
  not_archived_yet: {
    status: 409,
    meaning: 'No signed checkpoint covers the event yet; the same request may be sent again in a while.',
  },
  archive_damaged: {
    status: 409,
    meaning:
      'The archive has lost or altered what it had of the event: there is no proof of it until that is restored.',
  },
  parked_not_found: { status: 404, meaning: 'Nothing is parked under this id.' },
  method_not_allowed: {
    status: 405,
    meaning: 'The path does not have this method; `Allow` lists those it has.',
  },
  not_acceptable: {
    status: 406,
    meaning: 'The answer has none of the media types that `Accept` names.',
  },
  rebuild_in_progress: {
    status: 409,
    meaning: 'Another rebuild of views has not come to its end; `GET /v1/views` shows it.',
  },
  nothing_kept: {
    status: 409,
    meaning: 'What was live before has been cleared since, or there never was another.',
  },
  restore_closed: { status: 409, meaning: 'The environment was not opened for restoring.' },
  log_in_use: { status: 409, meaning: 'The log is in use: nothing can be restored into it any more.' },
  log_differs: { status: 409, meaning: 'The log has other events than the ones to be restored.' },
  log_gap: {
    status: 409,
    meaning: 'The events do not follow on the log, or it does not have all of them yet.',
  },
  event_altered: { status: 422, meaning: 'An event is not what its hash says, or lacks what belongs to it.' },
  event_unknown: { status: 422, meaning: 'This release cannot fold an event.' },
  request_too_large: {
    status: 413,
    meaning: 'The body has more bytes, or the batch more commands, than are taken.',
  },
  unsupported_media_type: {
    status: 415,
    meaning: 'The body was sent in a media type or encoding that is not taken.',
  },
  too_many_subscriptions: {
    status: 422,
    meaning: 'The connection, or its client, has as many subscriptions as it may have.',
  },
  statement_too_large: {
    status: 422,
    meaning: 'The period has more events than a statement may have; ask for shorter periods.',
  },
  upgrade_required: { status: 426, meaning: 'The path is a WebSocket: ask with `Upgrade: websocket`.' },
  too_many_in_flight: {
    status: 429,
    meaning: 'Too much of the connection waits for its answer; none of the frame was run.',
  },
  out_of_turn: {
    status: 429,
    meaning:
      'A frame was turned away before this one, which its sender had not heard yet; none of it was run, so that it does not overtake.',
  },
  rate_limited: {
    status: 429,
    meaning:
      'The client, or the account, has had its share of this window; `Retry-After` says when the next begins.',
  },
  too_many_reports: {
    status: 429,
    meaning:
      'As many reports about holders are kept as there may be; `Retry-After` says when there is room for one more.',
  },
  internal_error: { status: 500, meaning: 'The request failed for a reason that is ours.' },
  unavailable: {
    status: 503,
    meaning:
      'A part of the platform does not answer now; the same request may be sent again, a command under its `Idempotency-Key`: it may have run.',
  },
  overloaded: {
    status: 503,
    meaning: 'Too much is being worked on now; the same request may be sent again.',
  },
  not_ready: { status: 503, meaning: 'A binding does not answer yet.' },
};

/** Every code that a client can meet. */
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = { ...HTTP_PROBLEMS, ...REFUSALS };

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Authentication failed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'The request is too large',
  415: 'Unsupported media type',
  422: 'The command was refused',
  426: 'Upgrade required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available',
};

/** Seconds after which a client may try again what could not be answered: an object that restarts takes less. */
const RETRY_AFTER_SECONDS = 1;

/** One fault of a request: where it is (`quantity`, `commands[3].data.price`, a header's name) and what it is. */
export const RequestFault = z.strictObject({
  path: z.string().meta({ description: 'A field, a query parameter or a header; empty for the whole body.' }),
  message: z.string(),
});
export type RequestFault = z.infer<typeof RequestFault>;

/** Problem details (RFC 9457) as every error has them. */
export const ProblemReply = z.strictObject({
  type: z.string().meta({ description: 'A URN made from the code.' }),
  title: z.string(),
  status: z.number().int(),
  code: z.string().meta({ description: 'Stable name of the problem, in snake_case.' }),
  detail: z.string(),
  correlationId: z.string(),
  errors: z
    .array(RequestFault)
    .optional()
    .meta({ description: 'With `invalid_request`: every fault found.' }),
  currentVersion: z.number().int().optional().meta({ description: 'With `version_conflict`.' }),
});
export type ProblemReply = z.infer<typeof ProblemReply>;

export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly RequestFault[];
  readonly currentVersion?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem. Thrown in the HTTP layer alone, where unwinding to the response is all that is left. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** 400 with these faults. */
export function invalidRequest(errors: readonly RequestFault[]): ProblemError {
  const first = errors[0];
  const detail = first === undefined ? 'The request is not valid.' : faultText(first);
  return new ProblemError({ code: 'invalid_request', detail, errors });
}

/** A fault in one line. */
export function faultText({ path, message }: RequestFault): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** The document itself, also for examples in the API's description. */
export function problemReply(problem: Problem, correlationId: string): ProblemReply {
  const { code, detail, errors, currentVersion } = problem;
  const { status } = PROBLEMS[code];
  return {
    type: `urn:folio:problem:${code}`,
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail,
    correlationId,
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...(currentVersion === undefined ? {} : { currentVersion }),
  };
}

/** The response that carries a problem. */
export function problemResponse(problem: Problem, correlationId: string): Response {
  const reply = problemReply(problem, correlationId);
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json', ...problem.headers };
  if (reply.status === 503) headers['Retry-After'] = String(RETRY_AFTER_SECONDS);
  return new Response(JSON.stringify(reply), { status: reply.status, headers });
}

/** The problem that a refusal is. */
export function refusalProblem(refusal: Extract<Outcome, { status: 'refused' }>): Problem {
  const { code, detail, currentVersion } = refusal;
  if (!isProblemCode(code)) throw new Error(`no problem is known for the refusal ${code}`);
  return { code, detail, ...(code === 'version_conflict' ? { currentVersion } : {}) };
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
