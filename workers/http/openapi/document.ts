/**
 * The API's description, OpenAPI 3.1, made from the routes and their schemas. Plain data in the end: the Worker serves
 * it, and `npm run docs` writes it to docs/generated/openapi.json.
 */
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiExampleObject,
  type ZodOpenApiMediaTypeObject,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiRequestBodyObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { CommandHeaders } from '../command.ts';
import { ConditionalHeaders } from '../conditional.ts';
import { isPublic, type Operation, operationProblems, TAGS } from '../operation.ts';
import { PROBLEMS, type ProblemCode, ProblemReply, problemReply } from '../problem.ts';
import { EXAMPLE_CORRELATION_ID, EXAMPLES } from './examples.ts';
import { problemHeaders, replyHeaders } from './replyHeaders.ts';

/** What is sent as this is a file, to be kept under a name. */
const FILE_MEDIA_TYPE = 'text/csv';

/** Headers that every operation takes. A `param.id` or `header.id` makes one component of all their uses. */
const CommonHeaders = z.object({
  'X-Correlation-Id': z
    .string()
    .optional()
    .meta({
      param: { id: 'CorrelationId' },
      description:
        'Stored in every event that the request causes, and returned. 1 to 128 visible ASCII characters; anything else ' +
        'is replaced by a new id.',
      examples: [EXAMPLE_CORRELATION_ID],
    }),
  traceparent: z
    .string()
    .optional()
    .meta({
      param: { id: 'Traceparent' },
      description:
        'W3C Trace Context. Its trace id is the correlation id where `X-Correlation-Id` is absent.',
      examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    }),
});

/** The document for these operations. */
export function openApiDocument(operations: readonly Operation[]) {
  const paths: Record<string, ZodOpenApiPathsObject[string]> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.1',
    info: {
      title: 'Folio',
      version: '1',
      summary: 'An event-sourced trading and order platform.',
      description:
        'Amounts, prices and quantities are decimal strings in replies; in requests a string, or a JSON number of at ' +
        'most 15 significant digits. Times are RFC 3339 in UTC. Ids are made by the client. Unknown fields and ' +
        'parameters are refused. Errors are problem details (RFC 9457) with a stable `code`.',
      // Without an identifier: viewers make a link of one, to a list that has no licence of this name.
      license: { name: 'Proprietary' },
    },
    servers: [{ url: '/', description: 'The server that sent this.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { Problem: ProblemReply },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'An access token of the configured issuer, the key of a service (`folio~<keyId>~<secret>`), or of a local server ' +
            'what its file `.folio/dev-token` has in it.',
        },
      },
    },
  };
  return createDocument(document);
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { operationId, tag, summary, description, params, query } = operation;
  const body = requestBody(operation);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: isPublic(operation) ? [] : [{ token: [] }],
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      header: headersOf(operation),
    },
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...successResponses(operation), ...problemResponses(operation) },
  };
}

function headersOf({ command, conditional, ownHeaders }: Operation): z.ZodObject {
  const own = command === undefined ? {} : CommandHeaders.shape;
  const held = conditional === true ? ConditionalHeaders.shape : {};
  return z.object({ ...own, ...held, ...ownHeaders?.shape, ...CommonHeaders.shape });
}

function requestBody({
  operationId,
  body,
  isBodyOptional,
  ownBody,
}: Operation): ZodOpenApiRequestBodyObject | undefined {
  const content = body === undefined ? ownBody?.content : { 'application/json': { schema: body } };
  if (content === undefined) return undefined;
  const examples = EXAMPLES[operationId]?.request ?? {};
  const described = Object.entries(content).map(([mediaType, media]) => {
    const example = examples[mediaType];
    return [mediaType, example === undefined ? media : ({ ...media, example } as ZodOpenApiMediaTypeObject)];
  });
  return { required: ownBody?.required ?? isBodyOptional !== true, content: Object.fromEntries(described) };
}

function successResponses(operation: Operation): Record<string, ZodOpenApiResponseObject> {
  const { status, description, created, unfinished } = operation.success;
  const responses = { [status]: successResponse(operation, description) };
  if (created !== undefined) responses[201] = successResponse(operation, created);
  if (unfinished !== undefined) responses[202] = successResponse(operation, unfinished);
  if (operation.conditional === true) responses[304] = notModified(operation);
  return responses;
}

function successResponse(operation: Operation, description: string): ZodOpenApiResponseObject {
  const { operationId, success } = operation;
  const { schema, mediaType, otherMediaTypes = [], headers = [] } = success;
  const file = otherMediaTypes.includes(FILE_MEDIA_TYPE) ? (['Content-Disposition'] as const) : [];
  const told = isPublic(operation) ? [] : (['RateLimit-Policy', 'RateLimit'] as const);
  const example = EXAMPLES[operationId]?.reply;
  return {
    description,
    headers: replyHeaders([...told, ...headers, ...file]),
    content: {
      [mediaType ?? 'application/json']: {
        schema: schema ?? (mediaType === undefined ? { type: 'object' } : {}),
        ...(example === undefined ? {} : { example }),
      },
      ...Object.fromEntries(otherMediaTypes.map((type) => [type, { schema: {} }])),
    },
  };
}

function notModified(operation: Operation): ZodOpenApiResponseObject {
  const { content: _, ...response } = successResponse(operation, 'The client has this answer already.');
  return response;
}

/** A response for each status, with the codes that can occur under it and an example of each. */
function problemResponses(operation: Operation): Record<string, ZodOpenApiResponseObject> {
  const { failure } = operation;
  if (failure !== undefined) {
    const content = {
      'application/json': { schema: failure.schema },
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
    } as const;
    return { default: { description: failure.description, headers: problemHeaders(), content } };
  }
  const byStatus = Map.groupBy(operationProblems(operation), (code) => PROBLEMS[code].status);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, problemResponse(codes)]));
}

/** By its codes, so that equal responses are one object, which the document then holds once. */
const problemResponsesMade = new Map<string, ZodOpenApiResponseObject>();

function problemResponse(codes: readonly ProblemCode[]): ZodOpenApiResponseObject {
  const key = codes.join(' ');
  const made = problemResponsesMade.get(key);
  if (made !== undefined) return made;
  const only = codes.length === 1 ? codes[0] : undefined;
  const response: ZodOpenApiResponseObject = {
    ...(only === undefined ? {} : { id: pascalCase(only) }),
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
    headers: problemHeaders(PROBLEMS[codes[0] as ProblemCode].status),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { type: 'string', enum: [...codes] } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, exampleProblem(code)])),
      },
    },
  };
  problemResponsesMade.set(key, response);
  return response;
}

function pascalCase(code: string): string {
  return code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const exampleProblems = new Map<ProblemCode, ZodOpenApiExampleObject>();

function exampleProblem(code: ProblemCode): ZodOpenApiExampleObject {
  const made = exampleProblems.get(code);
  if (made !== undefined) return made;
  const problem = {
    code,
    detail: PROBLEMS[code].meaning,
    ...(code === 'invalid_request'
      ? { errors: [{ path: 'amount', message: 'must be greater than 0' }] }
      : {}),
    ...(code === 'version_conflict' ? { currentVersion: 7 } : {}),
  };
  const example = { id: pascalCase(code), value: problemReply(problem, EXAMPLE_CORRELATION_ID) };
  exampleProblems.set(code, example);
  return example;
}
