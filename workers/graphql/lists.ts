/**
 * Lists as connections after the GraphQL Cursor Connections Specification (Relay), read from either end: the same queries, pages
 * and cursors as over REST, where a cursor is of the page alone.
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
import { invalidRequest, ProblemError } from '../http/problem.ts';
import { PAGE_DEFAULT, PAGE_MAX } from '../http/query.ts';
import type { Backwards } from '../reads/slice.ts';
import { queryOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import { type Field, type Fields, field, type InputFields, type Types } from './types.ts';

/** A row of a page, and where it stands in the list. */
export interface Edge {
  readonly cursor: string;
  readonly node: unknown;
}

/** A page of a list, in the order of the list from whichever end it was read. */
export interface ListPage {
  readonly edges: readonly Edge[];
  /** Whether the list goes on at the end of the page that it was read towards. */
  readonly goesOn: boolean;
  /** Where the next page begins, if that is not after the last row: of a feed also an empty page moves on. */
  readonly endCursor?: string;
  /** What the connection's own fields are resolved from. */
  readonly about?: unknown;
}

/** What the cursors of a list stand for. */
type KeyOf<Query extends z.ZodObject> = Query['shape'] extends { readonly cursor: z.ZodType }
  ? NonNullable<z.output<Query['shape']['cursor']>>
  : never;

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
  /** Of a list that is read from its beginning alone: what to do instead, for whoever asks for its end. */
  readonly forwardOnly?: string;
  read(
    source: Source,
    query: z.output<Query> & Backwards<KeyOf<Query>>,
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
      description:
        'Whether more follow; of a feed, whether it is worth asking. Of a page that was read from the end, whether it ended before a cursor.',
    },
    hasPreviousPage: {
      type: new GraphQLNonNull(GraphQLBoolean),
      description:
        'Whether more come before. Of a page that was read from the beginning, whether it began after a cursor.',
    },
    startCursor: { type: GraphQLString, description: 'Send it as `before` for the page before.' },
    endCursor: { type: GraphQLString, description: 'Send it as `after` for the next page.' },
  },
});

interface Page {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/** Marks a field whose `first` or `last` says how many of what is below it there may be, for the limit of fields. */
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
        ...pagingArguments(list.forwardOnly),
      },
      extensions: { [IS_LIST]: true },
      async resolve(source, args, context) {
        if (isGiven(args.last) || isGiven(args.before)) refuseBackwards(list.forwardOnly, args);
        const page = await list.read(source, listQuery(query, args, Object.keys(filters)), context, args);
        return connectionOf(page, args);
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
          description: 'Send it as `after` for what comes next, as `before` for what comes before it.',
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

type Arguments = Readonly<Record<string, unknown>>;

/** What the specification lets a list say without looking: where a page begins or ends at a cursor, there is that row. */
function connectionOf(page: ListPage, { last, after, before }: Arguments): Connection {
  const { edges, goesOn, about } = page;
  const startCursor = edges[0]?.cursor ?? null;
  const endCursor = page.endCursor ?? edges.at(-1)?.cursor ?? null;
  const [hasPreviousPage, hasNextPage] = isGiven(last) ? [goesOn, isGiven(before)] : [isGiven(after), goesOn];
  return { edges, pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor }, about };
}

function pagingArguments(forwardOnly: string | undefined): InputFields {
  const refused = (description: string) =>
    forwardOnly === undefined ? description : `Refused: this list is read forwards only. ${forwardOnly}`;
  return {
    first: {
      type: GraphQLInt,
      description: `So many rows from the beginning, 1 to ${PAGE_MAX}; ${PAGE_DEFAULT} where neither this nor \`last\` says how many.`,
    },
    after: { type: GraphQLString, description: 'The `endCursor` of the page before: what comes after it.' },
    last: {
      type: GraphQLInt,
      description: refused(`So many rows from the end, 1 to ${PAGE_MAX}, in the order of the list.`),
    },
    before: {
      type: GraphQLString,
      description: refused('The `startCursor` of the page after: what comes before it.'),
    },
  };
}

function isGiven(argument: unknown): boolean {
  return argument !== undefined && argument !== null;
}

/** Refuses what a list cannot give from its end, and what nobody can tell the order of. */
function refuseBackwards(forwardOnly: string | undefined, { first, last }: Arguments): void {
  if (forwardOnly !== undefined) {
    const detail = `This list is read forwards only, with first and after. ${forwardOnly}`;
    throw new ProblemError({ code: 'forward_only', detail });
  }
  if (isGiven(first) && isGiven(last))
    throw invalidRequest([{ path: 'last', message: 'must not be sent with `first`' }]);
}

/** Every argument has a description, its type's where it has none of its own. */
function described(filters: InputFields): InputFields {
  const entries = Object.entries(filters).map(([name, filter]) => [
    name,
    { ...filter, description: filter.description ?? `Those of this ${name} alone.` },
  ]);
  return Object.fromEntries(entries);
}

/** The arguments as the REST query has them, judged by its schema, and what only lists say that are read from their end. */
function listQuery<Query extends z.ZodObject>(
  query: Query,
  { first, last, after, before, ...args }: Arguments,
  filters: readonly string[],
): z.output<Query> & Backwards<KeyOf<Query>> {
  const { cursor } = query.shape as Readonly<Record<string, z.ZodType>>;
  const paging = cursor === undefined ? { after } : { cursor: after, before };
  const values = Object.fromEntries(filters.map((name) => [name, args[name]]));
  const judged = cursor === undefined ? query : query.extend({ before: cursor });
  const fromEnd = isGiven(last);
  const names = { limit: fromEnd ? 'last' : 'first', cursor: 'after' };
  const asked = queryOf(judged, { ...values, ...paging, limit: fromEnd ? last : first }, names);
  return { ...(asked as z.output<Query>), ...(fromEnd ? { fromEnd } : {}) };
}
