/** GraphQL (docs/graphql.md): what REST has, asked for by shape. */
import { engineOf } from '../../graphql/engine.ts';
import { answerOverHttp, GraphQlQuery, GraphQlReply, GraphQlRequest } from '../../graphql/http.ts';
import { type Route, route } from '../operation.ts';

const SUCCESS = {
  status: 200,
  description:
    'What was asked for, and errors where there are any: `extensions.code` of each is the code of a problem.',
  schema: GraphQlReply,
} as const;

/** The routes; `routes` are those whose commands, states and views the schema is made of. */
export function graphql(routes: () => readonly Route[]): readonly Route[] {
  return [
    route(
      {
        method: 'get',
        path: '/v1/graphql',
        operationId: 'queryGraphQl',
        tag: 'GraphQL',
        summary: 'Run a query',
        description: 'Queries alone. The schema is in docs/generated/schema.graphql.',
        query: GraphQlQuery,
        success: SUCCESS,
        problems: ['method_not_allowed', 'not_acceptable'],
      },
      (c, { query }) => answerOverHttp(c, engineOf(routes()), query),
    ),
    route(
      {
        method: 'post',
        path: '/v1/graphql',
        operationId: 'runGraphQl',
        tag: 'GraphQL',
        summary: 'Run a query or a mutation',
        description:
          'With `Accept: application/graphql-response+json` a document that is not valid is answered with 400; without, ' +
          'with 200 and errors, as the specification of GraphQL over HTTP has it.',
        body: GraphQlRequest,
        success: SUCCESS,
        problems: ['not_acceptable'],
      },
      (c, { body }) => answerOverHttp(c, engineOf(routes()), body),
    ),
  ];
}
