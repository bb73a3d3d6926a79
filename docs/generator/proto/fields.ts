/** JSON Schemas as fields and messages of Protobuf, as far as the API's description uses them (docs/connect.md). */
import type { JsonSchema } from '../schemaTypes.ts';
import { messageName, type ProtoField, type ProtoMessage, snakeCase } from './definition.ts';

/** A JSON Schema as the description has it. */
export interface FieldSchema extends JsonSchema {
  readonly format?: string;
  readonly title?: string;
}

/** Whether clients send it or receive it: what was not sent is told from what is empty, so that it is refused by name. */
export type Direction = 'request' | 'reply';

const SCALARS: Readonly<Record<string, string>> = { string: 'string', integer: 'int64', boolean: 'bool' };
const SCALAR_TYPES = new Set(Object.values(SCALARS));

const NULL = 'google.protobuf.NullValue';

/** Makes messages from schemas, those that the description names once each. */
export class FieldMaker {
  readonly messages = new Map<string, ProtoMessage>();
  readonly #schemas: Readonly<Record<string, FieldSchema>>;
  readonly #directions = new Map<string, Direction>();

  constructor(schemas: Readonly<Record<string, FieldSchema>>) {
    this.#schemas = schemas;
  }

  /** A message with these properties, and those of its own that they need. */
  message(name: string, schema: FieldSchema, direction: Direction): ProtoMessage {
    const nested: ProtoMessage[] = [];
    const fields = Object.entries(schema.properties ?? {}).flatMap(([property, value]) => {
      const isRequired = schema.required?.includes(property) ?? false;
      return this.#fields(property, value, isRequired, direction, nested);
    });
    const names = nested.map((each) => each.name);
    if (new Set(names).size < names.length) throw new Error(`${name} has two messages of one name: ${names}`);
    return { name, comment: schema.description ?? '', fields, nested };
  }

  /** The message that a named schema is. */
  named(reference: string, direction: Direction): string {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    const before = this.#directions.get(name);
    if (before !== undefined && before !== direction) throw new Error(`${name} is both sent and received`);
    if (before === undefined) {
      this.#directions.set(name, direction);
      this.messages.set(name, this.message(name, this.#schemas[name] as FieldSchema, direction));
    }
    return name;
  }

  #fields(
    property: string,
    given: FieldSchema,
    isRequired: boolean,
    direction: Direction,
    nested: ProtoMessage[],
  ): ProtoField[] {
    const { schema, isNullable } = withoutNull(given);
    // What can have one value only follows from the message that it is in.
    if (direction === 'request' && 'const' in schema) return [];
    const name = snakeCase(property);
    const comment = [given.description ?? schema.description ?? '', valuesText(schema)].join(' ').trim();
    const type = this.#type(property, schema, direction, nested);
    const isUnset = direction === 'request' && !isRequired;
    if (type.startsWith('repeated ') && (isNullable || isUnset)) {
      // A list has no other way to be absent than to be empty, and both may mean something: all that is left, and a mistake.
      const list = `${messageName(property)}List`;
      const values = { name: 'values', type, isOptional: false, comment: '' };
      nested.push({ name: list, comment: '', fields: [values], nested: [] });
      return [{ name, type: list, isOptional: false, comment }];
    }
    if (direction === 'request' && isNullable) {
      const oneof = `${name}_or_null`;
      return [
        { name, type, isOptional: false, oneof, comment },
        { name: `${name}_null`, type: NULL, isOptional: false, oneof, comment: '' },
      ];
    }
    const mayBeAbsent = direction === 'request' || isNullable || !isRequired;
    return [{ name, type, isOptional: SCALAR_TYPES.has(type) && mayBeAbsent, comment }];
  }

  #type(property: string, schema: FieldSchema, direction: Direction, nested: ProtoMessage[]): string {
    const { $ref, anyOf, oneOf, enum: values, items } = schema;
    // With the package: a message of the same name inside of this one does not hide it.
    if ($ref !== undefined) return `folio.v1.${this.named($ref, direction)}`;
    const alternatives = anyOf ?? oneOf;
    if (alternatives !== undefined) {
      nested.push(this.#union(messageName(property), alternatives, direction));
      return (nested.at(-1) as ProtoMessage).name;
    }
    if (values !== undefined || 'const' in schema) return enumType(schema);
    const type = kindOf(schema);
    if (type === 'array') {
      const each = this.#type(property.replace(/s$/, ''), items ?? {}, direction, nested);
      if (each.startsWith('repeated ')) throw new Error(`${property} is a list of lists`);
      return `repeated ${each}`;
    }
    if (type === 'object') return this.#object(property, schema, direction, nested);
    if (type === 'string' && schema.format === 'date-time') return 'google.protobuf.Timestamp';
    const scalar = SCALARS[type];
    if (scalar === undefined) throw new Error(`there is no field for ${property}: ${JSON.stringify(schema)}`);
    return scalar;
  }

  #object(property: string, schema: FieldSchema, direction: Direction, nested: ProtoMessage[]): string {
    const { additionalProperties: others } = schema;
    if (schema.properties === undefined && typeof others === 'object') {
      return others.type === undefined
        ? 'google.protobuf.Struct'
        : `map<string, ${this.#type(property, others, direction, nested)}>`;
    }
    const message = this.message(messageName(property), schema, direction);
    nested.push(message);
    return message.name;
  }

