/** Events: an interface for all of them, and a type for each, so that a new event of the schemas is one here at once. */
import { GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType } from 'graphql';
import type { z } from 'zod';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { type EventEnvelope as Envelope, EventEnvelope } from '../../schemas/envelope.ts';
import { isKnownEvent } from '../../schemas/eventTypes.ts';
import { eventJsonSchema } from '../../schemas/jsonSchema.ts';
import { partOf } from '../../schemas/partition.ts';
import { upcast } from '../../schemas/upcasts.ts';
import { viewDatabases } from '../env.ts';
import { encodeCursor } from '../http/cursor.ts';
import { envelopeOf, FeedQuery, feedPage } from '../http/routes/events.ts';
import type { FeedEvent } from '../reads/feed.ts';
import type { GraphQlContext } from './context.ts';
import type { Edge } from './lists.ts';
import { type Parts, STALE_SINCE } from './parts.ts';
import { type Fields, field, type Types } from './types.ts';

/** The type of events whose own is not known in this release. */
const OTHER_EVENT = 'OtherEvent';

/** The interface of all events. */
export function eventInterface(types: Types): GraphQLInterfaceType {
  return new GraphQLInterfaceType({
    name: 'Event',
    description:
      'An event as it is stored and hashed. Each type of event has a type here, with its data in fields.',
    fields: () => types.fields(EventEnvelope, 'Event'),
    resolveType: (event: Envelope) => (isKnownEvent(event) ? `${event.eventType}Event` : OTHER_EVENT),
  });
}

/** A type for each type of event. */
export function eventTypes(types: Types, event: GraphQLInterfaceType): GraphQLObjectType[] {
  let envelope: Fields | undefined;
  const envelopeFields = () => {
    envelope ??= types.fields(EventEnvelope, 'Event');
    return envelope;
  };
  const known = AGGREGATE_LIST.flatMap(({ events }) =>
    Object.entries(events).map(
      ([name, schema]) =>
        new GraphQLObjectType({
          name: `${name}Event`,
          description: eventJsonSchema(schema).description ?? name,
          interfaces: [event],
          fields: () => ({
            ...envelopeFields(),
            ...currentField(types, name, schema),
          }),
        }),
    ),
  );
  const other = new GraphQLObjectType({
    name: OTHER_EVENT,
    description:
      'An event of a type, or a schema version, that this release does not know: one that a newer release has stored.',
    interfaces: [event],
    fields: envelopeFields,
  });
  return [...known, other];
}

/** What the event says today, in the newest shape of its data; nothing where it has none to say. */
function currentField(types: Types, eventType: string, schema: z.ZodType): Fields {
  const name = `${eventType}Data`;
  if (Object.keys(types.fields(schema, name)).length === 0) return {};
  return {
    current: field<Envelope>({
      type: new GraphQLNonNull(types.object(schema, name)),
      description: 'The data in its newest shape, whatever the schema version it was stored with.',
      resolve: ({ schemaVersion, data }) => upcast(eventType, schemaVersion, data),
    }),
  };
}

/** The feed across aggregates. */
export function eventFields({ lists, event }: Parts): Fields {
  return {
    events: lists.field<unknown, typeof FeedQuery>({
      description:
        'Events across aggregates. Following `endCursor` gives each once, in version order within an aggregate and with ' +
        'no order promise between aggregates; `hasNextPage` is false where nothing more has come yet, and the cursor ' +
        'stays usable for what comes later. Who is confined to some accounts is given the events of those.',
      query: FeedQuery,
      // Each database has an order of its own, and what is between them is decided as pages are read: from the end it would be another.
      forwardOnly:
        'For the newest events ask for those since a time (`from`), for the end of one account its own `events`, or subscribe.',
      node: 'Event',
      type: () => event,
      more: STALE_SINCE,
      async read(_, query, context) {
        await context.requireRead('getEvents');
        const { events, next, more, staleSince } = await feedPage(context.c, query);
        const edges = feedEdges(query.after ?? [], events, context);
        return { edges, goesOn: more, endCursor: encodeCursor(next), about: staleSince };
      },
    }),
  };
}

/** Each event with where the feed goes on after it: the position of the last event that was taken of each database. */
function feedEdges(after: readonly number[], events: readonly FeedEvent[], { c }: GraphQlContext): Edge[] {
  const databases = viewDatabases(c.env).length;
  const positions = Array.from({ length: databases }, (_, part) => after[part] ?? 0);
  return events.map((event) => {
    positions[partOf(event.aggregateId, databases)] = event.position;
    return { cursor: encodeCursor(positions), node: envelopeOf(event) };
  });
}
