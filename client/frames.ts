/** What is said on a stream (docs/streams.md, `GET /asyncapi.json`). */
import type { Account, BatchReply, Event, Operations } from './generated/api.ts';

/** A command with its own id, as in a batch. */
export type Command = Operations['runCommands']['body']['commands'][number];

/** What can be subscribed to, by its name, and what comes of it. */
export interface Topics {
  /** Of any aggregate: every event once, in the order of versions. */
  readonly events: Event;
  /** Of accounts: the whole account when it has changed. */
  readonly portfolio: Account;
}

/** The types of aggregates, of which each has a log. */
export type AggregateType = NonNullable<NonNullable<Operations['getEvents']['query']>['aggregateType']>;

/** Of which aggregates a topic tells. */
export interface TopicAggregates {
  readonly events: AggregateType;
  readonly portfolio: 'account';
}

/** A frame to the platform. */
export type ClientFrame =
  | {
      readonly type: 'commands';
      readonly id: string;
      readonly afterRefusal: number;
      readonly commands: readonly Command[];
    }
  | {
      readonly type: 'subscribe';
      readonly id: string;
      readonly topic: keyof Topics;
      readonly aggregateType: string;
      readonly aggregateId: string;
      readonly afterVersion?: number;
    }
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'receipt'; readonly receipt: number };

/** A frame of the platform's. */
export type ServerFrame =
  | { readonly type: 'welcome'; readonly limits: StreamLimits }
  | ({ readonly type: 'results'; readonly id: string } & BatchReply)
  | { readonly type: 'subscribed'; readonly id: string; readonly afterVersion: number }
  | { readonly type: 'events'; readonly id: string; readonly events: readonly Event[] }
  | { readonly type: 'portfolio'; readonly id: string; readonly version: number; readonly portfolio: Account }
  | { readonly type: 'unsubscribed'; readonly id: string }
  | { readonly type: 'ended'; readonly id: string; readonly code: string; readonly detail: string }
  | { readonly type: 'receiptRequested'; readonly receipt: number }
  | {
      readonly type: 'error';
      readonly id: string | null;
      readonly code: string;
      readonly detail: string;
      readonly errors?: readonly { readonly path: string; readonly message: string }[];
      readonly retryAfterSeconds?: number;
      /** Of a frame of commands with which nothing was begun: the number that the next ones have to know. */
      readonly refusal?: number;
    };

/** What a connection takes, as its first frame says. */
export interface StreamLimits {
  readonly frameBytes: number;
  readonly frameCommands: number;
  readonly commandsInFlight: number;
}

/** What came over a stream. */
export type Heard =
  | { readonly kind: 'frame'; readonly frame: ServerFrame }
  /** The answer to a ping. */
  | { readonly kind: 'pong' }
  /** Something on the way has put another text in the place of a frame. */
  | { readonly kind: 'garbled' };

/** What a text is that came over a stream. */
export function heardIn(text: string): Heard {
  if (text === 'pong') return { kind: 'pong' };
  try {
    const frame = JSON.parse(text) as ServerFrame | null;
    if (typeof frame?.type === 'string') return { kind: 'frame', frame };
  } catch {
    // It was cut, or is none of ours.
  }
  return { kind: 'garbled' };
}
