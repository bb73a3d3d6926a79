/**
 * The schema, put together from the routes of REST and the schemas behind them: the state of every actor, every view, every
 * command. It takes some tens of milliseconds to make, so an isolate makes it when it is first asked.
 */
import { GraphQLObjectType, GraphQLSchema, getNullableType } from 'graphql';
import type { Route } from '../http/operation.ts';
import { accountFields } from './accounts.ts';
import { eventFields, eventInterface, eventTypes } from './events.ts';
import { Lists } from './lists.ts';
import { mutationFields, replyNames } from './mutations.ts';
import type { Parts } from './parts.ts';
import { platformFields } from './platform.ts';
import { relationsOf, type States } from './relations.ts';
import { shopFields } from './shop.ts';
import { stateFields, statesOf } from './states.ts';
import { subscriptionFields } from './subscriptions.ts';
import { type Fields, Types } from './types.ts';

/** The schema over these routes. */
export function graphQlSchema(routes: readonly Route[]): GraphQLSchema {
  let states: States | undefined;
  const types: Types = new Types((name) => relationsOf(name, parts, allStates));
  const parts: Parts = {
    types,
    lists: new Lists(types),
    event: eventInterface(types),
    replies: replyNames(routes),
  };
  const allStates = () => {
    states ??= statesOf(routes, types);
    return states;
  };
  const query = new GraphQLObjectType({
    name: 'Query',
    description: 'Everything that can be read. What cannot be given is null, with an error that says why.',
    fields: () =>
      failingAlone({
        ...stateFields(allStates()),
        ...accountFields(parts),
        ...shopFields(parts),
        ...eventFields(parts),
        ...platformFields(parts),
      }),
  });
  const mutation = new GraphQLObjectType({
    name: 'Mutation',
    description:
      'Every command; several of one request run one after another. One that is refused is null, with an error that says why, ' +
      'and stops none.',
    fields: () => failingAlone(mutationFields(routes, types)),
  });
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    description: 'What can be followed as it happens, and resumed after a version.',
    fields: () => subscriptionFields(parts),
  });
  return new GraphQLSchema({
    description: 'Folio: an event-sourced trading and order platform (docs/graphql.md).',
    query,
    mutation,
    subscription,
    types: eventTypes(types, parts.event),
  });
}

/**
 * Fields of a root, each of which may fail alone. One that may not be null would take all others with it, and the commands after
 * it: of a request that was half done nothing would be told.
 */
function failingAlone(fields: Fields): Fields {
  const entries = Object.entries(fields).map(([name, each]) => [
    name,
    { ...each, type: getNullableType(each.type) },
  ]);
  return Object.fromEntries(entries);
}
