/**
 * What is said on a stream, in both directions: JSON texts, each an object with a `type`. These schemas parse what clients
 * send, judge in tests what they are sent, and become docs/generated/asyncapi.json.
 */
import { z } from 'zod';
import { AGGREGATE_TYPES } from '../../schemas/aggregates.ts';
import { EventEnvelope } from '../../schemas/envelope.ts';
import { AggregateId, Id, UtcTime, Version } from '../../schemas/scalars.ts';
import { RequestFault } from '../http/problem.ts';
import { AccountReply, BatchReply } from '../http/replies.ts';
import { CALL_COMMANDS_MAX } from '../http/runBatch.ts';

/** Bytes of a frame from a client: what it holds is parsed at once, in one turn of a hub that others share. */
export const FRAME_BYTES_MAX = 1024 * 1024;

/** Commands of a frame: as many as go to one aggregate in one call, so that frames run in the order in which they came. */
export const FRAME_COMMANDS_MAX = CALL_COMMANDS_MAX;

/** Chosen by the client; what answers a frame or belongs to a subscription has the same. */
const FrameId = Id.meta({ description: 'Chosen by the client; answers carry it.' });

const CorrelationId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
  .meta({ description: 'Stored in every event that the commands cause; absent: that of the connection.' });

/** Commands, as in `POST /v1/commands`. Each is checked in its place, so that a bad one stops nothing. */
const CommandsFrame = z.strictObject({
  type: z.literal('commands'),
  id: FrameId,
  correlationId: CorrelationId.optional(),
  afterRefusal: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({
      description:
        'The last `refusal` that the client has had on this connection, 0 before any: where another was sent since, the frame is ' +
        'refused as well, so that it does not overtake what it was sent after. Absent: it is run all the same.',
    }),
  commands: z.array(z.unknown()).min(1, 'must have at least one command').max(FRAME_COMMANDS_MAX),
});

/** What can be subscribed to. */
export const TOPIC_NAMES = ['events', 'portfolio'] as const;
export type TopicName = (typeof TOPIC_NAMES)[number];

/** A subscription: from the version that the client has seen, else from now on. */
const SubscribeFrame = z.strictObject({
  type: z.literal('subscribe'),
  id: FrameId,
  topic: z.enum(TOPIC_NAMES),
  aggregateType: z.enum(AGGREGATE_TYPES),
  aggregateId: AggregateId,
  afterVersion: Version.optional().meta({
    description:
      'The last version that the client has: what comes after it is sent. 0: everything. Absent: from now on.',
  }),
});
/** A client's wish for a subscription. */
export type SubscribeFrame = z.infer<typeof SubscribeFrame>;

const UnsubscribeFrame = z.strictObject({ type: z.literal('unsubscribe'), id: FrameId });

/** Says that everything up to a `receiptRequested` has been taken in. */
const ReceiptFrame = z.strictObject({ type: z.literal('receipt'), receipt: z.number().int().min(1) });

/** Frames from clients, by type. */
export const CLIENT_FRAMES = {
  commands: CommandsFrame,
  subscribe: SubscribeFrame,
  unsubscribe: UnsubscribeFrame,
  receipt: ReceiptFrame,
} as const;

/** A frame from a client. */
export type ClientFrame = {
  [Type in keyof typeof CLIENT_FRAMES]: z.infer<(typeof CLIENT_FRAMES)[Type]>;
}[keyof typeof CLIENT_FRAMES];

const PresentVersion = Version.min(1);
const Bytes = z.number().int().min(1);

/** The first frame of a connection. */
const WelcomeFrame = z.strictObject({
  type: z.literal('welcome'),
  connectionId: z.string(),
  correlationId: z.string(),
  endsAt: UtcTime.meta({ description: 'The connection ends then: connect again with a fresh token.' }),
  limits: z.strictObject({
    frameBytes: Bytes,
    frameCommands: Bytes,
    commandsInFlight: Bytes,
    subscriptions: Bytes,
    unconfirmedBytes: Bytes,
  }),
});

const ResultsFrame = z.strictObject({ type: z.literal('results'), id: FrameId, ...BatchReply.shape });

const SubscribedFrame = z.strictObject({
  type: z.literal('subscribed'),
  id: FrameId,
  afterVersion: Version.meta({ description: 'What is sent begins after this version.' }),
  version: Version.meta({
    description: 'The newest version now: with it the subscription is live. 0: the saga has not begun yet.',
  }),
});

const EventsFrame = z.strictObject({
  type: z.literal('events'),
  id: FrameId,
  version: PresentVersion.meta({
    description: 'Of the last event: subscribe with it as `afterVersion` to go on.',
  }),
  events: z.array(EventEnvelope).min(1),
});

const PortfolioFrame = z.strictObject({
  type: z.literal('portfolio'),
  id: FrameId,
  version: PresentVersion.meta({ description: 'The version of the account that is shown.' }),
  portfolio: AccountReply,
});

const UnsubscribedFrame = z.strictObject({ type: z.literal('unsubscribed'), id: FrameId });

/** The subscription is over, and nothing was lost: everything up to `version` has been sent. */
const EndedFrame = z.strictObject({
  type: z.literal('ended'),
  id: FrameId,
  code: z.string(),
  detail: z.string(),
  version: Version,
});

const ReceiptRequestedFrame = z.strictObject({
  type: z.literal('receiptRequested'),
  receipt: Bytes.meta({ description: 'To be sent back in a `receipt`.' }),
});

const ErrorFrame = z.strictObject({
  type: z.literal('error'),
  id: FrameId.nullable().meta({
    description: 'Of the frame that was refused; null where it had none that can be told.',
  }),
  code: z.string().meta({ description: 'As in problem details.' }),
  detail: z.string(),
  errors: z
    .array(RequestFault)
    .optional()
    .meta({ description: 'With `invalid_request`: every fault found.' }),
  retryAfterSeconds: z.number().int().min(1).optional().meta({
    description: 'With `rate_limited`: when the next window begins, as `Retry-After` says over HTTP.',
  }),
  refusal: z.number().int().min(1).optional().meta({
    description:
      'Of a frame of commands with which nothing was begun, and which may be sent again: how many there were on this connection.',
  }),
});

/** Frames to clients, by type. */
export const SERVER_FRAMES = {
  welcome: WelcomeFrame,
  results: ResultsFrame,
  subscribed: SubscribedFrame,
  events: EventsFrame,
  portfolio: PortfolioFrame,
  unsubscribed: UnsubscribedFrame,
  ended: EndedFrame,
  receiptRequested: ReceiptRequestedFrame,
  error: ErrorFrame,
} as const;

/** A frame to a client. */
export type ServerFrame = {
  [Type in keyof typeof SERVER_FRAMES]: z.infer<(typeof SERVER_FRAMES)[Type]>;
}[keyof typeof SERVER_FRAMES];
