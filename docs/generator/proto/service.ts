/** The operations of the API as methods of a Protobuf service, with a message for what each takes. */
import { isPublic, type Operation } from '../../../workers/http/operation.ts';
import type { Description } from '../clientTypes.ts';
import {
  messageName,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoMethod,
  snakeCase,
} from './definition.ts';
import { FieldMaker, type FieldSchema, withoutNull } from './fields.ts';

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: FieldSchema;
}

type Content = Readonly<Record<string, { readonly schema: FieldSchema }>>;

interface DescribedOperation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

/** What every command takes along; over HTTP these are headers. */
const COMMAND_FIELDS: readonly ProtoField[] = [
  {
    name: 'idempotency_key',
    type: 'string',
    isOptional: true,
    comment: 'The command id: a repeat with the same content gives the same answer.',
  },
  {
    name: 'expected_version',
    type: 'int64',
    isOptional: true,
    comment: 'The version that the aggregate is expected to have; else `version_conflict`.',
  },
];

/** The service of these operations: of those that need a token and answer JSON. */
export function protoFile(description: Description, operations: readonly Operation[]): ProtoFile {
  const { paths, components } = description as {
    paths: Record<string, Record<string, DescribedOperation>>;
    components: { schemas: Record<string, FieldSchema> };
  };
  const maker = new FieldMaker(components.schemas);
  const own: ProtoMessage[] = [];
  const methods = operations.filter(isCalled).map((operation): ProtoMethod => {
    const described = paths[operation.path]?.[operation.method] as DescribedOperation;
    const name = messageName(operation.operationId);
    own.push(requestMessage(`${name}Request`, operation, described, components.schemas, maker));
    const { output, message } = response(`${name}Response`, described, maker);
    if (message !== undefined) own.push(message);
    const comment = `${operation.summary}. ${operation.method.toUpperCase()} ${operation.path}`;
    return { name, comment, input: `${name}Request`, output, isSafe: operation.method === 'get' };
  });
  // In every error (docs/connect.md).
  maker.named('Problem', 'reply');
  return { messages: [...own, ...maker.messages.values()], methods };
}

/**
 * Whether an operation is a method: webhooks and probes are spoken to by others, files and streams are no messages, and
 * GraphQL has a language of its own.
 */
export function isCalled(operation: Operation): boolean {
  const { success, tag } = operation;
  return (
    !isPublic(operation) && tag !== 'GraphQL' && success.status !== 101 && success.mediaType === undefined
  );
}

function requestMessage(
  name: string,
  { command, success, summary }: Operation,
  { parameters = [], requestBody }: DescribedOperation,
  schemas: Readonly<Record<string, FieldSchema>>,
  maker: FieldMaker,
): ProtoMessage {
  // Over Connect a reply has one form.
  const isLeftOut = (parameter: Parameter) =>
    parameter.name === 'format' && success.otherMediaTypes !== undefined;
  const given = parameters.filter((each) => each.in === 'path' || (each.in === 'query' && !isLeftOut(each)));
  const ofParameters = Object.fromEntries(
    given.map(({ name: parameter, schema, description }) => [
      parameter,
      description === undefined ? schema : { ...schema, description },
    ]),
  );
  const body = resolved(requestBody?.content['application/json']?.schema ?? {}, schemas);
  const clash = Object.keys(body.properties ?? {}).find((property) => Object.hasOwn(ofParameters, property));
  if (clash !== undefined) throw new Error(`${name} has ${clash} in its path or query and in its body`);
  const required = [
    ...given.filter((each) => each.required).map((each) => each.name),
    ...(body.required ?? []),
  ];
  const schema = { ...body, properties: { ...ofParameters, ...body.properties }, required };
  const message = maker.message(name, schema, 'request');
  if (command === undefined) return { ...message, comment: body.description ?? summary };
  const names = new Set(message.fields.map((field) => field.name));
  const taken = COMMAND_FIELDS.find((field) => names.has(field.name));
  if (taken !== undefined) throw new Error(`${name} has a ${taken.name} of its own`);
  return { ...message, comment: body.description ?? summary, fields: [...message.fields, ...COMMAND_FIELDS] };
}

/** A reply with a name is that message; one without is made here. */
function response(name: string, { responses }: DescribedOperation, maker: FieldMaker) {
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'));
  const given = success?.[1].content?.['application/json']?.schema ?? {};
  const { schema, isNullable } = withoutNull(given);
  if (schema.$ref === undefined) return { output: name, message: maker.message(name, schema, 'reply') };
  const output = maker.named(schema.$ref, 'reply');
  if (!isNullable) return { output, message: undefined };
  const field = {
    name: snakeCase(output),
    type: `folio.v1.${output}`,
    isOptional: false,
    comment: 'Absent where there is none.',
  };
  return { output: name, message: { name, comment: '', fields: [field], nested: [] } };
}

function resolved(schema: FieldSchema, schemas: Readonly<Record<string, FieldSchema>>): FieldSchema {
  const { $ref } = schema;
  return $ref === undefined ? schema : (schemas[$ref.slice($ref.lastIndexOf('/') + 1)] as FieldSchema);
}
