/** GraphQL (docs/graphql.md): what REST has, asked for by shape. */
import type { Context, MiddlewareHandler } from 'hono';
import type { Asked } from '../../graphql/documents.ts';
import { type Engine, engineOf } from '../../graphql/engine.ts';
import { answerAsEvents, wantsEvents } from '../../graphql/eventStream.ts';
import { openGraphQlSocket, opensSocket } from '../../graphql/handshake.ts';
import { answerOverHttp, GraphQlQuery, GraphQlReply, GraphQlRequest } from '../../graphql/http.ts';
import { GRAPHQL_PROTOCOL } from '../../graphql/socket.ts';
import { offeredProtocols } from '../../streams/handshake.ts';
import type { HttpEnv } from '../context.ts';
import { requestToken } from '../middleware/authentication.ts';
import { type Route, route } from '../operation.ts';

/** Where GraphQL is. */
export const GRAPHQL_PATH = '/v1/graphql';

const SUCCESS = {
  status: 200,
  description:
    'What was asked for, and errors where there are any: `extensions.code` of each is the code of a problem.',
  schema: GraphQlReply,
} as const;

/** The routes; `routes` are those whose commands, states and views the schema is made of. */
export function graphql(routes: () => readonly Route[]): readonly Route[] {
  const answer = async (c: Context<HttpEnv>, asked: Asked) => {
    const prepared = await engineOf(routes()).prepare(c, asked);
    return wantsEvents(c, prepared) ? answerAsEvents(c, prepared) : answerOverHttp(c, asked, prepared);
  };
  const query = route(
    {
      method: 'get',
      path: GRAPHQL_PATH,
      operationId: 'queryGraphQl',
      tag: 'GraphQL',
      summary: 'Run a query, or open a socket',
      description:
        'Queries alone; with `Accept: text/event-stream` subscriptions as well. With `Upgrade: websocket` and the ' +
        `subprotocol \`${GRAPHQL_PROTOCOL}\` a socket for operations of every kind. The schema is in docs/generated/schema.graphql.`,
      query: GraphQlQuery,
      success: SUCCESS,
      problems: ['method_not_allowed', 'not_acceptable', 'upgrade_required'],
    },
    (c, { query: asked }) => answer(c, asked),
  );
  return [
    {
      ...query,
      // A socket has no query: what it is to run comes over it.
      handle: (c) => (opensSocket(c) ? openSocket(c, engineOf(routes()), true) : query.handle(c)),
    },
    route(
      {
        method: 'post',
        path: GRAPHQL_PATH,
        operationId: 'runGraphQl',
        tag: 'GraphQL',
        summary: 'Run a query or a mutation',
        description:
          'With `Accept: application/graphql-response+json` a document that is not valid is answered with 400; without, ' +
          'with 200 and errors, as the specification of GraphQL over HTTP has it. With `Accept: text/event-stream` the ' +
          'results come as events, one after another: so subscriptions are followed. Where JSON is accepted as well, only those are.',
        body: GraphQlRequest,
        success: SUCCESS,
        problems: ['not_acceptable'],
      },
      (c, { body }) => answer(c, body),
    ),
  ];
}

/**
 * Opens a socket for whoever says only over it who it is, as browsers must: they cannot set headers. It stands before the
 * gate, which such a request cannot pass.
 */
export function tokenOverSocket(routes: readonly Route[]): MiddlewareHandler<HttpEnv> {
  return async function tokenOverSocket(c, next) {
    if (opensSocket(c) && requestToken(c) === undefined) return openSocket(c, engineOf(routes), false);
    return next();
  };
}

function openSocket(c: Context<HttpEnv>, engine: Engine, isKnown: boolean): Response {
  return openGraphQlSocket(c, engine, offeredProtocols(c.req.header('Sec-WebSocket-Protocol')), isKnown);
}
