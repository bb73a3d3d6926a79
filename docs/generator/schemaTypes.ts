/** JSON Schemas as TypeScript types, as far as the API's description uses them. */

/** A JSON Schema, or a reference to one. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/**
 * Which way it goes. Of what is sent, a field that may be left out may also be there and undefined, which sends nothing: callers
 * have it so, and a compiler that is told to (`exactOptionalPropertyTypes`) keeps the two apart.
 */
export type Way = 'sent' | 'received';

/** The type of what a schema lets in. Throws for a schema of a kind that it does not know. */
export function typeOf(schema: JsonSchema, way: Way = 'received'): string {
  const { $ref, enum: values, anyOf, oneOf, allOf } = schema;
  if ($ref !== undefined) return referencedName($ref);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (values !== undefined) return union(values.map((value) => JSON.stringify(value)));
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return union(choices.map((choice) => typeOf(choice, way)));
  if (allOf !== undefined) return allOf.map((part) => `(${typeOf(part, way)})`).join(' & ');
  if (Array.isArray(schema.type))
    return union(schema.type.map((type: string) => typeOf({ ...schema, type }, way)));
  return typeOfKind(schema, schema.type as string | undefined, way);
}

function typeOfKind(schema: JsonSchema, type: string | undefined, way: Way): string {
  const scalar = SCALARS[type ?? ''];
  if (scalar !== undefined) return scalar;
  if (type === 'array') return `readonly (${typeOf(schema.items ?? {}, way)})[]`;
  if (type === 'object' || schema.properties !== undefined) return objectType(schema, way);
  if (type === undefined) return 'unknown';
  throw new Error(`there is no type for ${JSON.stringify(schema)}`);
}

function referencedName(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function objectType({ properties = {}, required = [], additionalProperties }: JsonSchema, way: Way): string {
  const orUndefined = way === 'sent' ? ' | undefined' : '';
  const members = Object.entries(properties).map(([name, schema]) => {
    const [mark, or] = required.includes(name) ? ['', ''] : ['?', orUndefined];
    return `${docstring(schema.description)}readonly ${propertyName(name)}${mark}: ${typeOf(schema, way)}${or};`;
  });
  if (members.length > 0) return `{\n${members.join('\n')}\n}`;
  const other = typeof additionalProperties === 'object' ? typeOf(additionalProperties, way) : 'unknown';
  return `{ readonly [name: string]: ${additionalProperties === false ? 'never' : other} }`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ');
}

/** A description as a comment before what it describes; nothing where there is none. */
export function docstring(description: string | undefined): string {
  return description === undefined
    ? ''
    : `/** ${description.replaceAll('*/', '*\\/').replaceAll('\n', ' ')} */\n`;
}
