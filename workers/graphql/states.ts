/** The state of every actor that REST shows, as a field of its own. */
import { GraphQLNonNull, type GraphQLObjectType } from 'graphql';
import { accessRow } from '../access/decide.ts';
import type { Route } from '../http/operation.ts';
import { StateQuery } from '../http/resource.ts';
import { PAST_BYTES } from '../limits/room.ts';
import { idOf, queryOf } from './arguments.ts';
import { ID_ARGUMENT } from './parts.ts';
import type { States } from './relations.ts';
import { DateTime, SafeInt } from './scalars.ts';
import { type Field, type Fields, field, type Types } from './types.ts';

/** The states that the routes read, by the operation that does. */
export function statesOf(routes: readonly Route[], types: Types): States {
  const entries = routes.flatMap(({ operationId, state: reader }) => {
    if (reader === undefined) return [];
    return [[operationId, { reader, type: types.object(reader.schema, fieldName(operationId)) }] as const];
  });
  return new Map(entries);
}

/** A field for each. */
export function stateFields(states: States): Fields {
  const fields = Array.from(states, ([operation, state]) => [
    fieldName(operation),
    stateField(operation, state),
  ]);
  return Object.fromEntries(fields);
}

/** `getAccount` reads what is called `account`. */
function fieldName(operationId: string): string {
  const name = operationId.replace(/^get/, '');
  return name.charAt(0).toLowerCase() + name.slice(1);
}

interface StateArguments {
  readonly id: string;
  readonly version?: number | null;
  readonly at?: string | null;
}

/** Arguments that choose a past state. */
const AS_OF = {
  version: { type: SafeInt, description: 'The state as of this version.' },
  at: { type: DateTime, description: 'The state as of this time.' },
};

type State = States extends ReadonlyMap<string, infer Value> ? Value : never;

function stateField(operation: string, { reader, type }: State): Field {
  const isOfAccount = accessRow(operation).of === 'account';
  return field<unknown, StateArguments>({
    type: new GraphQLNonNull(type as GraphQLObjectType),
    description: `The ${fieldName(operation)}, as its own actor has it or had it.`,
    args: { id: ID_ARGUMENT, ...AS_OF },
    async resolve(_, { id: given, ...asOf }, context) {
      const id = idOf(reader.id, given);
      const target = isOfAccount ? { aggregateType: 'account', aggregateId: id } : undefined;
      await context.requireRead(operation, target);
      const moment = queryOf(StateQuery, asOf);
      if (moment.version === undefined && moment.at === undefined) return context.loaders.state(reader, id);
      context.takeBytes(PAST_BYTES);
      return (await reader.read(context.c, id, moment)).reply;
    },
  });
}
