/** Everything parked, for operators: what waits and why, and letting it go on. */
import type { Context } from 'hono';
import { z } from 'zod';
import { EventEnvelope } from '../../../schemas/envelope.ts';
import { AggregateId, UtcTime, Version } from '../../../schemas/scalars.ts';
import { ownerOf } from '../../aggregates.ts';
import { PARKED_KINDS, type ParkedItem } from '../../parked/item.ts';
import { Parked } from '../../parked/parked.ts';
import { WORKING_CALL_MS, workingCall } from '../../workingCall.ts';
import { commandContext } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { PageLimit } from '../query.ts';

/** Events shown before and after the first one that waits. */
const EVENTS_AROUND = 3;

/** `kind.where.aggregate type.aggregate id`, or for a text that names no aggregate `message.<group>.text.<id>`. */
const PARKED_ID = /^(message|saga|view)\.[A-Za-z_-]{1,32}\.[A-Za-z_-]{1,32}\.[A-Za-z0-9_-]{1,96}$/;

/** The id of a parked thing. */
export const ParkedId = z.string().regex(PARKED_ID, 'must be the id of a parked thing').meta({
  title: 'ParkedId',
  description: 'Names what is parked: its kind, where it is parked, and the aggregate.',
});

const Kind = z.enum(PARKED_KINDS);
const Where = z.string().regex(/^[A-Za-z_-]{1,32}$/, 'must be 1 to 32 characters of A-Z, a-z, _ and -');

/** Which parked things are wanted. */
export const ParkedQuery = z.strictObject({
  kind: Kind.optional().meta({
    description:
      '`message`: dead letters. `saga`: sagas that can be neither finished nor undone. `view`: aggregates with an event ' +
      'that a view cannot take.',
  }),
  where: Where.optional().meta({
    description: 'The consumer group, the definition of the saga or the view.',
  }),
  limit: PageLimit,
  cursor: cursorOf(ParkedId, 'The `nextCursor` of the page before.').optional(),
});

/** Which to try again; all of them where nothing is said. */
export const RetryAllBody = z.strictObject({
  kind: Kind.optional(),
  where: Where.optional(),
  cursor: cursorOf(
    z.strictObject({ after: z.string().max(256), resuming: ParkedId.nullable() }),
    'The `nextCursor` of the call before, to go on where it ended.',
  ).optional(),
});

const ParkedThing = z
  .strictObject({
    id: ParkedId,
    kind: Kind,
    where: Where,
    aggregateType: z.string().nullable(),
    aggregateId: AggregateId.nullable(),
    fromVersion: Version.nullable().meta({ description: 'The first version that waits.' }),
    toVersion: Version.nullable().meta({
      description: 'The last one; null where everything after the first one waits.',
    }),
    reason: z.string().meta({ description: 'What the last attempt failed with.' }),
    parkedAt: UtcTime,
  })
  .meta({ id: 'ParkedThing' });

const Unanswered = z
  .array(Kind)
  .meta({ description: 'Kinds that could not be asked now, and are missing here.' });

/** A page of parked things. */
export const ParkedReply = z.strictObject({
  parked: z.array(ParkedThing),
  nextCursor: z.string().nullable(),
  unanswered: Unanswered,
});

/** A parked thing and what is around it. */
export const ParkedDetailReply = z.strictObject({
  parked: ParkedThing,
  head: Version.nullable().meta({ description: 'How far the log goes.' }),
  events: z.array(EventEnvelope).meta({
    description: `The first event that waits, with up to ${EVENTS_AROUND} before it and after it.`,
  }),
  text: z.string().nullable().meta({ description: 'What was sent, where it names no aggregate.' }),
});

/** What trying one again came to. */
export const RetriedReply = z.strictObject({
  id: ParkedId,
  status: z.enum(['RESUMED', 'RESUMING', 'PARKED']),
  version: Version.nullable().meta({ description: 'How far it has come.' }),
  reason: z.string().nullable().meta({ description: 'What it failed with this time.' }),
});

/** What trying all of them again came to. */
export const RetriedAllReply = z.strictObject({
  resumed: z.number().int(),
  stillParked: z.number().int(),
  unanswered: Unanswered,
  nextCursor: z.string().nullable().meta({ description: 'Where the next call goes on; null at the end.' }),
});

const IdParams = z.strictObject({ id: ParkedId });

