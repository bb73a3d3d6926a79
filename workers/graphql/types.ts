/**
 * GraphQL types from the zod schemas that judge replies and parse requests: what a schema gains or loses, its type gains or
 * loses. They go by way of JSON Schema, which is where types that transform their input say what they look like.
 */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfig,
  GraphQLFloat,
  GraphQLID,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
  GraphQLString,
} from 'graphql';
import type { z } from 'zod';
import { jsonSchemaOf } from '../../schemas/jsonSchema.ts';
import { DECIMAL_TITLES } from '../../schemas/scalars.ts';
import type { GraphQlContext } from './context.ts';
import { ENUM_NAMES } from './enums.ts';
import { DateTime, Decimal, Json, SafeInt } from './scalars.ts';

/** A field of an object. */
export type Field = GraphQLFieldConfig<unknown, GraphQlContext>;

/** Fields of an object, by name. */
export type Fields = Record<string, Field>;

/** A field with a resolver that knows its parent and its arguments: the schema sees to it that they are those. */
export function field<Source, Args = unknown>(
  config: GraphQLFieldConfig<Source, GraphQlContext, Args>,
): Field {
  return config as unknown as Field;
}

/** Fields of an input object, or arguments of a field. */
export type InputFields = Record<string, GraphQLInputFieldConfig>;

/** A JSON Schema as far as types are made from it. */
interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly default?: unknown;
}

interface Described extends Shape {
  readonly $defs?: Readonly<Record<string, Shape>>;
}

/** The largest value of the specification's `Int`. */
const INT_MAX = 2 ** 31 - 1;

/** Names of GraphQL: letters, digits and underscores (specification, 2.1.9). */
const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Scalars by the title that a schema gives itself. */
const SCALARS: Readonly<Record<string, GraphQLScalarType>> = {
  Id: GraphQLID,
  AggregateId: GraphQLID,
  ParkedId: GraphQLID,
  Time: DateTime,
  ...Object.fromEntries(DECIMAL_TITLES.map((title) => [title, Decimal])),
};

