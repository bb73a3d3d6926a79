/** A platform that runs already, asked once before the books are worked out for it. */
import { type Client, PlatformError, quote } from './client.ts';

/** What the demonstration reads at its end in any case. */
const FIRST_READ = '/v1/events?limit=1';

/** What to do about a token that is refused, to stand after what the platform says. */
const TOKEN_ADVICE = "(give an administrator's token with --token-file FILE or in FOLIO_TOKEN)";

/** Rejects with a {@link PlatformError} that says what to do where the platform is not there, or refuses the token. */
export async function tryPlatform(client: Client): Promise<void> {
  const reply = await client.send({ method: 'GET', path: FIRST_READ }).catch((error: Error) => {
    throw new PlatformError(`${client.url} does not answer: ${error.message}`);
  });
  if (reply.status === 200) return;
  const advice = reply.status === 401 || reply.status === 403 ? ` ${TOKEN_ADVICE}` : '';
  throw new PlatformError(`GET ${FIRST_READ} answered ${quote(reply)}${advice}`);
}