  /** A message that is one of several things. */
  #union(name: string, given: readonly FieldSchema[], direction: Direction): ProtoMessage {
    const nested: ProtoMessage[] = [];
    const fields = flat(given).map((schema): ProtoField => {
      const member = { isOptional: false, oneof: 'variant', comment: schema.description ?? '' };
      const flag = flagOf(schema);
      if (flag !== undefined) return { ...member, name: snakeCase(flag), type: 'bool' };
      const label = schema.$ref?.slice(schema.$ref.lastIndexOf('/') + 1) ?? schema.title ?? 'text';
      const property = label.charAt(0).toLowerCase() + label.slice(1);
      const type = this.#type(property, schema, direction, nested);
      if (!type.startsWith('map<')) return { ...member, name: snakeCase(property), type };
      // A map cannot be a member of a `oneof`.
      const values = { name: 'values', type, isOptional: false, comment: '' };
      nested.push({ name: label, comment: '', fields: [values], nested: [] });
      return { ...member, name: snakeCase(property), type: label };
    });
    const others = fields.filter(({ type }) => type !== 'bool');
    // Of a request the client says what it is. Of a reply we have to see it.
    if (direction === 'reply' && others.length !== 1)
      throw new Error(`nobody can tell which of ${name} a reply is`);
    return { name, comment: '', fields, nested };
  }
}

/** Alternatives, and those of alternatives. */
function flat(alternatives: readonly FieldSchema[]): FieldSchema[] {
  return alternatives.flatMap((schema) => {
    const inner = schema.anyOf ?? schema.oneOf;
    return inner === undefined ? [schema] : flat(inner);
  });
}

/** `masked` where an object says that and no more: `{ "$masked": true }`. */
function flagOf({ properties = {} }: FieldSchema): string | undefined {
  const [[name, schema] = [], ...others] = Object.entries(properties);
  const isFlag = others.length === 0 && name?.startsWith('$') === true && schema?.const === true;
  return isFlag ? name.slice(1) : undefined;
}

/** The schema beside null. */
export function withoutNull(schema: FieldSchema): { schema: FieldSchema; isNullable: boolean } {
  const { anyOf, type } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    return { schema: { ...schema, type: type.filter((each) => each !== 'null') }, isNullable: true };
  }
  const others = anyOf?.filter((each) => each.type !== 'null');
  if (anyOf === undefined || others?.length === anyOf.length) return { schema, isNullable: false };
  return {
    schema: others?.length === 1 ? (others[0] as FieldSchema) : { ...schema, anyOf: others ?? [] },
    isNullable: true,
  };
}

/** A decimal may be sent as a number over JSON; here it is always text, since no floating point touches it. */
function kindOf({ type, properties }: FieldSchema): string {
  if (!Array.isArray(type)) return (type as string | undefined) ?? (properties === undefined ? '' : 'object');
  const kinds = type as readonly string[];
  return kinds.length === 1 ? (kinds[0] as string) : kinds.includes('string') ? 'string' : '';
}

/** Texts, not enums: a value that a client does not know yet stays readable, and `''` is never one of them. */
function enumType(schema: FieldSchema): string {
  const values = schema.enum ?? [schema.const];
  if (values.every((value) => typeof value === 'string')) return 'string';
  throw new Error(`there is no field for the values ${JSON.stringify(values)}`);
}

function valuesText({ enum: values, items }: FieldSchema): string {
  const listed = values ?? items?.enum;
  return listed === undefined || listed.length > 20
    ? ''
    : `One of ${listed.map((value) => `\`${value}\``).join(', ')}.`;
}
