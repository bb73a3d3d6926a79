/** The feed across aggregates, and what event types there are. */
import { z } from 'zod';
import { eventIdText, GENESIS_HASH_TEXT } from '../../../schemas/eventId.ts';
import { EVENT_TYPE_NAMES, eventTypes } from '../../../schemas/eventTypes.ts';
import { Id, Time, Version } from '../../../schemas/scalars.ts';
import { AGGREGATE_TYPES } from '../../aggregates.ts';
import { viewDatabases } from '../../env.ts';
import { type FeedRow, readFeed } from '../../reads/feed.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { EventsReply, EventTypesReply } from '../replies.ts';

export const FeedQuery = z.strictObject({
  after: cursorOf(z.array(Version), 'The `next` of an earlier reply; absent for the beginning.').optional(),
  type: z.enum(EVENT_TYPE_NAMES).optional(),
  aggregateType: z.enum(AGGREGATE_TYPES).optional(),
  aggregateId: Id.optional(),
  from: Time.optional().meta({ description: 'Recorded at this time or later.' }),
  to: Time.optional().meta({ description: 'Recorded before this time.' }),
  limit: PageLimit,
});

const getEvents = route(
  {
    method: 'get',
    path: '/v1/events',
    operationId: 'getEvents',
    tag: 'Events',
    summary: 'Events across aggregates',
    description:
      'Following `next` gives every event once, in version order within an aggregate and with no order promise ' +
      'between aggregates. From the read model, which follows the logs within seconds.',
    query: FeedQuery,
    success: {
      status: 200,
      description: 'A page of events; an empty one where nothing has come yet.',
      schema: EventsReply,
    },
  },
  async (c, { query: { after = [], from, to, ...filter } }) => {
    const { rows, next } = await readFeed(viewDatabases(c.env), after, {
      ...filter,
      from: from === undefined ? undefined : Date.parse(from),
      to: to === undefined ? undefined : Date.parse(to),
    });
    return c.body(`{"events":[${rows.map(envelopeText).join(',')}],"next":"${encodeCursor(next)}"}`, 200, {
      'Content-Type': 'application/json',
    });
  },
);

const getEventTypes = route(
  {
    method: 'get',
    path: '/v1/event-types',
    operationId: 'getEventTypes',
    tag: 'Events',
    summary: 'Every type of event, with its versions and JSON Schema',
    success: { status: 200, description: 'The catalogue.', schema: EventTypesReply },
  },
  (c) => c.json({ eventTypes: eventTypes() }),
);

export const events: readonly Route[] = [getEvents, getEventTypes];

/** The envelope with its data and metadata as they were stored, so that its hash can be checked. */
function envelopeText(row: FeedRow): string {
  return (
    `{"eventId":"${eventIdText(row.hash)}","aggregateType":"${row.aggregateType}","aggregateId":"${row.aggregateId}"` +
    `,"version":${row.version},"eventType":"${row.eventType}","schemaVersion":${row.schemaVersion}` +
    `,"recordedAt":"${new Date(row.recordedAt).toISOString()}","data":${row.data},"metadata":${row.metadata}` +
    `,"previousHash":"${row.previousHash ?? GENESIS_HASH_TEXT}","hash":"${row.hash}"}`
  );
}
