/** Whatever ends a call before its method is asked is told in the call's own protocol. */
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { connectError } from './errors.ts';
import { answerCall, calledForm, failureHandler } from './service.ts';

/** Turns the document of a problem into an error of Connect or gRPC-Web. A request that is no call keeps the document. */
export const connectFailures: MiddlewareHandler<HttpEnv> = async function connectFailures(c, next) {
  await next();
  if (c.res.headers.get('Content-Type') !== 'application/problem+json') return;
  const form = calledForm(c);
  if (form === undefined) return;
  // The headers of the answer stay as they are: an error that brought them again would double them over gRPC-Web.
  const error = await connectError(c.res, new Headers());
  const handler = failureHandler(c, c.req.path.slice(c.req.path.lastIndexOf('/') + 1));
  c.res = await answerCall(c, handler, form, error);
};
