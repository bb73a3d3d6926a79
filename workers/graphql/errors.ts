/** Errors as REST has them: the same codes, the same sentences, and nothing of what is ours to know. */
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Context } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { problemOf } from '../http/failure.ts';
import { type Problem, ProblemError, problemReply } from '../http/problem.ts';
import { faultText, graphQlFault } from './faultText.ts';

/** An error of GraphQL that is a problem. */
export function problemError(problem: Problem): GraphQLError {
  return new GraphQLError(problem.detail, { originalError: new ProblemError(problem) });
}

/** An error as a client is told it: the problem's detail is its message, all else of the problem its extensions. */
export function formatError(error: unknown, c: Context<HttpEnv>): GraphQLFormattedError {
  const problem = problemOfGraphQl(error, c);
  const { type, status, code, correlationId, errors, currentVersion } = problemReply(
    problem,
    c.get('correlationId'),
  );
  const { locations, path } = error instanceof GraphQLError ? error : {};
  return {
    message: problem.detail,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: {
      code,
      status,
      type,
      correlationId,
      ...(errors === undefined ? {} : { errors }),
      ...(currentVersion === undefined ? {} : { currentVersion }),
      ...(problem.headers?.['Retry-After'] === undefined
        ? {}
        : { retryAfterSeconds: Number(problem.headers['Retry-After']) }),
    },
  };
}

/** A result of the engine, or of what stands before it. */
interface Result {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** A result with its errors as clients are told them. */
export function shownResult({ errors, ...result }: Result, c: Context<HttpEnv>): FormattedExecutionResult {
  return {
    ...(result as FormattedExecutionResult),
    ...(errors === undefined ? {} : { errors: errors.map((error) => formatError(error, c)) }),
  };
}

function problemOfGraphQl(error: unknown, c: Context<HttpEnv>): Problem {
  if (!(error instanceof GraphQLError)) return problemOf(error, c);
  const { originalError } = error;
  if (originalError instanceof ProblemError) return originalError.problem;
  if (isOfTheClient(error)) {
    return { code: 'invalid_request', detail: faultText(error), errors: [graphQlFault(error)] };
  }
  return problemOf(originalError ?? error, c);
}

/**
 * Whether the engine itself found fault with what was asked: before it ran anything (there is no path yet; of a variable it
 * tells what the variable's type found), or with an argument, which variables may make invalid only then.
 */
function isOfTheClient({ path, originalError, message }: GraphQLError): boolean {
  if (path === undefined) {
    return (
      originalError === undefined || (originalError instanceof GraphQLError && isOfTheClient(originalError))
    );
  }
  return originalError instanceof GraphQLError && message.startsWith('Argument "');
}
