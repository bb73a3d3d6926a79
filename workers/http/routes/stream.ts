/** Streams (docs/streams.md): one WebSocket for commands and subscriptions, and subscriptions by Server-Sent Events. */
import { z } from 'zod';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { AggregateId } from '../../../schemas/scalars.ts';
import { askedServer, asyncApiDocument } from '../../streams/asyncapi.ts';
import { eventStream } from '../../streams/eventStream.ts';
import { TOPIC_NAMES } from '../../streams/frames.ts';
import { offeredProtocols, openSocket } from '../../streams/handshake.ts';
import { type FrameError, problemOf } from '../../streams/incoming.ts';
import { EVENT_STREAM_HEADERS } from '../../streams/sse.ts';
import { type Route, route } from '../operation.ts';
import { invalidRequest, ProblemError } from '../problem.ts';
import { QueryVersion } from '../query.ts';

const openStream = route(
  {
    method: 'get',
    path: '/v1/stream',
    operationId: 'openStream',
    tag: 'Stream',
    summary: 'Open a WebSocket for commands and subscriptions',
    description:
      'Frames are JSON texts, described by `GET /asyncapi.json`. Browsers, which cannot set headers, offer the ' +
      'subprotocols `folio.v1` and `bearer.<token>`.',
    success: { status: 101, description: 'The socket is open; its first frame is `welcome`.' },
    problems: ['upgrade_required'],
  },
  async (c) => {
    if (c.req.header('Upgrade')?.toLowerCase() !== 'websocket') {
      const detail = 'The stream is a WebSocket: ask for it with Upgrade: websocket.';
      throw new ProblemError({ code: 'upgrade_required', detail, headers: { Upgrade: 'websocket' } });
    }
    const answer = await openSocket(c.env, offeredProtocols(c.req.header('Sec-WebSocket-Protocol')), {
      ...c.get('caller'),
      correlationId: c.get('correlationId'),
    });
    if (answer.status === 101) return answer;
    throw noMoreConnections();
  },
);

/** The header with which a reader of events says how far it has come. */
const LAST_EVENT_ID = 'Last-Event-ID';

/** Which subscription is wanted, and from where on. */
export const EventStreamQuery = z.strictObject({
  topic: z.enum(TOPIC_NAMES).default('events'),
  afterVersion: QueryVersion.optional().meta({
    description:
      'The last version that the client has; 0: everything; absent: from now on. `Last-Event-ID` takes precedence.',
  }),
});

const EventStreamHeaders = z.object({
  [LAST_EVENT_ID]: QueryVersion.optional().meta({
    param: { id: 'LastEventId' },
    description:
      'The id of the last event that the client has, as browsers send it: what comes after it is sent first.',
  }),
});

const EventStreamParams = z.strictObject({ aggregateType: z.enum(AGGREGATE_TYPES), id: AggregateId });

const openEventStream = route(
  {
    method: 'get',
    path: '/v1/stream/{aggregateType}/{id}',
    operationId: 'openEventStream',
    tag: 'Stream',
    summary: 'Follow an aggregate by Server-Sent Events',
    description:
      'The frames of a subscription, one an event, as `GET /asyncapi.json` describes them. The id of each is its ' +
      'version: a browser that connects again sends the last one as `Last-Event-ID`, and goes on after it.',
    params: EventStreamParams,
    query: EventStreamQuery,
    ownHeaders: EventStreamHeaders,
    success: { status: 200, description: 'Events, as they come.', mediaType: 'text/event-stream' },
    problems: ['aggregate_not_found'],
  },
  async (c, { params: { aggregateType, id: aggregateId }, query: { topic, afterVersion } }) => {
    // Before a socket is opened that nobody would close.
    const lastId = lastEventId(c.req.header(LAST_EVENT_ID));
    const { webSocket } = await openSocket(c.env, [], {
      ...c.get('caller'),
      correlationId: c.get('correlationId'),
    });
    if (webSocket === null) throw noMoreConnections();
    const after = lastId ?? afterVersion;
    const opened = await eventStream(webSocket, {
      topic,
      aggregateType,
      aggregateId,
      ...(after === undefined ? {} : { afterVersion: after }),
    });
    if (!opened.ok)
      throw refusedAs(opened.error, lastId === undefined ? {} : { afterVersion: LAST_EVENT_ID });
    return c.body(opened.body, 200, EVENT_STREAM_HEADERS);
  },
);

/** A browser sends the id of the last event as it was; what is none is a fault. */
function lastEventId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const parsed = QueryVersion.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalidRequest([{ path: LAST_EVENT_ID, message: 'must be a version' }]);
}

/** A frame's error as the problem that it is over HTTP, where some of its fields may have `sentAs` another name. */
function refusedAs(error: FrameError, sentAs: Readonly<Record<string, string>>): ProblemError {
  const { errors } = error;
  if (errors === undefined) return new ProblemError(problemOf(error));
  return invalidRequest(errors.map(({ path, message }) => ({ path: sentAs[path] ?? path, message })));
}

function noMoreConnections(): ProblemError {
  return new ProblemError({ code: 'unavailable', detail: 'No more connections are taken now.' });
}

/** What the last one to ask was sent. Made on demand: few isolates are ever asked, and hardly one by two names. */
let lastAsyncApi: { readonly origin: string; readonly text: string } | undefined;

const getAsyncApi = route(
  {
    method: 'get',
    path: '/asyncapi.json',
    operationId: 'getAsyncApi',
    tag: 'Service',
    summary: 'The description of the stream',
    success: { status: 200, description: 'An AsyncAPI 3.0 document.' },
  },
  (c) => {
    const { origin } = new URL(c.req.url);
    if (lastAsyncApi?.origin !== origin) {
      lastAsyncApi = { origin, text: JSON.stringify(asyncApiDocument(askedServer(origin))) };
    }
    return c.body(lastAsyncApi.text, 200, { 'Content-Type': 'application/json' });
  },
);

export const stream: readonly Route[] = [openStream, openEventStream, getAsyncApi];
