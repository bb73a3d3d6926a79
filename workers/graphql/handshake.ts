/** How a socket for GraphQL is opened. */
import type { Context } from 'hono';
import type { HttpEnv } from '../http/context.ts';
import { gatewayOf } from '../http/gateway.ts';
import { ProblemError } from '../http/problem.ts';
import { NO_ROOM } from './context.ts';
import type { Engine } from './engine.ts';
import { GRAPHQL_PROTOCOL, GraphQlSocket } from './socket.ts';

/** Whom connections count as in flight that have not said whose they are. */
const NOBODY = 'nobody yet';

/** Whether a request opens a socket. */
export function opensSocket(c: Context<HttpEnv>): boolean {
  return c.req.method === 'GET' && c.req.header('Upgrade')?.toLowerCase() === 'websocket';
}

/** Opens a socket for a caller who is known, or will say who it is. */
export function openGraphQlSocket(
  c: Context<HttpEnv>,
  engine: Engine,
  offered: readonly string[],
  isKnown: boolean,
): Response {
  if (!offered.includes(GRAPHQL_PROTOCOL)) {
    const detail = `A socket for GraphQL speaks ${GRAPHQL_PROTOCOL}: offer that subprotocol.`;
    throw new ProblemError({
      code: 'upgrade_required',
      detail,
      headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': GRAPHQL_PROTOCOL },
    });
  }
  const nobody = isKnown ? undefined : gatewayOf(c.env).admission.enter(NOBODY, 0);
  if (!isKnown && nobody === undefined) throw new ProblemError(NO_ROOM);
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  new GraphQlSocket(c, engine, server, nobody);
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { 'Sec-WebSocket-Protocol': GRAPHQL_PROTOCOL },
  });
}
