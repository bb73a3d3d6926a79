/** Requests to GraphQL made from its schema: any field of the queries and mutations, with whatever it takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { FUZZED_IDS, hostile, mostly } from './values.ts';

const SCHEMA_FILE = join(import.meta.dirname, '../../../docs/generated/schema.graphql');

/** Things within things that are asked for: more of them would only run into the limits, which have tests of their own. */
const DEPTH_MAX = 3;

/** Arguments that nest nothing deeper. */
const INPUT_DEPTH_MAX = 4;

/** What fits the scalars that are the platform's own. */
const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ID: fc.constantFrom(...FUZZED_IDS),
  String: fc.constantFrom(...FUZZED_IDS, 'IBM', 'USD', 'x'),
  Boolean: fc.boolean(),
  Int: fc.integer({ min: 0, max: 100 }),
  SafeInt: fc.integer({ min: 0, max: 10 }),
  Decimal: fc.constantFrom('1', '2.5', '100', '0'),
  DateTime: fc.constant('2026-11-21T09:30:00.000Z'),
};

/** Bodies of requests to GraphQL. */
export function graphQlBodies(): fc.Arbitrary<unknown> {
  const schema = buildSchema(readFileSync(SCHEMA_FILE, 'utf8'));
  const [query, mutation] = [schema.getQueryType(), schema.getMutationType()];
  const fields = [
    ...Object.values(query?.getFields() ?? {}).map((field) => ['query', field] as const),
    ...Object.values(mutation?.getFields() ?? {}).map((field) => ['mutation', field] as const),
  ];
  return fc.oneof(...fields.map(([kind, field]) => bodyOf(kind, field)));
}

function bodyOf(kind: 'query' | 'mutation', field: GraphQLField<unknown, unknown>): fc.Arbitrary<unknown> {
  const selection = selectionOf(field.type, DEPTH_MAX);
  const required = field.args.filter(isRequiredArgument).map(({ name }) => name);
  const values = Object.fromEntries(
    field.args.map(({ name, type }) => [name, mostly(inputOf(type, 0), hostile)]),
  );
  return fc.record(values, { requiredKeys: required }).map((variables) => {
    const sent = field.args.filter(({ name }) => Object.hasOwn(variables, name));
    const declared = sent.map(({ name, type }) => `$${name}: ${type}`).join(', ');
    const passed = sent.map(({ name }) => `${name}: $${name}`).join(', ');
    const [head, call] = sent.length === 0 ? ['', ''] : [`(${declared})`, `(${passed})`];
    return { query: `${kind} ${head} { ${field.name}${call} ${selection} }`, variables };
  });
}

/** Every leaf of a type, and of what is in it: the fields that take nothing that must be given. */
function selectionOf(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (!isObjectType(named)) return '{ __typename }';
  const fields = Object.values(named.getFields()).filter(({ args }) => !args.some(isRequiredArgument));
  const inner = fields.flatMap((field) => {
    if (isLeafType(getNamedType(field.type))) return [field.name];
    return depth === 0 ? [] : [`${field.name} ${selectionOf(field.type, depth - 1)}`];
  });
  return `{ ${['__typename', ...inner].join(' ')} }`;
}

function inputOf(type: GraphQLInputType, depth: number): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return inputOf(type.ofType, depth);
  if (isListType(type)) return fc.array(inputOf(type.ofType, depth + 1), { maxLength: 2 });
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (!isInputObjectType(type)) return SCALARS[type.name] ?? hostile;
  if (depth > INPUT_DEPTH_MAX) return fc.constant(null);
  const fields = Object.values(type.getFields());
  const model = Object.fromEntries(fields.map((field) => [field.name, inputOf(field.type, depth + 1)]));
  const requiredKeys = type.isOneOf ? [] : fields.filter(isRequiredInputField).map(({ name }) => name);
  return fc.record(model, { requiredKeys });
}
