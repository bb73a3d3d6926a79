/** What can go wrong, as values with names: a refusal is no surprise, and says which field or rule it is about. */
import type { Problem } from './generated/api.ts';

/** The code of an answer that is none of the platform's, from a proxy perhaps. */
export const UNKNOWN = 'unknown';

/** The platform refused a request and said why (RFC 9457). */
export class FolioProblem extends Error {
  override readonly name = 'FolioProblem';
  /** HTTP status; 0 for a refusal on a stream, which has none. */
  readonly status: number;
  /** Stable, in snake_case: `insufficient_funds`, `version_conflict`, `invalid_request`, … */
  readonly code: string;
  readonly detail: string;
  /** What the platform's operators find the request by. */
  readonly correlationId: string | undefined;
  /** With `invalid_request`: every fault with the path of its field. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];
  /** With `version_conflict`: the version that the aggregate has. */
  readonly currentVersion: number | undefined;
  /** Seconds after which the request may be sent again, where the platform names a time. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Partial<Problem>, retryAfterSeconds?: number) {
    const { status = 0, code = UNKNOWN, detail = '', errors = [] } = problem;
    super(`${code}: ${errors.length > 1 ? errors.map(faultText).join('; ') : detail}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.correlationId = problem.correlationId;
    this.currentVersion = problem.currentVersion;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A fault in one line; of several the detail of a problem has the first. */
function faultText({ path, message }: { path: string; message: string }): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** No answer came, however often it was asked for. A command may have taken effect: send it again under the same id. */
export class FolioUnreachable extends Error {
  override readonly name = 'FolioUnreachable';
  /** How often it was tried. */
  readonly attempts: number;

  constructor(what: string, attempts: number, cause: unknown) {
    super(`${what} was not answered in ${attempts} attempts: ${causeText(cause)}`, { cause });
    this.attempts = attempts;
  }
}

/** Why, as far down as it is told: Node's `fetch` says only "fetch failed", and has the reason as the cause of that. */
function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : `${cause.message}: ${causeText(cause.cause)}`;
}

/** The stream was closed by its owner. Commands without a result may have taken effect. */
export class FolioClosed extends Error {
  override readonly name = 'FolioClosed';

  constructor() {
    super('the stream was closed');
  }
}

/** The code of an answer that only says where to go; it is made here. */
export const REDIRECTED = 'redirected';

/** Browsers tell nothing of a redirect that they do not follow: its status is 0, which no other answer has. */
function isRedirect({ status }: Response): boolean {
  return status === 0 || (status >= 300 && status < 400);
}

/** The problem that a failing answer describes; what came from in between, a proxy perhaps, describes none. */
export function problemOf(response: Response, text: string): FolioProblem {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  const { status, statusText } = response;
  if (isRedirect(response)) {
    const target = response.headers.get('Location');
    const detail = `The url of the client leads on${target === null ? '' : ` to ${target}`}, and is not followed: give the client the address where the platform is.`;
    return new FolioProblem({ status, code: REDIRECTED, detail });
  }
  if (!/^application\/problem\+json\b/.test(response.headers.get('Content-Type') ?? '')) {
    return new FolioProblem({ status, code: UNKNOWN, detail: `HTTP ${status} ${statusText}` }, retryAfter);
  }
  return new FolioProblem(JSON.parse(text) as Problem, retryAfter);
}
