/** Calls of Connect and gRPC-Web (docs/connect.md): every operation that answers JSON, as a method. */
import { z } from 'zod';
import { callAnswers } from '../../connect/calls.ts';
import { CONNECT_PATH } from '../../connect/service.ts';
import { type Operation, type Route, route } from '../operation.ts';

const MethodParams = z.strictObject({
  method: z
    .string()
    .min(1)
    .max(64)
    .meta({ description: 'The operation as its method is called: `DepositFunds`.' }),
});

/** A call by GET, as the Connect protocol has it. */
export const CallQuery = z.strictObject({
  connect: z.literal('v1').optional(),
  encoding: z.enum(['json', 'proto']).meta({ description: 'How the message is written.' }),
  message: z.string().meta({ description: 'The message.' }),
  base64: z
    .literal('1')
    .optional()
    .meta({ description: 'The message is in base64, as binary ones have to be.' }),
  compression: z.literal('identity').optional(),
});

/** An error as Connect tells it. */
export const ConnectFailure = z.strictObject({
  code: z.string().meta({ description: 'A code of Connect.' }),
  message: z.string(),
  details: z
    .array(z.looseObject({ type: z.string(), value: z.string() }))
    .optional()
    .meta({ description: 'The problem, as a `folio.v1.Problem` in base64.' }),
});

const COMMON = {
  path: `${CONNECT_PATH}/{method}`,
  tag: 'Connect',
  params: MethodParams,
  failure: {
    description:
      'An error of Connect. Over gRPC-Web the status is 200, and the error is in headers or trailers.',
    schema: ConnectFailure,
  },
  success: {
    status: 200,
    description: 'The reply as a message of the method.',
    mediaType: 'application/proto',
    otherMediaTypes: [
      'application/json',
      'application/grpc-web',
      'application/grpc-web+proto',
      'application/grpc-web+json',
    ],
  },
} as const satisfies Partial<Operation>;

const message = { schema: {} };

/** The routes; `routes` are all that there are, asked for when the first call comes. */
export function connect(routes: () => readonly Route[]): readonly Route[] {
  const handle = callAnswers(routes);
  const callMethod = route(
    {
      ...COMMON,
      method: 'post',
      operationId: 'callMethod',
      summary: 'Call a method of the service',
      description:
        'With Connect or gRPC-Web; schemas/proto/folio/v1/folio.proto says what each method takes.',
      ownBody: {
        required: true,
        content: {
          'application/json': { schema: { type: 'object' } },
          'application/proto': message,
          'application/grpc-web': message,
          'application/grpc-web+proto': message,
          'application/grpc-web+json': message,
        },
      },
    },
    handle,
  );
  const queryMethod = route(
    {
      ...COMMON,
      method: 'get',
      operationId: 'queryMethod',
      summary: 'Call a method that only reads',
      description: 'With the GET requests of Connect.',
      query: CallQuery,
    },
    handle,
  );
  return [callMethod, queryMethod];
}
