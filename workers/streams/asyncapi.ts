/** The AsyncAPI 3 description of the stream, made from the schemas that parse what clients send and judge what they get. */
import { z } from 'zod';
import { jsonSchemaOf } from '../../schemas/jsonSchema.ts';
import { BATCH_COMMANDS } from '../http/batch.ts';
import { FRAME_EXAMPLES } from './examples.ts';
import { CLIENT_FRAMES, SERVER_FRAMES } from './frames.ts';

type FrameType = keyof typeof CLIENT_FRAMES | keyof typeof SERVER_FRAMES;

/** What each frame is for, in one line. */
const SUMMARIES: Readonly<Record<FrameType, string>> = {
  commands: 'Runs commands, as `POST /v1/commands` does.',
  subscribe: 'Begins a subscription after a version, or from now on.',
  unsubscribe: 'Ends a subscription.',
  receipt: 'Everything up to a `receiptRequested` has been taken in.',
  welcome: 'The first frame of a connection.',
  results: 'What became of the commands of a frame, in the order given.',
  subscribed: 'The subscription has begun.',
  events: 'Events of a subscription, each once and in order.',
  portfolio: 'The account as it is now.',
  unsubscribed: 'Nothing more comes of the subscription.',
  ended: 'The server had to end a subscription; it can go on from `version`.',
  receiptRequested: 'Asks how far the receiver has come.',
  error: 'A frame was refused; the connection goes on.',
};

/** Commands as they are described; in the frame that is parsed each is checked by itself. */
const DescribedCommands = CLIENT_FRAMES.commands.extend({
  commands: z.array(z.union([...BATCH_COMMANDS.values()])).min(1),
});

const ref = (path: string) => ({ $ref: `#/${path}` });

/** Where a stream is. */
export interface StreamServer {
  /** A host, and its port where that is not the protocol's own. */
  readonly host: string;
  readonly protocol: 'ws' | 'wss';
  readonly description: string;
}

/** Where the stream of a fresh local server is: what a description says that no server has sent. */
export const LOCAL_SERVER: StreamServer = {
  host: 'localhost:8787',
  protocol: 'ws',
  description: 'A local server. The description that a server sends names that server.',
};

/** The server that a request for its description was sent to: `host` may not be relative, as a URL of OpenAPI is. */
export function askedServer(requestUrl: string): StreamServer {
  const { host, protocol } = new URL(requestUrl);
  return { host, protocol: protocol === 'https:' ? 'wss' : 'ws', description: 'The server that sent this.' };
}

/** The document for a server's stream. */
export function asyncApiDocument(server: StreamServer) {
  const schemas: Record<string, unknown> = {};
  const messages: Record<string, unknown> = {};
  const described = { ...CLIENT_FRAMES, commands: DescribedCommands };
  for (const [type, schema] of Object.entries(described))
    messages[type] = message(type, schema, 'input', schemas);
  for (const [type, schema] of Object.entries(SERVER_FRAMES)) {
    messages[type] = message(type, schema, 'output', schemas);
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Folio streams',
      version: '1',
      description:
        'Commands and subscriptions over one WebSocket. Frames are JSON texts. How they are used is told in docs/streams.md.',
      license: { name: 'Proprietary' },
    },
    defaultContentType: 'application/json',
    servers: {
      here: { ...server, security: [ref('components/securitySchemes/token')] },
    },
    channels: {
      stream: {
        address: '/v1/stream',
        description: 'One connection: commands in, results and subscriptions out.',
        messages: Object.fromEntries(
          Object.keys(messages).map((type) => [type, ref(`components/messages/${type}`)]),
        ),
        bindings: { ws: { method: 'GET' } },
      },
    },
    operations: {
      take: {
        action: 'receive',
        summary: 'What clients send.',
        channel: ref('channels/stream'),
        messages: Object.keys(CLIENT_FRAMES).map((type) => ref(`channels/stream/messages/${type}`)),
      },
      send: {
        action: 'send',
        summary: 'What clients are sent.',
        channel: ref('channels/stream'),
        messages: Object.keys(SERVER_FRAMES).map((type) => ref(`channels/stream/messages/${type}`)),
      },
    },
    components: {
      messages,
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

/** One message; schemas that have a name of their own go to `named`. */
function message(
  type: string,
  schema: z.ZodType,
  io: 'input' | 'output',
  named: Record<string, unknown>,
): Record<string, unknown> {
  const { $schema: _, $defs = {}, ...payload } = jsonSchemaOf(schema, io);
  for (const [name, definition] of Object.entries($defs)) named[name] = withRefs(definition);
  return {
    name: type,
    title: type,
    summary: SUMMARIES[type as FrameType],
    payload: withRefs(payload),
    examples: [{ payload: FRAME_EXAMPLES[type as FrameType] }],
  };
}

/** A schema with its references as they are in the document. */
function withRefs(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withRefs);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== 'id' || typeof (schema as { id: unknown }).id !== 'string')
      .map(([key, value]) => [
        key,
        key === '$ref' && typeof value === 'string'
          ? value.replace('#/$defs/', '#/components/schemas/')
          : withRefs(value),
      ]),
  );
}
