/**
 * Operations answered as Server-Sent Events, after the protocol of graphql-sse in its mode of distinct connections: `next` for
 * each result, and `complete`. The next result is made when the reader has taken the one before.
 */
import { type ExecutionResult, execute, type GraphQLError, subscribe } from 'graphql';
import type { Context } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { ProblemError } from '../http/problem.ts';
import { type Event, eventBody } from '../streams/sse.ts';
import type { Asked } from './documents.ts';
import type { Engine, Runnable } from './engine.ts';
import { shownResult } from './errors.ts';
import { READ_ONLY } from './http.ts';

/** Whether a request wants its answer as an event stream. */
export function wantsEvents(c: Context<HttpEnv>): boolean {
  const accepted = (c.req.header('Accept') ?? '').split(',');
  return accepted.some((type) => type.split(';')[0]?.trim() === 'text/event-stream');
}

/** Runs what was asked, and answers each result as an event. */
export async function answerAsEvents(c: Context<HttpEnv>, engine: Engine, asked: Asked): Promise<Response> {
  const runnable = await engine.prepare(c, asked);
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
  return c.body(body, 200, { 'Content-Type': 'text/event-stream' });
}

type Results = AsyncIterator<ExecutionResult, undefined>;

async function resultsOf(runnable: Runnable | readonly GraphQLError[]): Promise<Results> {
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
