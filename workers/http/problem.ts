/** Errors as RFC 9457 problem details, and the one exception that carries them to `app.onError`. */
import type { Outcome } from '../../schemas/envelope.ts';

/** One fault of a request: where it is (`quantity`, `commands[3].data.price`, a header's name) and what it is. */
export interface RequestFault {
  readonly path: string;
  readonly message: string;
}

type ProblemStatus = 400 | 401 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 500 | 503;

export interface Problem {
  readonly status: ProblemStatus;
  /** Stable name in snake_case. */
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly RequestFault[];
  readonly currentVersion?: number;
}

const TITLES: Record<ProblemStatus, string> = {
  400: 'The request is not valid',
  401: 'Authentication failed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'The request is too large',
  415: 'Unsupported media type',
  422: 'The command was refused',
  500: 'Internal error',
  503: 'Not available',
};

/** Ends a request with a problem. Thrown in the HTTP layer alone, where unwinding to the response is all that is left. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function invalidRequest(errors: readonly RequestFault[]): ProblemError {
  const first = errors[0];
  const detail = first === undefined ? 'The request is not valid.' : faultText(first);
  return new ProblemError({ status: 400, code: 'invalid_request', detail, errors });
}

export function faultText({ path, message }: RequestFault): string {
  return path === '' ? message : `${path}: ${message}`;
}

export function problemResponse(problem: Problem, correlationId: string): Response {
  const { status, code, detail, errors, currentVersion } = problem;
  const body = {
    type: `urn:folio:problem:${code}`,
    title: TITLES[status],
    status,
    code,
    detail,
    correlationId,
    ...(errors === undefined ? {} : { errors }),
    ...(currentVersion === undefined ? {} : { currentVersion }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });
}

/** Refusals that are conflicts with what exists; every other one is 422. */
const REFUSAL_STATUS: Readonly<Record<string, ProblemStatus>> = {
  account_not_found: 404,
  account_already_open: 409,
  command_id_reused: 409,
  version_conflict: 412,
};

export function refusalProblem(refusal: Extract<Outcome, { status: 'refused' }>): Problem {
  const { code, detail, currentVersion } = refusal;
  const status = REFUSAL_STATUS[code] ?? 422;
  return { status, code, detail, ...(status === 412 ? { currentVersion } : {}) };
}
