/** What fields of different areas are made with, and what they have in common. */
import { GraphQLID, type GraphQLInterfaceType, GraphQLNonNull } from 'graphql';
import { viewDatabases } from '../env.ts';
import { readParkedCount } from '../reads/stale.ts';
import type { Lists } from './lists.ts';
import { SafeInt } from './scalars.ts';
import { type Fields, field, type Types } from './types.ts';

/** The types that are made so far, and what makes more of them. */
export interface Parts {
  readonly types: Types;
  readonly lists: Lists;
  /** The interface of all events. */
  readonly event: GraphQLInterfaceType;
  /** Names of the types that mutations answer. */
  readonly replies: ReadonlySet<string>;
}

/** The argument that names an aggregate. */
export const ID_ARGUMENT = { type: new GraphQLNonNull(GraphQLID), description: 'The id.' };

/** Of a list about one aggregate: the version since which it lacks events, where the view cannot take one. */
export const STALE_SINCE: Fields = {
  staleSince: field<{ about: number | undefined }>({
    type: SafeInt,
    description: 'The version since which the view lacks events of the aggregate; null where it is well.',
    resolve: ({ about }) => about,
  }),
};

/** Of a list across aggregates: how many the view cannot go on with. It is asked only where somebody wants to know. */
export function parkedAggregates(view: Parameters<typeof readParkedCount>[1]): Fields {
  return {
    parkedAggregates: field({
      type: new GraphQLNonNull(SafeInt),
      description: 'Aggregates that the view cannot go on with: the list may lack their latest events.',
      resolve: (_, __, { c }) => readParkedCount(viewDatabases(c.env), view),
    }),
  };
}
