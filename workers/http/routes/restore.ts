/**
 * Putting logs back from the archive, for administrators of an environment that was opened for it. Logs are filled first, all of
 * them, and let go afterwards: until then nothing happens in them.
 */
import { z } from 'zod';
import type { LogStanding, RestoreAnswer } from '../../../actors/kernel/restoration.ts';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { HashText, Metadata } from '../../../schemas/envelope.ts';
import { AggregateId, UtcTime, Version } from '../../../schemas/scalars.ts';
import { receiverOf } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { forgetTold } from '../../sagas.ts';
import { BATCH_BYTES_MAX } from '../body.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { QueryVersion } from '../query.ts';

/** Events of one request: an actor hashes and folds them in one turn, which takes some 20 ms. */
const EVENTS_MAX = 1_000;

const Params = z.strictObject({ aggregateType: z.string(), id: AggregateId });

const Version1 = Version.min(1);

/** An event as the archive has it. */
const RestoredEvent = z.strictObject({
  version: Version1,
  eventType: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  schemaVersion: z.number().int().min(1),
  recordedAt: UtcTime,
  data: z.record(z.string(), z.unknown()),
  metadata: Metadata,
  hash: HashText,
  fingerprint: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional()
    .meta({
      description:
        'On the first event of a command: what a repeat must have in common with it, up to 2^53 in digits.',
    }),
});

const RestoreEventsBody = z.strictObject({
  previousHash: HashText.meta({
    description: 'Hash of the event before the first one; 64 zeros before version 1.',
  }),
  events: z.array(RestoredEvent).min(1).max(EVENTS_MAX),
});

const Holder = z.number().int().min(2).max(Number.MAX_SAFE_INTEGER).optional();

const HoldBody = z
  .strictObject({
    version: Version1,
    hash: HashText,
    holder: Holder.meta({
      description:
        'A number of whoever holds it, drawn at random, by which it can be given up though another holds it as well.',
    }),
  })
  .meta({ description: 'The newest event that the log has.' });

const ReleaseBody = z
  .strictObject({
    version: Version1,
    hash: HashText,
    holder: Holder.meta({
      description: 'This one gives it up: it stays held, as it is, while another holds it. Absent: all do.',
    }),
  })
  .meta({ description: 'The newest event that the log must have.' });

/** How a log stands. */
export const RestorationReply = z.strictObject({
  head: Version.meta({ description: 'Its newest event; 0 where there is none.' }),
  version: Version.meta({ description: 'The version asked for; the newest where none was.' }),
  hash: HashText.nullable().meta({
    description: 'Hash of its event; null where the log does not go so far.',
  }),
  restoring: z.boolean().meta({ description: 'Whether it is held for events that are still to come.' }),
});

const CLOSED = 'This environment is not open for restoring: RESTORE is not set to "open".';

const getRestoration = route(
  {
    method: 'get',
    path: '/v1/restore/{aggregateType}/{id}',
    operationId: 'getRestoration',
    tag: 'Restore',
    summary: 'How a log stands',
    params: Params,
    query: z.strictObject({ version: QueryVersion.optional() }),
    success: { status: 200, description: 'Its head, and the hash of one event.', schema: RestorationReply },
    problems: ['restore_closed', 'aggregate_not_found'],
  },
  async (c, { params, query: { version } }) =>
    c.json(standingOf(await openActor(c.env, params).standing(version))),
);

const holdForRestoring = route(
  {
    method: 'post',
    path: '/v1/restore/{aggregateType}/{id}/hold',
    operationId: 'holdForRestoring',
    tag: 'Restore',
    summary: 'Hold a log that has lost its end',
    description:
      'It must end with this event, of which the copy says how it went on. From then on it is held like one that is being ' +
      'filled, and can be filled up; released with this same event, it goes on from there instead.',
    params: Params,
    body: HoldBody,
    success: { status: 200, description: 'How the log stands now.', schema: RestorationReply },
    problems: ['restore_closed', 'aggregate_not_found', 'log_differs', 'log_gap'],
  },
  async (c, { params, body: { version, hash, holder } }) =>
    c.json(answered(await openActor(c.env, params).hold(version, hash, holder))),
);

const restoreEvents = route(
  {
    method: 'post',
    path: '/v1/restore/{aggregateType}/{id}',
    operationId: 'restoreEvents',
    tag: 'Restore',
    summary: 'Fill a log with events that it had before',
    description:
      'What the log has of them must be the same, and is left as it is; what it lacks must follow on its head. The log is ' +
      'then held until it is released: every other request about the aggregate is answered 503 `unavailable`.',
    params: Params,
    body: RestoreEventsBody,
    bodyBytes: BATCH_BYTES_MAX,
    success: { status: 200, description: 'How the log stands now.', schema: RestorationReply },
    problems: [
      'restore_closed',
      'aggregate_not_found',
      'log_in_use',
      'log_differs',
      'log_gap',
      'event_altered',
      'event_unknown',
    ],
  },
  async (c, { params, body: { previousHash, events } }) => {
    const published = events.map(({ recordedAt, fingerprint, ...event }) => ({
      ...event,
      recordedAt: Date.parse(recordedAt),
      ...(fingerprint === undefined ? {} : { fingerprint: Number(fingerprint) }),
    }));
    return c.json(answered(await openActor(c.env, params).restore({ previousHash, events: published })));
  },
);

const releaseRestored = route(
  {
    method: 'post',
    path: '/v1/restore/{aggregateType}/{id}/release',
    operationId: 'releaseRestored',
    tag: 'Restore',
    summary: 'Let a log go that was filled',
    description:
      'Its newest event must be this one. It announces everything to the views and to the sagas, and goes on with whatever ' +
      'timers and effects its state wants.',
    params: Params,
    body: ReleaseBody,
    success: { status: 200, description: 'How the log stands now.', schema: RestorationReply },
    problems: ['restore_closed', 'aggregate_not_found', 'log_differs', 'log_gap'],
  },
  async (c, { params, body: { version, hash, holder } }) => {
    const actor = openActor(c.env, params);
    // Sagas may have heard of what the log had lost: what comes next in its place is news to them all the same. Of one that was
    // complete, which is most of them where logs are filled up in place, they know.
    const { restoring } = await actor.standing();
    if (restoring) await forgetTold(c.env, { aggregateType: params.aggregateType, aggregateId: params.id });
    return c.json(answered(await actor.release(version, hash, holder)));
  },
);

/** Every route that restores. */
export const restore: readonly Route[] = [getRestoration, holdForRestoring, restoreEvents, releaseRestored];

/** Refuses whatever restores where the environment was not opened for it. */
export function requireOpen(env: Env): void {
  if (env.RESTORE !== 'open') throw new ProblemError({ code: 'restore_closed', detail: CLOSED });
}

function openActor(env: Env, { aggregateType: type, id: aggregateId }: z.output<typeof Params>) {
  requireOpen(env);
  const aggregateType = AGGREGATE_TYPES.find((known) => known === type);
  if (aggregateType === undefined)
    throw new ProblemError({ code: 'aggregate_not_found', detail: 'There are no aggregates of this type.' });
  return receiverOf(env, { aggregateType, aggregateId });
}

function answered(answer: RestoreAnswer) {
  if (!answer.ok) throw new ProblemError({ code: answer.code, detail: answer.detail });
  return standingOf(answer);
}

function standingOf({ head, version, hash, restoring }: LogStanding): z.output<typeof RestorationReply> {
  return { head, version, hash, restoring };
}
