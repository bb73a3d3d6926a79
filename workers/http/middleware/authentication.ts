/** Every request names its caller, or ends here. */
import type { Context, MiddlewareHandler } from 'hono';
import { errorFields } from '../../../telemetry/logger.ts';
import {
  type Authentication,
  type AuthenticationRefusal,
  type HeaderRefusal,
  TOKEN_LENGTH_MAX,
} from '../../access/authenticator.ts';
import type { KnownCaller } from '../../access/principal.ts';
import { networkOf } from '../../limits/networks.ts';
import { offeredProtocols } from '../../streams/handshake.ts';
import type { HttpEnv } from '../context.ts';
import { gatewayOf } from '../gateway.ts';
import { ProblemError } from '../problem.ts';

/** Says who is asking, or ends the request with 401; with 503 where that cannot be told now. */
export const authentication: MiddlewareHandler<HttpEnv> = async function authentication(c, next) {
  const header = requestToken(c);
  const known = gatewayOf(c.env).authenticator.recall(header);
  const caller = known ?? (await verified(c, header));
  c.set('caller', caller);
  c.set('principal', caller.principal);
  await next();
};

/** What the request says of its caller. An empty header says nothing. */
export function requestToken(c: Context<HttpEnv>): string | undefined {
  return c.req.header('Authorization') || offeredToken(c);
}

/** Browsers cannot set headers of a WebSocket: they offer their token among the subprotocols, as `bearer.<token>`. */
function offeredToken(c: Context<HttpEnv>): string | undefined {
  const offered = offeredProtocols(c.req.header('Sec-WebSocket-Protocol'));
  const token = offered.find((name) => name.startsWith('bearer.'))?.slice('bearer.'.length);
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** The caller of a header. Ends with 401 where nobody is one, with 503 where that cannot be told now. */
export async function verified(c: Context<HttpEnv>, header: string | undefined): Promise<KnownCaller> {
  const { authenticator, refusedAddresses } = gatewayOf(c.env);
  // Set by Cloudflare itself. A local server has nobody to keep out.
  const address = c.req.header('CF-Connecting-IP');
  const network = address === undefined ? undefined : networkOf(address);
  const waitSeconds = network === undefined ? 0 : refusedAddresses.waitSeconds(network, Date.now());
  // A service with another's secret of yesterday must not keep out all that share its way to the internet.
  if (waitSeconds > 0 && !authenticator.hasTaken(header)) throw tooManyRefusals(waitSeconds);
  let verdict: Authentication;
  try {
    verdict = await authenticator.authenticate(header);
  } catch (error) {
    const fields = { correlationId: c.get('correlationId'), ...errorFields(error) };
    c.get('logger').log('error', 'tokens cannot be judged', fields);
    throw new ProblemError({ code: 'unavailable', detail: 'Tokens cannot be judged now.' });
  }
  if (verdict.ok) return verdict;
  const { refusal, keyId } = verdict;
  if (network !== undefined) refusedAddresses.add(network, Date.now());
  const fields = {
    correlationId: c.get('correlationId'),
    refusal,
    ...(keyId === undefined ? {} : { keyId }),
  };
  c.get('logger').log('info', 'caller refused', fields);
  throw unauthenticated(refusal);
}

/** What is said of a header that has no token. It stands in the challenge too, so it is ASCII without quotes. */
const HEADER_DETAILS: Readonly<Record<HeaderRefusal, string>> = {
  missing: 'The request needs a token. Send Authorization: Bearer TOKEN.',
  other_scheme: 'The scheme Bearer alone is taken. Send Authorization: Bearer TOKEN.',
  no_token: 'There is no token after Bearer. Send Authorization: Bearer TOKEN.',
  not_one_token: `After Bearer comes one token without spaces, of at most ${TOKEN_LENGTH_MAX} characters.`,
};

/** The realm of every challenge: RFC 6750, 3 wants at least one parameter. */
const CHALLENGE = 'Bearer realm="folio"';

/** RFC 6750, 3: the challenge names an error only where a token was sent. Only its end is told: it helps whoever had it. */
function unauthenticated(refusal: AuthenticationRefusal): ProblemError {
  const detail = detailOf(refusal);
  const sentNone = refusal === 'missing' || refusal === 'other_scheme' || refusal === 'no_token';
  const error = sentNone ? '' : `, error="invalid_token", error_description="${detail}"`;
  const headers = { 'WWW-Authenticate': `${CHALLENGE}${error}` };
  return new ProblemError({ code: 'unauthenticated', detail, headers });
}

function detailOf(refusal: AuthenticationRefusal): string {
  if (refusal in HEADER_DETAILS) return HEADER_DETAILS[refusal as HeaderRefusal];
  return refusal === 'expired' ? 'The token has expired.' : 'The token is not accepted here.';
}

function tooManyRefusals(waitSeconds: number): ProblemError {
  return new ProblemError({
    code: 'rate_limited',
    detail: 'Too many tokens from this address were refused.',
    headers: { 'Retry-After': String(waitSeconds) },
  });
}
