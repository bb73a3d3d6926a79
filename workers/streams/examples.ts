/** One frame of each type, for the description of the stream. A test holds them against the schemas. */
import { EXAMPLES } from '../http/openapi/examples.ts';
import type { CLIENT_FRAMES, SERVER_FRAMES } from './frames.ts';

const reply = (operationId: string) =>
  (EXAMPLES[operationId]?.reply ?? {}) as Readonly<Record<string, never>>;
const batch = EXAMPLES.runCommands?.request?.['application/json'] as {
  readonly commands: readonly unknown[];
};

/** Examples by type of frame. */
export const FRAME_EXAMPLES: Readonly<
  Record<keyof typeof CLIENT_FRAMES | keyof typeof SERVER_FRAMES, object>
> = {
  commands: { type: 'commands', id: 'frame-1', commands: batch.commands },
  subscribe: {
    type: 'subscribe',
    id: 'events-1',
    topic: 'events',
    aggregateType: 'account',
    aggregateId: 'acc-1',
    afterVersion: 0,
  },
  unsubscribe: { type: 'unsubscribe', id: 'events-1' },
  receipt: { type: 'receipt', receipt: 262_401 },
  welcome: {
    type: 'welcome',
    connectionId: '8d8f8b0e-4c1f-4b8e-9f0a-0c7f6f1f6f55',
    correlationId: '4bf92f3577b34da6a3ce929d0e0e4736',
    endsAt: '2026-11-21T10:30:00.000Z',
    limits: {
      frameBytes: 1_048_576,
      frameCommands: 2_000,
      commandsInFlight: 20_000,
      subscriptions: 50,
      unconfirmedBytes: 2_097_152,
    },
  },
  results: { type: 'results', id: 'frame-1', ...reply('runCommands') },
  subscribed: { type: 'subscribed', id: 'events-1', afterVersion: 0, version: 1 },
  events: { type: 'events', id: 'events-1', version: 1, events: reply('getAccountEvents').events },
  portfolio: { type: 'portfolio', id: 'portfolio-1', version: 2, portfolio: reply('getAccount') },
  unsubscribed: { type: 'unsubscribed', id: 'events-1' },
  ended: {
    type: 'ended',
    id: 'events-1',
    code: 'unavailable',
    detail: 'The aggregate does not answer. Subscribe again after version 1.',
    version: 1,
  },
  receiptRequested: { type: 'receiptRequested', receipt: 262_401 },
  error: {
    type: 'error',
    id: 'frame-2',
    code: 'invalid_request',
    detail: 'afterVersion: must be at most 1, the version of the log',
    errors: [{ path: 'afterVersion', message: 'must be at most 1, the version of the log' }],
  },
};
