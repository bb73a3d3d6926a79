/** From a request for a stream to the hub that takes its socket. */
import { placeOf } from '../../schemas/location.ts';
import type { KnownCaller, ShownKey } from '../access/principal.ts';
import type { Env } from '../env.ts';
import { inTime } from '../inTime.ts';
import { principalText } from './principals.ts';

/**
 * Hubs: each is an object with a thread of its own, and sockets are spread over them by chance. A commit costs a call for
 * each hub that has a subscriber of the aggregate, so there are not more than are needed.
 */
export const STREAM_HUBS = 16;

/** The name of what is spoken, for clients that offer one: browsers have to, where the token is among what they offer. */
export const SUBPROTOCOL = 'folio.v1';

/** How long a connection may last, and never longer than the token that opened it: nobody looks at that one again. */
export const SESSION_MS_MAX = 60 * 60_000;

/** The header under which the Worker tells a hub who is asking. Clients cannot set it: none of theirs are passed on. */
export const HANDSHAKE_HEADER = 'Folio-Handshake';

/** What a hub is told of a new socket. */
export interface Handshake {
  /** As `principalText` has it. */
  readonly principal: string;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
  readonly serviceKey?: ShownKey | undefined;
}

/** The hub's answer to a request for a socket: 101, or 503 where it holds as many as it can, or as is this client's share. */
export async function openSocket(
  env: Env,
  offered: readonly string[],
  caller: KnownCaller & { readonly correlationId: string },
): Promise<Response> {
  const { principal, correlationId, serviceKey } = caller;
  const endsAt = Math.min(caller.endsAt, Date.now() + SESSION_MS_MAX);
  const handshake: Handshake = { principal: principalText(principal), correlationId, endsAt, serviceKey };
  const chance = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  const name = `hub-${chance % STREAM_HUBS}`;
  const answer = env.STREAMS.getByName(name, placeOf(env)).fetch('https://hub/', {
    headers: { Upgrade: 'websocket', [HANDSHAKE_HEADER]: JSON.stringify(handshake) },
  });
  // Whoever tries again comes to another one, most likely.
  const { status, webSocket } = await inTime(`streams/${name}`, answer);
  // A token among what was offered must not come back, and what was not offered may not.
  const chosen = offered.includes(SUBPROTOCOL) ? { 'Sec-WebSocket-Protocol': SUBPROTOCOL } : {};
  return new Response(null, { status, webSocket, headers: chosen });
}

/** The subprotocols that a client offers (RFC 6455, 4.1). */
export function offeredProtocols(header: string | undefined): string[] {
  return (header ?? '').split(',').map((name) => name.trim());
}