/** Makes types, each once. */
export class Types {
  readonly #outputs = new Map<string, GraphQLObjectType<unknown, GraphQlContext>>();
  readonly #inputs = new Map<string, GraphQLInputObjectType>();
  readonly #enums = new Map<string, GraphQLEnumType>();
  readonly #jsonSchemas = {
    input: new Map<z.ZodType, Described>(),
    output: new Map<z.ZodType, Described>(),
  };
  readonly #relations: (name: string) => Fields;

  /** `relations` says which fields an object has beyond those of its schema. */
  constructor(relations: (name: string) => Fields = () => ({})) {
    this.#relations = relations;
  }

  /** The object that a schema describes, by the name that the schema has or else this one. */
  object(schema: z.ZodType, name: string): GraphQLObjectType {
    const described = this.#described(schema, 'output');
    const type = new Conversion(this, described.$defs, 'output').of(described, name);
    if (type instanceof GraphQLObjectType) return type;
    throw new Error(`${name} is no object`);
  }

  /** The type of what a schema gives. */
  output(schema: z.ZodType, name: string): GraphQLOutputType {
    const described = this.#described(schema, 'output');
    return new Conversion(this, described.$defs, 'output').of(described, name) as GraphQLOutputType;
  }

  /** The fields that an object of the schema has: for interfaces, and for types that have more. */
  fields(schema: z.ZodType, name: string): Fields {
    const described = this.#described(schema, 'output');
    return new Conversion(this, described.$defs, 'output').outputFields(described, name);
  }

  /** The fields of an input object, or the arguments of a field: what a schema takes. */
  inputFields(schema: z.ZodType, name: string): InputFields {
    const described = this.#described(schema, 'input');
    return new Conversion(this, described.$defs, 'input').inputFields(described, name);
  }

  /** The input object that a schema describes. */
  input(schema: z.ZodType, name: string): GraphQLInputObjectType {
    const described = this.#described(schema, 'input');
    const type = new Conversion(this, described.$defs, 'input').of(described, name);
    if (type instanceof GraphQLInputObjectType) return type;
    throw new Error(`${name} is no input object`);
  }

  #described(schema: z.ZodType, io: 'input' | 'output'): Described {
    let described = this.#jsonSchemas[io].get(schema);
    if (described === undefined) {
      described = jsonSchemaOf(schema, io) as Described;
      this.#jsonSchemas[io].set(schema, described);
    }
    return described;
  }

  /** An enumeration; one of the same values has the same type wherever it is used. */
  enum(values: readonly string[], name: string): GraphQLEnumType {
    const key = values.join(' ');
    let type = this.#enums.get(key);
    if (type === undefined) {
      const known = ENUM_NAMES.get(key);
      const description = known?.description ?? `What ${name} may be.`;
      const entries = values.map((value) => [value, {}]);
      type = new GraphQLEnumType({
        name: known?.name ?? name,
        description,
        values: Object.fromEntries(entries),
      });
      this.#enums.set(key, type);
    }
    return type;
  }

  /** For {@link Conversion}: the object of this name, made where there was none. */
  named(shape: Shape, name: string, fields: () => Fields): GraphQLObjectType<unknown, GraphQlContext> {
    let type = this.#outputs.get(name);
    if (type === undefined) {
      type = new GraphQLObjectType({
        name,
        description: shape.description ?? `${name}, as the API shows it.`,
        fields: () => ({ ...fields(), ...this.#relations(name) }),
      });
      this.#outputs.set(name, type);
    }
    return type;
  }

  /** The same of an input object. */
  namedInput(shape: Shape, name: string, fields: () => InputFields): GraphQLInputObjectType {
    let type = this.#inputs.get(name);
    if (type === undefined) {
      type = new GraphQLInputObjectType({
        name,
        description: shape.description ?? `${name}, as the API takes it.`,
        fields,
      });
      this.#inputs.set(name, type);
    }
    return type;
  }
}

/** From the shapes of one JSON Schema to types. */
class Conversion {
  readonly #types: Types;
  readonly #definitions: Readonly<Record<string, Shape>>;
  readonly #io: 'input' | 'output';

  constructor(types: Types, definitions: Described['$defs'], io: 'input' | 'output') {
    this.#types = types;
    this.#definitions = definitions ?? {};
    this.#io = io;
  }

  /** The type of a shape, without saying whether it may be null. `name` is what an object or an enumeration gets. */
  of(shape: Shape, name: string): GraphQLOutputType | GraphQLInputType {
    if (shape.$ref !== undefined) {
      const defined = shape.$ref.slice(shape.$ref.lastIndexOf('/') + 1);
      return this.of(this.#definitions[defined] as Shape, defined);
    }
    const scalar = shape.title === undefined ? undefined : SCALARS[shape.title];
    if (scalar !== undefined) return scalar;
    const [only, ...others] = shape.anyOf?.filter(({ type }) => type !== 'null') ?? [];
    if (only !== undefined) return others.length === 0 ? this.of(only, name) : Json;
    const values = shape.enum?.filter((value) => value !== null);
    if (values?.every((value) => typeof value === 'string' && NAME.test(value))) {
      return this.#types.enum(values as string[], name);
    }
    return this.#ofKind(shape, name);
  }

  #ofKind(shape: Shape, name: string): GraphQLOutputType | GraphQLInputType {
    const kinds = [shape.type ?? []].flat().filter((kind) => kind !== 'null');
    switch (kinds.length === 1 ? kinds[0] : undefined) {
      case 'string':
        return GraphQLString;
      case 'boolean':
        return GraphQLBoolean;
      case 'integer':
        return (shape.maximum ?? Number.POSITIVE_INFINITY) <= INT_MAX ? GraphQLInt : SafeInt;
      case 'number':
        return GraphQLFloat;
      case 'array': {
        const items = shape.items ?? {};
        const type = this.of(items, singular(name));
        const list = new GraphQLList(isNullable(items) ? type : new GraphQLNonNull(type));
        return list as GraphQLOutputType | GraphQLInputType;
      }
      case 'object':
        return shape.properties === undefined ? Json : this.#object(shape, name);
      default:
        return Json;
    }
  }

  #object(shape: Shape, name: string): GraphQLObjectType | GraphQLInputObjectType {
    if (this.#io === 'output') return this.#types.named(shape, name, () => this.outputFields(shape, name));
    return this.#types.namedInput(shape, `${name}Input`, () => this.inputFields(shape, name));
  }

  /** Fields of an object. What may be left out may be null. */
  outputFields({ properties = {}, required = [] }: Shape, name: string): Fields {
    const fields = Object.entries(properties).map(([field, shape]) => {
      const type = this.of(shape, `${name}${pascalCase(field)}`) as GraphQLOutputType;
      const isPresent = required.includes(field) && !isNullable(shape);
      return [field, { type: isPresent ? new GraphQLNonNull(type) : type, ...descriptionOf(shape) }];
    });
    return Object.fromEntries(fields);
  }

  /** Fields of an input object. What has a default may be left out. */
  inputFields({ properties = {}, required = [] }: Shape, name: string): InputFields {
    const fields = Object.entries(properties).map(([field, shape]) => {
      const type = this.of(shape, `${name}${pascalCase(field)}`) as GraphQLInputType;
      const isDemanded = required.includes(field) && !isNullable(shape) && shape.default === undefined;
      return [field, { type: isDemanded ? new GraphQLNonNull(type) : type, ...descriptionOf(shape) }];
    });
    return Object.fromEntries(fields);
  }
}

function isNullable({ type, anyOf = [] }: Shape): boolean {
  return [type ?? []].flat().includes('null') || anyOf.some((option) => option.type === 'null');
}

/** What a field says of itself, or else what its type does. */
function descriptionOf({ description, anyOf }: Shape): { description?: string } {
  const text = description ?? anyOf?.find((shape) => shape.description !== undefined)?.description;
  return text === undefined ? {} : { description: text };
}

function pascalCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** What one of several is called. */
function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/(?<!s)s$/, '');
}
