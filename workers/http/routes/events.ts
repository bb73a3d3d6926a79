/** The feed across aggregates, and what event types there are. */
import { Hono } from 'hono';
import { z } from 'zod';
import { eventIdText, GENESIS_HASH_TEXT } from '../../../schemas/eventId.ts';
import { eventTypes } from '../../../schemas/eventTypes.ts';
import { Id, Time, Version } from '../../../schemas/scalars.ts';
import { AGGREGATE_TYPES } from '../../aggregates.ts';
import { viewDatabases } from '../../env.ts';
import { type FeedRow, readFeed } from '../../reads/feed.ts';
import { parseQuery } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { PageLimit } from '../query.ts';

export const FeedQuery = z.strictObject({
  after: cursorOf(z.array(Version)).optional(),
  type: z.string().max(128).optional(),
  aggregateType: z.enum(AGGREGATE_TYPES).optional(),
  aggregateId: Id.optional(),
  from: Time.optional(),
  to: Time.optional(),
  limit: PageLimit,
});

export const events = new Hono<HttpEnv>();

events.get('/events', async (c) => {
  const { after = [], from, to, ...filter } = parseQuery(c, FeedQuery);
  const { rows, next } = await readFeed(viewDatabases(c.env), after, {
    ...filter,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
  });
  return c.body(`{"events":[${rows.map(envelopeText).join(',')}],"next":"${encodeCursor(next)}"}`, 200, {
    'Content-Type': 'application/json',
  });
});

events.get('/event-types', (c) => c.json({ eventTypes }));

/** The envelope with its data and metadata as they were stored, so that its hash can be checked. */
function envelopeText(row: FeedRow): string {
  return (
    `{"eventId":"${eventIdText(row.hash)}","aggregateType":"${row.aggregateType}","aggregateId":"${row.aggregateId}"` +
    `,"version":${row.version},"eventType":"${row.eventType}","schemaVersion":${row.schemaVersion}` +
    `,"recordedAt":"${new Date(row.recordedAt).toISOString()}","data":${row.data},"metadata":${row.metadata}` +
    `,"previousHash":"${row.previousHash ?? GENESIS_HASH_TEXT}","hash":"${row.hash}"}`
  );
}
