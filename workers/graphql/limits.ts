/**
 * How much an operation may ask for, measured on its text before anything is run. A fragment is measured once however often it
 * is spread, so that measuring takes no longer than reading, also where what was asked would never end.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { PAGE_DEFAULT, PAGE_MAX } from '../http/query.ts';
import { IS_LIST } from './lists.ts';

/** Lexical tokens of a document: five times those of the introspection that explorers send. */
export const TOKENS_MAX = 2_000;

/** Fields below one another: a list takes three (`orders`, `edges`, `node`), and lists in lists have their own fields. */
export const DEPTH_MAX = 14;

/** Fields under another name than their own: what makes one operation many. */
export const ALIASES_MAX = 30;

/** Fields of an answer, as many as its pages may have rows: a full page of trades has some fifteen thousand. */
export const FIELDS_MAX = 50_000;

/** What an operation asks for. */
export interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
  /** Rows of pages, whatever is shown of them. */
  readonly rows: number;
}

/** What a selection comes to, its fragments included. */
interface Sum {
  depth: number;
  aliases: number;
  fields: number;
  rows: number;
}

/** What an operation asks for, with these variables. */
export function measure(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Measure {
  const root = schema.getRootType(operation.operation) ?? undefined;
  const given = { ...defaultsOf(operation), ...variables };
  return new Measuring(schema, document, given).selection(operation.selectionSet, root);
}

/** What variables are where nobody says: only whole numbers are asked for. */
function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  const entries = variableDefinitions.map(({ variable, defaultValue }) => [
    variable.name.value,
    defaultValue?.kind === Kind.INT ? Number(defaultValue.value) : undefined,
  ]);
  return Object.fromEntries(entries);
}

/** Which limit a measure is above, in words; undefined: none. */
export function excessOf({ depth, aliases, fields }: Omit<Measure, 'rows'>): string | undefined {
  if (depth > DEPTH_MAX) return `The operation is ${depth} fields deep, ${DEPTH_MAX} are taken.`;
  if (aliases > ALIASES_MAX) return `The operation has ${aliases} aliases, ${ALIASES_MAX} are taken.`;
  if (fields > FIELDS_MAX) {
    return `The answer may have ${Number.isSafeInteger(fields) ? fields : 'endless'} fields, ${FIELDS_MAX} are taken: ask for smaller pages.`;
  }
  return undefined;
}

class Measuring {
  readonly #schema: GraphQLSchema;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** What each fragment comes to; nothing while it is being measured, since one in itself is refused by its own rule. */
  readonly #measured = new Map<string, Sum>();

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Readonly<Record<string, unknown>>) {
    this.#schema = schema;
    this.#variables = variables;
    const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(
      (fragments as FragmentDefinitionNode[]).map((fragment) => [fragment.name.value, fragment]),
    );
  }

  selection({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Sum {
    const sum: Sum = { depth: 0, aliases: 0, fields: 0, rows: 0 };
    for (const selection of selections) {
      switch (selection.kind) {
        case Kind.FIELD:
          add(sum, this.#field(selection, type));
          break;
        case Kind.INLINE_FRAGMENT: {
          const condition = selection.typeCondition?.name.value;
          const own = condition === undefined ? type : this.#schema.getType(condition);
          add(sum, this.selection(selection.selectionSet, own));
          break;
        }
        case Kind.FRAGMENT_SPREAD:
          add(sum, this.#fragment(selection.name.value));
      }
    }
    return sum;
  }

  #field(node: FieldNode, type: GraphQLNamedType | undefined): Sum {
    const aliases = node.alias === undefined ? 0 : 1;
    // Introspection has limits of its own: those of the engine, and the roles that may.
    if (node.selectionSet === undefined || node.name.value.startsWith('__')) {
      return { depth: 1, aliases, fields: 1, rows: 0 };
    }
    const definition = fieldOf(type, node.name.value);
    const below = this.selection(node.selectionSet, definition && getNamedType(definition.type));
    const isList = definition?.extensions[IS_LIST] === true;
    const times = isList ? this.#rows(node) : 1;
    return {
      depth: below.depth + 1,
      aliases: below.aliases + aliases,
      fields: below.fields * times + 1,
      rows: below.rows * times + (isList ? times : 0),
    };
  }

  #fragment(name: string): Sum {
    const measured = this.#measured.get(name);
    if (measured !== undefined) return measured;
    const fragment = this.#fragments.get(name);
    const sum: Sum = { depth: 0, aliases: 0, fields: 0, rows: 0 };
    this.#measured.set(name, sum);
    if (fragment === undefined) return sum;
    const type = this.#schema.getType(fragment.typeCondition.name.value);
    Object.assign(sum, this.selection(fragment.selectionSet, type));
    return sum;
  }

  /** Rows of a list's page as the query or its variables ask for them; of what is no number as many as there may be. */
  #rows({ arguments: given = [] }: FieldNode): number {
    const asked = given
      .filter(({ name }) => name.value === 'first' || name.value === 'last')
      .map(({ value }) => this.#number(value))
      .filter((rows) => rows !== undefined);
    return Math.min(asked.length === 0 ? PAGE_DEFAULT : Math.max(...asked, 1), PAGE_MAX);
  }

  /** Undefined where nothing is given, or null: then a page has its usual size. */
  #number(value: ValueNode): number | undefined {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind === Kind.NULL) return undefined;
    if (value.kind !== Kind.VARIABLE) return PAGE_MAX;
    const { value: name } = value.name;
    const given = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    if (given === undefined || given === null) return undefined;
    return typeof given === 'number' ? given : PAGE_MAX;
  }
}

function fieldOf(
  type: GraphQLNamedType | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (!isObjectType(type as GraphQLCompositeType) && !isInterfaceType(type)) return undefined;
  return (type as Extract<GraphQLCompositeType, { getFields(): unknown }>).getFields()[name];
}

function add(sum: Sum, more: Sum): void {
  sum.depth = Math.max(sum.depth, more.depth);
  sum.aliases += more.aliases;
  sum.fields += more.fields;
  sum.rows += more.rows;
}
