/**
 * Operations answered as Server-Sent Events, after the protocol of graphql-sse in its mode of distinct connections: `next` for
 * each result, and `complete`. The next result is made when the reader has taken the one before.
 */
import { type ExecutionResult, execute, type GraphQLError, subscribe } from 'graphql';
import type { Context } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { ProblemError } from '../http/problem.ts';
import { EVENT_STREAM_HEADERS, type Event, eventBody } from '../streams/sse.ts';
import { acceptedTypes } from './accepted.ts';
import type { Prepared } from './engine.ts';
import { shownResult } from './errors.ts';
import { READ_ONLY } from './http.ts';

/** What an answer of one result is as well, each in the words of `Accept`. */
const ONE_RESULT = ['application/json', 'application/graphql-response+json', 'application/*', '*/*'];

/**
 * Whether the answer is to be an event stream: of a subscription where its client takes one at all, of everything else where it
 * takes nothing rather. Clients that know how to read both list both with every request.
 */
export function wantsEvents(c: Context<HttpEnv>, prepared: Prepared): boolean {
  const types = acceptedTypes(c.req.header('Accept') ?? '');
  const weights = new Map(types.map(({ type, weight }) => [type, weight]));
  const ofEvents = weights.get('text/event-stream') ?? 0;
  if ('operation' in prepared && prepared.operation === 'subscription') return ofEvents > 0;
  return ofEvents > Math.max(...ONE_RESULT.map((type) => weights.get(type) ?? 0));
}

/** Runs what was asked, and answers each result as an event. */
export async function answerAsEvents(c: Context<HttpEnv>, runnable: Prepared): Promise<Response> {
  if ('operation' in runnable && runnable.operation === 'mutation' && c.req.method === 'GET') {
    throw new ProblemError(READ_ONLY);
  }
  if ('bytes' in runnable) c.get('takeBytes')?.(runnable.bytes);
  const results = await resultsOf(runnable);
  const next = async (): Promise<Event | undefined> => {
    const { done, value } = await results.next().catch(failed);
    if (done === true) return undefined;
    return { event: 'next', data: JSON.stringify(shownResult(value, c)) };
  };
  const body = eventBody(withEnd(next), () => void results.return?.());
  return c.body(body, 200, EVENT_STREAM_HEADERS);
}

type Results = AsyncIterator<ExecutionResult, undefined>;

async function resultsOf(runnable: Prepared): Promise<Results> {
  if (!('args' in runnable)) return once({ errors: runnable });
  if (runnable.operation !== 'subscription') return once(await execute(runnable.args));
  const result = await subscribe(runnable.args);
  return Symbol.asyncIterator in result ? (result as unknown as Results) : once(result);
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult, undefined> {
  yield result;
  return undefined;
}

/** A subscription that the hub had to end: its reader is told why, and subscribes again after the version it has. */
function failed(error: unknown): IteratorResult<ExecutionResult, undefined> {
  return { done: false, value: { errors: [error as GraphQLError] } };
}

/** Says that it is complete before it ends. */
function withEnd(next: () => Promise<Event | undefined>): () => Promise<Event | undefined> {
  let isComplete = false;
  return async () => {
    if (isComplete) return undefined;
    const event = await next();
    if (event !== undefined) return event;
    isComplete = true;
    return { event: 'complete', data: '' };
  };
}
