/** The typed client's knowledge of the API: types of what each operation takes and answers, and where each is found. */
import type { Operation } from '../../workers/http/operation.ts';
import { docstring, type JsonSchema, typeOf } from './schemaTypes.ts';

interface Parameter {
  readonly $ref?: string;
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

/** As much of an OpenAPI document as types are made from. */
export interface Description {
  readonly paths?: object;
  readonly components?: object;
}

const HEAD = '// Made from the API by `npm run docs`.\n';

/** Types of every operation and schema: `client/generated/api.ts`. */
export function clientTypes(description: Description): string {
  const { paths, components } = description as {
    paths: Record<string, Record<string, DescribedOperation>>;
    components: { schemas: Record<string, JsonSchema> };
  };
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `${docstring(schema.description)}export type ${name} = ${typeOf(schema)};`,
  );
  const operations = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .filter(answersJson)
    .map(operationType);
  return `${HEAD}\n${schemas.join('\n\n')}\n\n/** Every operation by its id. */\nexport interface Operations {\n${operations.join('\n')}\n}\n`;
}

/** Whether an operation answers a document: sockets, streams of events and files are not `call`ed. */
function answersJson({ responses }: DescribedOperation): boolean {
  return successContent(responses) !== undefined;
}

function successContent(responses: DescribedOperation['responses']): JsonSchema | undefined {
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'));
  return success?.[1].content?.['application/json']?.schema;
}

function operationType(operation: DescribedOperation): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation;
  const parts = [
    parametersType('params', parameters),
    parametersType('query', parameters),
    requestBody === undefined ? '' : bodyType(requestBody),
    `readonly reply: ${typeOf(successContent(responses) ?? {})};`,
  ];
  return `${docstring(summary)}readonly ${operationId}: {\n${parts.filter((part) => part !== '').join('\n')}\n};`;
}

function parametersType(kind: 'params' | 'query', parameters: readonly Parameter[]): string {
  const own = parameters.filter((parameter) => parameter.in === (kind === 'params' ? 'path' : 'query'));
  if (own.length === 0) return '';
  const schema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(own.map((parameter) => [parameter.name, described(parameter)])),
    required: own.filter(({ required }) => required === true).map(({ name }) => name),
  };
  const mark = schema.required?.length === 0 ? '?' : '';
  return `readonly ${kind}${mark}: ${typeOf(schema)};`;
}

function described({ schema, description }: Parameter): JsonSchema {
  return description === undefined ? schema : { ...schema, description };
}

function bodyType({ required = false, content }: { required?: boolean; content: Content }): string {
  const schema = content['application/json']?.schema;
  if (schema === undefined) throw new Error(`a body is none of ${Object.keys(content).join(', ')}`);
  return `readonly body${required ? '' : '?'}: ${typeOf(schema)};`;
}

/** Where each operation is found, and whether it may be sent again: `client/generated/operations.ts`. */
export function clientOperations(operations: readonly Operation[]): string {
  const entries = operations
    .filter(
      ({ success }) =>
        success.status !== 101 && (success.mediaType ?? 'application/json') === 'application/json',
    )
    .map(({ operationId, method, path, command }) => {
      const isCommand = command !== undefined ? ', isCommand: true' : '';
      return `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}'${isCommand} },`;
    });
  return `${HEAD}/** Every operation that answers a document, by its id. \`isCommand\`: takes \`Idempotency-Key\` and \`If-Match\`. */\nexport const OPERATIONS = {\n${entries.join('\n')}\n} as const;\n`;
}
