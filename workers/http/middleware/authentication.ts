/** Every request names its caller, or ends here. */
import type { MiddlewareHandler } from 'hono';
import { errorFields } from '../../../telemetry/logger.ts';
import { type AuthenticationRefusal, Authenticator } from '../../access/authenticator.ts';
import { IS_LOCAL } from '../../access/local.ts';
import type { Env } from '../../env.ts';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';

/** One for each set of bindings: an isolate has one for as long as it lives. */
const authenticators = new WeakMap<Env, Authenticator>();

function authenticatorOf(env: Env): Authenticator {
  let authenticator = authenticators.get(env);
  if (authenticator === undefined) {
    authenticator = new Authenticator(env, {
      now: () => Date.now(),
      fetchKeys: (url, init) => fetch(url, init),
      isLocal: IS_LOCAL,
    });
    authenticators.set(env, authenticator);
  }
  return authenticator;
}

/** Says who is asking, or ends the request with 401; with 503 where that cannot be told now. */
export const authentication: MiddlewareHandler<HttpEnv> = async function authentication(c, next) {
  const attempt = authenticatorOf(c.env).authenticate(c.req.header('Authorization'));
  const authenticated =
    attempt instanceof Promise
      ? await attempt.catch((error: unknown) => {
          const fields = { correlationId: c.get('correlationId'), ...errorFields(error) };
          c.get('logger').log('error', 'tokens cannot be judged', fields);
          throw new ProblemError({ code: 'unavailable', detail: 'Tokens cannot be judged now.' });
        })
      : attempt;
  if (!authenticated.ok) {
    const { refusal } = authenticated;
    c.get('logger').log('info', 'caller refused', { correlationId: c.get('correlationId'), refusal });
    throw unauthenticated(refusal);
  }
  c.set('principal', authenticated.principal);
  await next();
};

/** RFC 6750, 3: the challenge names an error only where a token was sent. Only its end is told: it helps whoever had it. */
function unauthenticated(refusal: AuthenticationRefusal): ProblemError {
  const isMissing = refusal === 'missing';
  const detail = isMissing
    ? 'The request needs a token: Authorization: Bearer …'
    : refusal === 'expired'
      ? 'The token has expired.'
      : 'The token is not accepted here.';
  const challenge = isMissing ? 'Bearer' : 'Bearer error="invalid_token"';
  return new ProblemError({ code: 'unauthenticated', detail, headers: { 'WWW-Authenticate': challenge } });
}
