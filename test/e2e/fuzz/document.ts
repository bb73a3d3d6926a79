/** An OpenAPI document as far as the fuzzer reads it. */

/** A JSON Schema, or a reference to one. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** A parameter of an operation, or a reference to one. */
interface ParameterEntry {
  readonly $ref?: string;
  readonly in?: 'path' | 'query' | 'header';
  readonly name?: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

/** A parameter of an operation. */
export interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: Schema;
}

interface OperationEntry {
  readonly operationId: string;
  readonly parameters?: readonly ParameterEntry[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<Record<string, ResponseEntry>>;
}

/** A header of a response, or a reference to one. */
interface HeaderEntry {
  readonly $ref?: string;
  readonly required?: boolean;
}

/** A response of an operation, or a reference to one. */
interface ResponseEntry {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, HeaderEntry>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** The document. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationEntry>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An operation with its references resolved. */
export interface FuzzedOperation {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** By media type. */
  readonly bodies: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
  /** Whether it has a failure of another form than the document of a problem: what that looks like is its own test's. */
  readonly hasOtherFailures: boolean;
  /** Statuses that it says it can answer with, and the headers that each brings, in lower case: whether always. */
  readonly statuses: ReadonlyMap<number, ReadonlyMap<string, boolean>>;
}

/** What a reference stands for. */
export function resolved<Part extends { readonly $ref?: string }>(document: OpenApi, part: Part): Part {
  if (part.$ref === undefined) return part;
  const [, , section = '', name = ''] = part.$ref.split('/');
  const found = document.components[section]?.[name];
  if (found === undefined) throw new Error(`the document has no ${part.$ref}`);
  return resolved(document, found as Part);
}

/** An answer that goes on until its reader leaves: there is no whole of it to be judged. */
const ENDLESS = 'text/event-stream';

/** Every operation of the document whose answers have an end. */
export function operationsOf(document: OpenApi): FuzzedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(hasEnd)
      .map(([method, operation]) => ({
        operationId: operation.operationId,
        method: method.toUpperCase() as FuzzedOperation['method'],
        path,
        parameters: (operation.parameters ?? []).map((entry) => {
          const { in: where = '', name = '', required = false, schema = {} } = resolved(document, entry);
          return { in: where, name, isRequired: required, schema };
        }),
        bodies: operation.requestBody?.content ?? {},
        statuses: new Map(
          Object.entries(operation.responses).map(([status, response]) => [
            Number(status),
            headersOf(document, resolved(document, response)),
          ]),
        ),
        hasOtherFailures: Object.hasOwn(operation.responses, 'default'),
      })),
  );
}

function headersOf(document: OpenApi, { headers = {} }: ResponseEntry): Map<string, boolean> {
  return new Map(
    Object.entries(headers).map(([name, header]) => [
      name.toLowerCase(),
      resolved(document, header).required === true,
    ]),
  );
}

function hasEnd([, { responses }]: readonly [string, OperationEntry]): boolean {
  return !Object.values(responses).some(({ content = {} }) => Object.hasOwn(content, ENDLESS));
}
