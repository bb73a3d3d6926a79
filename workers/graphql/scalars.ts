/**
 * Scalars beyond those of the specification. They are coarse on purpose: what a command or a filter takes is judged by the
 * same zod schema as over HTTP, which has the words for what is wrong.
 */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

/**
 * An amount, a price or a quantity. A number in a query is taken by its source text; one in variables as it is, since the
 * reader of bodies has refused what has more digits than a double keeps.
 */
export const Decimal = new GraphQLScalarType<string | number, string>({
  name: 'Decimal',
  description:
    'An exact decimal, as a string such as `"189.12"`. Input may also be a number of at most 15 significant digits.',
  serialize: asString,
  parseValue(value) {
    if (typeof value === 'string' || typeof value === 'number') return value;
    throw new GraphQLError('must be a decimal string or number');
  },
  parseLiteral(node) {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT) return node.value;
    throw new GraphQLError('must be a decimal string or number', { nodes: node });
  },
});

/** A time; RFC 3339, checked by whatever takes it. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description:
    'A time after RFC 3339 in UTC, to the millisecond: `"2013-10-07T13:30:00.123Z"`. Input may have another offset.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: asString,
  parseValue: asInputString,
  parseLiteral: literalString,
});

/** Versions, counts and sizes: `Int` has 32 bits. */
export const SafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: 'A whole number up to 2^53 − 1, such as a version or a count.',
  serialize(value) {
    if (Number.isSafeInteger(value)) return value as number;
    throw new TypeError('not a safe integer');
  },
  parseValue(value) {
    if (Number.isSafeInteger(value)) return value as number;
    throw new GraphQLError('must be a whole number up to 2^53 − 1');
  },
  parseLiteral(node) {
    const value = node.kind === Kind.INT ? Number(node.value) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw new GraphQLError('must be a whole number up to 2^53 − 1', { nodes: node });
  },
});

/** Whatever has no fixed fields: data of events as they were stored, addresses. */
export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'A JSON value: the data of an event as it was stored, or an address in parts.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});

function asString(value: unknown): string {
  if (typeof value === 'string') return value;
  // Not told to clients: a value that does not fit its type is our mistake.
  throw new TypeError('not a string');
}

function asInputString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new GraphQLError('must be a string');
}

function literalString(node: ValueNode): string {
  if (node.kind === Kind.STRING) return node.value;
  throw new GraphQLError('must be a string', { nodes: node });
}
