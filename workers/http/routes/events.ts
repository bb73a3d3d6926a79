/** The feed across aggregates, and what event types there are. */
import type { Context } from 'hono';
import { z } from 'zod';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { eventIdText } from '../../../schemas/eventId.ts';
import { EVENT_TYPE_NAMES, eventTypes } from '../../../schemas/eventTypes.ts';
import { partOf } from '../../../schemas/partition.ts';
import { AggregateId, Time, Version } from '../../../schemas/scalars.ts';
import { withheldTypes } from '../../access/decide.ts';
import { type Env, viewDatabases } from '../../env.ts';
import { type FeedCursor, type FeedEvent, readFeed } from '../../reads/feed.ts';
import { readStaleSince, staleHeader } from '../../reads/stale.ts';
import { selectedAccounts } from '../access.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { EventsReply, EventTypesReply } from '../replies.ts';

export const FeedQuery = z.strictObject({
  after: cursorOf(z.array(Version), 'The `next` of an earlier reply; absent for the beginning.').optional(),
  type: z.enum(EVENT_TYPE_NAMES).optional(),
  aggregateType: z.enum(AGGREGATE_TYPES).optional(),
  aggregateId: AggregateId.optional(),
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
      'between aggregates. A page may hold fewer than `limit`: events may be large, and of what is rare only so many are ' +
      'looked through for one page, which may then be empty. `more` says whether to go on at once; where it is false, `next` is ' +
      'the end for now. Without `type`, `aggregateType`, `from` and `to` an empty page is always the end. ' +
      'From the read model, which follows the logs within seconds. Who is confined to some accounts is given the ' +
      'events of those; of one that was granted later those after the cursor, which is a place among the events of all: what came ' +
      "before is in the account's own log.",
    query: FeedQuery,
    success: {
      status: 200,
      description: 'A page of events.',
      schema: EventsReply,
      headers: ['X-View-Stale-Since'],
    },
  },
  async (c, { query }) => {
    const { events: page, next, more, staleSince } = await feedPage(c, query);
    const reply = { events: page.map(envelopeOf), next: encodeCursor(next), more };
    return c.json(reply, 200, staleHeader(staleSince));
  },
);

/** A page of the feed, as far as the caller may see it. */
export async function feedPage(
  c: Context<HttpEnv>,
  { after = [], from, to, ...filter }: z.output<typeof FeedQuery>,
): Promise<{ events: FeedEvent[]; next: FeedCursor; more: boolean; staleSince: number | undefined }> {
  const accounts = selectedAccounts(c, 'getEvents');
  const { aggregateId } = filter;
  const isOne = aggregateId !== undefined && (accounts?.has(aggregateId) ?? true);
  const [page, staleSince] = await Promise.all([
    readFeed(viewDatabases(c.env), after, {
      ...filter,
      accounts,
      withheld: accounts === undefined ? withheldTypes(c.get('principal')) : [],
      from: from === undefined ? undefined : Date.parse(from),
      to: to === undefined ? undefined : Date.parse(to),
    }),
    isOne ? journalStaleSince(c.env, aggregateId) : undefined,
  ]);
  return { ...page, staleSince };
}

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

function journalStaleSince(env: Env, aggregateId: string): Promise<number | undefined> {
  const databases = viewDatabases(env);
  const database = databases[partOf(aggregateId, databases.length)] as D1Database;
  return readStaleSince(database, 'journal', aggregateId);
}

export const events: readonly Route[] = [getEvents, getEventTypes];

/** The envelope with its data and metadata as they were stored: canonical texts survive being parsed. */
export function envelopeOf({ aggregateType, aggregateId, previousHash, event }: FeedEvent) {
  const { version, eventType, schemaVersion, recordedAt, data, metadata, hash } = event;
  return {
    eventId: eventIdText(hash),
    aggregateType,
    aggregateId,
    version,
    eventType,
    schemaVersion,
    recordedAt: new Date(recordedAt).toISOString(),
    data,
    metadata,
    previousHash,
    hash,
  };
}
