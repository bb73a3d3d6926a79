/** Problems of the API as errors of Connect, with the whole problem as a detail of the type `folio.v1.Problem`. */
import { Code, ConnectError } from '@connectrpc/connect';
import type { ProblemReply } from '../http/problem.ts';
import { ProblemSchema } from './generated/folio/v1/folio_pb.ts';
import { replyMessage } from './replyMessage.ts';

/** By the status that a problem has over HTTP. */
const CODES: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  405: Code.Unimplemented,
  409: Code.FailedPrecondition,
  410: Code.NotFound,
  412: Code.Aborted,
  413: Code.ResourceExhausted,
  415: Code.Unimplemented,
  422: Code.FailedPrecondition,
  426: Code.Unimplemented,
  429: Code.ResourceExhausted,
  500: Code.Internal,
  503: Code.Unavailable,
};

/** What is there already, under the same id. */
const EXISTS = /_already_|^command_id_reused$|_exists$/;

/** The code of a problem. */
export function connectCode({ code, status }: Pick<ProblemReply, 'code' | 'status'>): Code {
  if (code === 'route_not_found') return Code.Unimplemented;
  if (status === 409 && EXISTS.test(code)) return Code.AlreadyExists;
  return CODES[status] ?? Code.Internal;
}

/** The error that a response with a problem is. Its headers go along, unless others are to. */
export async function connectError(
  response: Response,
  headers: Headers = passedHeaders(response.headers),
): Promise<ConnectError> {
  const problem = (await response.json()) as ProblemReply;
  const detail = { desc: ProblemSchema, value: replyMessage(ProblemSchema, problem) };
  return new ConnectError(problem.detail, connectCode(problem), headers, [detail]);
}

/** Headers about the body, which will be another one. */
const OF_THE_BODY = new Set(['content-type', 'content-length']);

/** Headers of an answer that stay when its body is put differently. */
export function passedHeaders(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => !OF_THE_BODY.has(name)));
}
