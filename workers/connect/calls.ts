/** From a call to its answer: the message is read, the operation that it names is run, and its reply is a message again. */
import { ConnectError } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { Context } from 'hono';
import { BATCH_BYTES_MAX, BODY_BYTES_MAX } from '../http/body.ts';
import type { HttpEnv } from '../http/context.ts';
import { failureResponse } from '../http/failure.ts';
import type { Route } from '../http/operation.ts';
import { invalidRequest, ProblemError } from '../http/problem.ts';
import { connectError, passedHeaders } from './errors.ts';
import { readMessage } from './messages.ts';
import { type InProcess, inProcess, operationRequest } from './operations.ts';
import { replyMessage } from './replyMessage.ts';
import { requestJson } from './requestJson.ts';
import { answerCall, type Call, calledForm, handlerOf, methodOf } from './service.ts';

/** Answers calls of the methods that these routes are; they are asked for when the first call comes. */
export function callAnswers(routes: () => readonly Route[]): (c: Context<HttpEnv>) => Promise<Response> {
  let methods: Methods | undefined;
  return (c) => {
    methods ??= methodsOf(routes());
    return answer(c, methods);
  };
}

/** What each method is over HTTP. */
interface Methods {
  readonly routes: ReadonlyMap<string, Route>;
  readonly run: InProcess;
}

function methodsOf(all: readonly Route[]): Methods {
  const routes = all.flatMap((each) => {
    const handler = handlerOf(each.operationId.charAt(0).toUpperCase() + each.operationId.slice(1));
    return handler === undefined ? [] : ([[handler.method.name, each]] as const);
  });
  return { routes: new Map(routes), run: inProcess(routes.map(([, each]) => each)) };
}

async function answer(c: Context<HttpEnv>, { routes, run }: Methods): Promise<Response> {
  const name = c.req.param('method') ?? '';
  const handler = handlerOf(name);
  const called = routes.get(name);
  if (handler === undefined || called === undefined) {
    throw new ProblemError({ code: 'route_not_found', detail: 'The service has no method of this name.' });
  }
  if (!handler.allowedMethods.includes(methodOf(c))) {
    const detail = `${name} changes something and is called with POST.`;
    throw new ProblemError({ code: 'method_not_allowed', detail, headers: { Allow: 'POST' } });
  }
  const form = calledForm(c);
  if (form === undefined) {
    const detail =
      'A call is application/proto or application/json (Connect), or application/grpc-web (gRPC-Web).';
    throw new ProblemError({ code: 'unsupported_media_type', detail });
  }
  const bytesMax = called.ownBody === undefined ? BODY_BYTES_MAX : BATCH_BYTES_MAX;
  const call: Call = async (context) => {
    try {
      const sent = await readMessage(c, handler.method.input, form, bytesMax);
      const { json, faults } = requestJson(handler.method.input, sent);
      if (faults.length > 0) throw invalidRequest(faults);
      const response = await run(c, operationRequest(c, called, json));
      if (!response.ok) throw await connectError(response);
      for (const [header, value] of passedHeaders(response.headers))
        context.responseHeader.set(header, value);
      return replyMessage(handler.method.output, wrapped(called, handler, await response.json()));
    } catch (error) {
      throw error instanceof ConnectError ? error : await connectError(failureResponse(error as Error, c));
    }
  };
  return answerCall(c, handler, form, call);
}

/** A reply that may be null is a field of the message that is sent instead. */
function wrapped({ success }: Route, { method }: UniversalHandler, reply: unknown): unknown {
  const [field] = method.output.fields;
  return field !== undefined && success.schema?.safeParse(null).success === true
    ? { [field.jsonName]: reply }
    : reply;
}
