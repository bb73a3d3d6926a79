/** `GET /v1/stream`: one WebSocket for commands and subscriptions (docs/streams.md). */
import { asyncApiDocument } from '../../streams/asyncapi.ts';
import { offeredProtocols, openSocket } from '../../streams/handshake.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';

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
    throw new ProblemError({ code: 'unavailable', detail: 'No more connections are taken now.' });
  },
);

let asyncApiText: string | undefined;

/** Made on first demand: few isolates are ever asked. */
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
    asyncApiText ??= JSON.stringify(asyncApiDocument());
    return c.body(asyncApiText, 200, { 'Content-Type': 'application/json' });
  },
);

export const stream: readonly Route[] = [openStream, getAsyncApi];
