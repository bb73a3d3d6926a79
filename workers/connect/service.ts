/**
 * The service as the public Connect library serves it: it speaks both protocols, and knows errors, headers and timeouts.
 * What a call says is read by messages.ts, so that a fault is told like any other; the library is shown an empty message.
 */
import type { Message } from '@bufbuild/protobuf';
import {
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import { type UniversalHandler, universalServerResponseToFetch } from '@connectrpc/connect/protocol';
import type { Context } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { FolioService } from './generated/folio/v1/folio_pb.ts';
import { COMPRESSION_HEADERS, formOf, type MessageForm } from './messages.ts';

/** Where the service is; a client's base address ends before the service's name. */
export const CONNECT_PATH = `/v1/connect/${FolioService.typeName}`;

/** What is answered in the words of Connect. */
export const CONNECT_PATHS = '/v1/connect/*';

/** What a call comes to: an error before it is even looked at, or what its method does. */
export type Call = ConnectError | ((context: HandlerContext) => Promise<Message>);

const CALL = createContextKey<Call>(new ConnectError('there is no call'));

const router = createConnectRouter({
  // It needs trailers of HTTP/2, which Workers cannot send.
  grpc: false,
  acceptCompression: [],
  requestGate({ values }) {
    const call = values.get(CALL);
    if (call instanceof ConnectError) throw call;
  },
});
for (const method of FolioService.methods) {
  const run = (_empty: Message, context: HandlerContext) => {
    const call = context.values.get(CALL);
    if (call instanceof ConnectError) throw call;
    return call(context);
  };
  // Each method's reply has another type, which no loop over all of them can name.
  router.rpc(method, run as never);
}

const HANDLERS: ReadonlyMap<string, UniversalHandler> = new Map(
  router.handlers.map((handler) => [handler.method.name, handler]),
);

/** The handler of a method. */
export function handlerOf(method: string): UniversalHandler | undefined {
  return HANDLERS.get(method);
}

/** A handler that tells an error: the named method's where that takes such requests, else any that does. */
export function failureHandler(c: Context<HttpEnv>, name: string): UniversalHandler {
  const takes = (handler: UniversalHandler | undefined) =>
    handler?.allowedMethods.includes(methodOf(c)) === true;
  const named = HANDLERS.get(name);
  return (takes(named) ? named : router.handlers.find(takes)) as UniversalHandler;
}

/** The method of the request; HEAD asks for what GET would answer. */
export function methodOf(c: Context<HttpEnv>): string {
  return c.req.method === 'HEAD' ? 'GET' : c.req.method;
}

/** Answers a call in its own protocol. */
export async function answerCall(
  c: Context<HttpEnv>,
  handler: UniversalHandler,
  form: MessageForm,
  call: Call,
): Promise<Response> {
  const header = new Headers(c.req.raw.headers);
  // The message that the library is shown has another length, and is not compressed.
  for (const name of ['Content-Length', ...COMPRESSION_HEADERS]) header.delete(name);
  // The message of a GET is in its query, whatever a header says of a body.
  if (methodOf(c) === 'GET') header.delete('Content-Type');
  const { body, url } = emptyMessage(c, form);
  const answer = await handler({
    httpVersion: '1.1',
    method: methodOf(c),
    url,
    header,
    body: oneChunk(body),
    signal: c.req.raw.signal,
    contextValues: createContextValues().set(CALL, call),
  });
  // A method that is not there is the caller's mistake, which 501 would count as ours.
  return universalServerResponseToFetch(answer.status === 501 ? { ...answer, status: 404 } : answer);
}

/** An empty message in the form of the one that was sent. */
function emptyMessage(c: Context<HttpEnv>, { isBinary, isEnveloped }: MessageForm) {
  const text = isBinary ? '' : '{}';
  const url = new URL(c.req.url);
  if (methodOf(c) === 'GET')
    url.search = `?connect=v1&encoding=${isBinary ? 'proto' : 'json'}&message=${text}`;
  const message = new TextEncoder().encode(text);
  const body = isEnveloped ? Uint8Array.of(0, 0, 0, 0, message.byteLength, ...message) : message;
  return { body, url: url.href };
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** gRPC-Web in base64, for browsers of long ago: the library knows it, and serves it not. */
const TEXT = /^application\/grpc-web-text/i;

/** The form in which a request sends its message; undefined where it is none that a method takes. */
export function calledForm(c: Context<HttpEnv>): MessageForm | undefined {
  if (methodOf(c) === 'GET') return formOf(undefined, c.req.query('encoding'));
  const type = c.req.header('Content-Type');
  if (c.req.method !== 'POST' || type === undefined || TEXT.test(type)) return undefined;
  return router.handlers[0]?.supportedContentType(type) === true ? formOf(type, undefined) : undefined;
}
