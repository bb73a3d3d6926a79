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

const JSON_TYPE = 'application/json';

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
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const calls = operations.filter(answersJson).map(operationType);
  const files = operations.filter(answersFile).map(fileType);
  return [
    HEAD,
    ...schemas.map((schema) => `${schema}\n`),
    `/** Every operation that answers a document, by its id. */\nexport interface Operations {\n${calls.join('\n')}\n}\n`,
    `/** Every operation that answers a file, by its id. */\nexport interface Files {\n${files.join('\n')}\n}\n`,
  ].join('\n');
}

/** Whether an operation answers a document: sockets, streams of events and files are not `call`ed. */
function answersJson({ responses }: DescribedOperation): boolean {
  return successSchema(responses) !== undefined;
}

/** Whether an operation answers a file: instead of a document, or where the query asks for one. */
function answersFile({ parameters = [], responses }: DescribedOperation): boolean {
  const types = Object.keys(successContent(responses));
  return parameters.some(namesForms) || (types.length > 0 && types.every(isFileType));
}

/** A stream of events has no end, and so is no file. */
function isFileType(mediaType: string): boolean {
  return mediaType !== JSON_TYPE && mediaType !== 'text/event-stream';
}

/** Whether a parameter says in which form the reply is wanted. */
function namesForms({ name, schema }: Parameter): boolean {
  return name === 'format' && schema.enum !== undefined;
}

function successContent(responses: DescribedOperation['responses']): Content {
  return Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {};
}

function successSchema(responses: DescribedOperation['responses']): JsonSchema | undefined {
  return successContent(responses)[JSON_TYPE]?.schema;
}

/** Without the forms of the reply that are files: those of {@link fileType}. */
function operationType(operation: DescribedOperation): string {
  const { parameters = [], requestBody, responses } = operation;
  const asDocument = parameters.map((parameter) => ofForms(parameter, (form) => form === 'json'));
  return namedType(operation, [
    parametersType('params', asDocument),
    parametersType('query', asDocument),
    requestBody === undefined ? '' : bodyType(requestBody),
    `readonly reply: ${typeOf(successSchema(responses) ?? {})};`,
  ]);
}

function fileType(operation: DescribedOperation): string {
  const { parameters = [] } = operation;
  const asFile = parameters.map((parameter) => ofForms(parameter, (form) => form !== 'json'));
  return namedType(operation, [parametersType('params', asFile), parametersType('query', asFile)]);
}

function namedType({ operationId, summary }: DescribedOperation, parts: readonly string[]): string {
  return `${docstring(summary)}readonly ${operationId}: {\n${parts.filter((part) => part !== '').join('\n')}\n};`;
}

/** The parameter that names the form of a reply, with some of the forms: one has to be named where the usual one is not among them. */
function ofForms(parameter: Parameter, isWanted: (form: unknown) => boolean): Parameter {
  if (!namesForms(parameter)) return parameter;
  const { schema } = parameter;
  const forms = schema.enum?.filter(isWanted) ?? [];
  return { ...parameter, required: !forms.includes(schema.default), schema: { ...schema, enum: forms } };
}

function parametersType(kind: 'params' | 'query', parameters: readonly Parameter[]): string {
  const own = parameters.filter((parameter) => parameter.in === (kind === 'params' ? 'path' : 'query'));
  if (own.length === 0) return '';
  const schema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(own.map((parameter) => [parameter.name, described(parameter)])),
    required: own.filter(({ required }) => required === true).map(({ name }) => name),
  };
  const [mark, or] = schema.required?.length === 0 ? ['?', ' | undefined'] : ['', ''];
  return `readonly ${kind}${mark}: ${typeOf(schema, 'sent')}${or};`;
}

function described({ schema, description }: Parameter): JsonSchema {
  return description === undefined ? schema : { ...schema, description };
}

function bodyType({ required = false, content }: { required?: boolean; content: Content }): string {
  const schema = content[JSON_TYPE]?.schema;
  if (schema === undefined) throw new Error(`a body is none of ${Object.keys(content).join(', ')}`);
  const [mark, or] = required ? ['', ''] : ['?', ' | undefined'];
  return `readonly body${mark}: ${typeOf(schema, 'sent')}${or};`;
}

/** Where each operation is found, and whether it may be sent again: `client/generated/operations.ts`. */
export function clientOperations(operations: readonly Operation[]): string {
  const entries = operations
    .filter(
      ({ success: { status, mediaType = JSON_TYPE } }) =>
        status !== 101 && (mediaType === JSON_TYPE || isFileType(mediaType)),
    )
    .map(({ operationId, method, path, command }) => {
      const isCommand = command !== undefined ? ', isCommand: true' : '';
      return `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}'${isCommand} },`;
    });
  return `${HEAD}/** Every operation that answers a document or a file, by its id. \`isCommand\`: takes \`Idempotency-Key\` and \`If-Match\`. */\nexport const OPERATIONS = {\n${entries.join('\n')}\n} as const;\n`;
}
