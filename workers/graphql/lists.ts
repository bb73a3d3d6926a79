/**
 * Lists as connections after the GraphQL Cursor Connections Specification (Relay), forward only: the same queries, pages and
 * cursors as over REST, where a cursor is of the page alone.
 */
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from 'graphql';
import type { z } from 'zod';
import { PAGE_DEFAULT, PAGE_MAX } from '../http/query.ts';
import { queryOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import { type Field, type Fields, field, type InputFields, type Types } from './types.ts';

/** A row of a page, and where the list goes on after it. */
export interface Edge {
  readonly cursor: string;
  readonly node: unknown;
}

/** A page of a list. */
export interface ListPage {
  readonly edges: readonly Edge[];
  readonly hasNextPage: boolean;
  /** Where the next page begins, if that is not after the last row: of a feed also an empty page moves on. */
  readonly endCursor?: string;
  /** What the connection's own fields are resolved from. */
  readonly about?: unknown;
}

/** A field that is a list. */
interface ListField<Source, Query extends z.ZodObject> {
  readonly description: string;
  /** The query of the REST operation: its parameters but those of paging become arguments. */
  readonly query: Query;
  /** What the list has a page of, by name; its connection and its edges are called after it. */
  readonly node: string;
  readonly type: () => GraphQLOutputType;
  /** Fields of the connection itself, beyond those of the specification. */
  readonly more?: Fields;
  /** Arguments beyond those of the query. */
  readonly args?: InputFields;
  read(
    source: Source,
    query: z.output<Query>,
    context: GraphQlContext,
    args: Readonly<Record<string, unknown>>,
  ): Promise<ListPage>;
}

const PageInfo = new GraphQLObjectType<Page, GraphQlContext>({
  name: 'PageInfo',
  description: 'Where a page stands in its list.',
  fields: {
    hasNextPage: {
      type: new GraphQLNonNull(GraphQLBoolean),
      description: 'Whether more follow; of a feed, whether it is worth asking.',
    },
    hasPreviousPage: {
      type: new GraphQLNonNull(GraphQLBoolean),
      description: 'Whether the page began after a cursor: pages are followed forward only.',
    },
    startCursor: { type: GraphQLString, description: 'The cursor of the first row.' },
    endCursor: { type: GraphQLString, description: 'Send it as `after` for the next page.' },
  },
});

interface Page {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/** Marks a field whose `first` says how many of what is below it there may be, for the limit of fields. */
export const IS_LIST = 'isList';

/** Makes the fields of lists. */
export class Lists {
  readonly #types: Types;
  readonly #connections = new Map<string, GraphQLObjectType>();

  constructor(types: Types) {
    this.#types = types;
  }

  /** A field that answers a connection. */
  field<Source, Query extends z.ZodObject>(list: ListField<Source, Query>): Field {
    const { query, node, description } = list;
    const { limit: _, cursor: _cursor, after: _after, ...filters } = this.#types.inputFields(query, node);
    const config: GraphQLFieldConfig<Source, GraphQlContext, Readonly<Record<string, unknown>>> = {
      type: new GraphQLNonNull(this.#connection(list as ListField<unknown, z.ZodObject>)),
      description,
      args: {
        ...list.args,
        ...described(filters),
        first: {
          type: GraphQLInt,
          defaultValue: PAGE_DEFAULT,
          description: `Rows of the page, 1 to ${PAGE_MAX}.`,
        },
        after: { type: GraphQLString, description: 'The `endCursor` of the page before.' },
      },
      extensions: { [IS_LIST]: true },
      async resolve(source, args, context) {
        const page = await list.read(source, listQuery(query, args, Object.keys(filters)), context, args);
        return connectionOf(page, args.after !== undefined && args.after !== null);
      },
    };
    return field(config);
  }

  #connection({ node, type, more = {} }: ListField<unknown, z.ZodObject>): GraphQLObjectType {
    const known = this.#connections.get(node);
    if (known !== undefined) return known;
    const edge = new GraphQLObjectType({
      name: `${node}Edge`,
      description: `${/^[AEIO]/.test(node) ? 'An' : 'A'} ${node} in a list.`,
      fields: () => ({
        cursor: {
          type: new GraphQLNonNull(GraphQLString),
          description: 'Send it as `after` for what comes next.',
        },
        node: { type: new GraphQLNonNull(type()), description: 'The row itself.' },
      }),
    });
    const connection = new GraphQLObjectType({
      name: `${node}Connection`,
      description: `A page of a list of ${node}.`,
      fields: () => ({
        edges: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(edge))),
          description: 'The rows.',
        },
        pageInfo: { type: new GraphQLNonNull(PageInfo), description: 'Where the page stands.' },
        ...more,
      }),
    });
    this.#connections.set(node, connection);
    return connection;
  }
}

/** What a connection is resolved from. */
export interface Connection {
  readonly edges: readonly Edge[];
  readonly pageInfo: Page;
  readonly about: unknown;
}

function connectionOf(page: ListPage, hasPreviousPage: boolean): Connection {
  const { edges, hasNextPage, about } = page;
  const startCursor = edges[0]?.cursor ?? null;
  const endCursor = page.endCursor ?? edges.at(-1)?.cursor ?? null;
  return { edges, pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor }, about };
}

/** Every argument has a description, its type's where it has none of its own. */
function described(filters: InputFields): InputFields {
  const entries = Object.entries(filters).map(([name, filter]) => [
    name,
    { ...filter, description: filter.description ?? `Those of this ${name} alone.` },
  ]);
  return Object.fromEntries(entries);
}

/** What paging is called in a query, and as an argument. */
const ARGUMENT_NAMES: Readonly<Record<string, string>> = { limit: 'first', cursor: 'after' };

/** The arguments as the REST query has them, judged by its schema. */
function listQuery<Query extends z.ZodObject>(
  query: Query,
  args: Readonly<Record<string, unknown>>,
  filters: readonly string[],
): z.output<Query> {
  const { first, after } = args;
  const paging = 'cursor' in query.shape ? { limit: first, cursor: after } : { limit: first, after };
  const values = { ...paging, ...Object.fromEntries(filters.map((name) => [name, args[name]])) };
  return queryOf(query, values, ARGUMENT_NAMES);
}
