/** Every query and mutation of GraphQL with every role, on an own account and on another's: the answers are what the table says. */
import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACCESS, type AccessRow } from '../../workers/access/table.ts';
import { graphQlSchema } from '../../workers/graphql/schema.ts';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { CALLERS, expected } from '../support/accessMatrix.ts';
import { opened } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { codesOf } from '../support/graphql.ts';

const MINE = 'mine-2';
const THEIRS = 'theirs-2';

const schema = graphQlSchema(ROUTES);
const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** The field that is not called as its operation is. */
const QUERIES: Readonly<Record<string, string>> = { audit: 'auditAggregate' };

type AnyField = GraphQLField<unknown, unknown>;

const FIELDS = [
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field): [string, string, AnyField] => [
    field.name,
    QUERIES[field.name] ?? `get${capitalised(field.name)}`,
    field,
  ]),
  ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field): [string, string, AnyField] => [
    field.name,
    capitalised(field.name),
    field,
  ]),
];

/** Texts that are not any text. */
const TEXTS: Readonly<Record<string, string>> = {
  currency: 'USD',
  symbol: 'IBM',
  secretHash: 'a'.repeat(64),
};

/** What else the input of a mutation needs to be understood. */
const INPUTS: Readonly<Record<string, unknown>> = {
  setLimits: { allowShort: false },
  correctTrade: { fee: '1' },
  transferFunds: { toAccountId: 'somebody' },
  placeOrder: EXAMPLES.placeOrder?.request?.['application/json'],
};

/** A value that fits, about an account wherever an id is asked for. */
function fitting(type: GraphQLInputType, name: string, account: string): unknown {
  if (isNonNullType(type)) return fitting(type.ofType, name, account);
  if (isListType(type)) return [fitting(type.ofType, name, account)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    const inputs = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(inputs.map((input) => [input.name, fitting(input.type, input.name, account)]));
  }
  if (type.name === 'ID') return account;
  if (type.name === 'String') return TEXTS[name] ?? 'x';
  return type.name === 'Decimal' ? '1' : 1;
}

/** What becomes of asking for a field about an account. */
async function answerOf(
  field: AnyField,
  account: string,
  headers: Record<string, string>,
): Promise<string[]> {
  const args = field.args.filter(isRequiredArgument);
  const declared = args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = args.map(({ name }) => `${name}: $${name}`).join(', ');
  const [head, call] = args.length === 0 ? ['', ''] : [`(${declared})`, `(${passed})`];
  const kind = schema.getMutationType()?.getFields()[field.name] === field ? 'mutation' : 'query';
  const leaf = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
  const variables = Object.fromEntries(args.map(({ name, type }) => [name, fitting(type, name, account)]));
  Object.assign((variables.input ?? {}) as object, INPUTS[field.name]);
  return codesOf(`${kind} ${head} { ${field.name}${call} ${leaf} }`, { variables, headers });
}

beforeAll(async () => {
  await opened(MINE);
  await opened(THEIRS);
});

describe.each(FIELDS)('%s', (_name, operation, field) => {
  it(`answers everybody as the row of ${operation} says`, async () => {
    const row = ACCESS[operation] as AccessRow;
    expect(row).toBeDefined();
    const isOfAccount = row.of !== 'platform' && row.of !== 'catalogue';
    for (const { role, isConfined } of CALLERS) {
      const headers = await as(role, isConfined ? [MINE] : undefined);
      for (const account of isOfAccount ? [MINE, THEIRS] : [MINE]) {
        const codes = await answerOf(field, account, headers);
        const who = `${role}, confined: ${isConfined}, ${account}: ${codes}`;
        expect(codes.includes('forbidden') ? 'forbidden' : 'passes', who).toBe(
          expected(row, role, isConfined, account === MINE),
        );
        // What was not understood tells nothing of who may ask it.
        expect(codes, who).not.toContain('query_too_complex');
      }
    }
  });
});