const listParked = route(
  {
    method: 'get',
    path: '/v1/parked',
    operationId: 'listParked',
    tag: 'Parked',
    summary: 'Everything that waits for an operator',
    query: ParkedQuery,
    success: { status: 200, description: 'A page, in the order of ids.', schema: ParkedReply },
  },
  async (c, { query: { kind, where, limit, cursor = '' } }) => {
    const all = parkedOf(c);
    const { items, unanswered } = await all.list({ kind, where }, cursor, limit + 1);
    const page = items.slice(0, limit);
    const nextCursor = items.length > limit ? encodeCursor(page.at(-1)?.id) : null;
    return c.json({ parked: page.map(thingReply), nextCursor, unanswered });
  },
);

const getParked = route(
  {
    method: 'get',
    path: '/v1/parked/{id}',
    operationId: 'getParked',
    tag: 'Parked',
    summary: 'One parked thing, with the events around it',
    params: IdParams,
    success: { status: 200, description: 'Why it waits, and where.', schema: ParkedDetailReply },
    problems: ['parked_not_found'],
  },
  async (c, { params: { id } }) => {
    const item = await parkedOf(c).find(id);
    if (item === undefined) throw notParked(id);
    const { aggregate, fromVersion, text } = item;
    const owner = aggregate && ownerOf(c.env, aggregate);
    const first = Math.max(1, (fromVersion ?? 1) - EVENTS_AROUND);
    const last = (fromVersion ?? 1) + EVENTS_AROUND;
    const [head, events] = await Promise.all([owner?.head() ?? null, owner?.events(first, last - first + 1)]);
    return c.json({ parked: thingReply(item), head, events: JSON.parse(events ?? '[]'), text });
  },
);

const BOUNDED =
  `A call works for about ${WORKING_CALL_MS / 1_000} seconds; repeat it while it answers 202. What it has done by then ` +
  'stays done, also where it is cut off.';

const retryParked = route(
  {
    method: 'post',
    path: '/v1/parked/{id}/retry',
    operationId: 'retryParked',
    tag: 'Parked',
    summary: 'Try a parked thing again, and replay what waits behind it',
    description: `From the log of its owner, once whatever was wrong is mended. ${BOUNDED}`,
    params: IdParams,
    success: {
      status: 200,
      description: 'It goes on, or is `PARKED` again with a reason.',
      unfinished: '`RESUMING`: there is more behind it. Send the request again.',
      schema: RetriedReply,
    },
    problems: ['parked_not_found'],
  },
  async (c, { params: { id } }) => {
    const retried = await parkedOf(c).retry(id, workingCall());
    if (retried === undefined) throw notParked(id);
    const { status, version, reason } = retried;
    return c.json({ id, status, version, reason }, status === 'RESUMING' ? 202 : 200);
  },
);

const retryAllParked = route(
  {
    method: 'post',
    path: '/v1/parked/retry',
    operationId: 'retryAllParked',
    tag: 'Parked',
    summary: 'Try everything parked again',
    description: `One after another, in the order of the list; what fails again stays parked. ${BOUNDED}`,
    body: RetryAllBody,
    success: {
      status: 200,
      description: 'All of them were tried.',
      unfinished: 'There are more: send the request again with `nextCursor` as `cursor`.',
      schema: RetriedAllReply,
    },
  },
  async (c, { body: { kind, where, cursor = { after: '', resuming: null } } }) => {
    const parked = parkedOf(c);
    const { next, ...counts } = await parked.retryAll({ kind, where }, cursor, workingCall());
    const nextCursor = next && encodeCursor(next);
    return c.json({ ...counts, nextCursor }, next === null ? 200 : 202);
  },
);

export const parked: readonly Route[] = [listParked, getParked, retryAllParked, retryParked];

function parkedOf(c: Context<HttpEnv>): Parked {
  return new Parked(c.env, c.get('logger'), commandContext(c));
}

function notParked(id: string): ProblemError {
  return new ProblemError({ code: 'parked_not_found', detail: `Nothing is parked as ${id}.` });
}

function thingReply({ aggregate, parkedAt, text: _, ...item }: ParkedItem): z.input<typeof ParkedThing> {
  return {
    ...item,
    aggregateType: aggregate?.aggregateType ?? null,
    aggregateId: aggregate?.aggregateId ?? null,
    parkedAt: new Date(parkedAt).toISOString(),
  };
}
