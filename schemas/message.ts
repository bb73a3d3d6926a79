/**
 * What the outbox puts on a queue: a contiguous range of one aggregate's events. A message is a wake-up that happens to
 * carry the data: a consumer that finds it missing, late or without events reads the owner's log.
 */

/** One event on the wire. `data` and `metadata` are as stored; `hash` is hexadecimal. */
export interface PublishedEvent {
  readonly version: number;
  readonly eventType: string;
  readonly schemaVersion: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly correlationId: string };
  readonly hash: string;
  /** On the first event of a command, and only where the log was asked for it: what a repeat must have in common with it. */
  readonly fingerprint?: number;
}

/** One announcement. */
export interface EventsMessage {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The range the message announces. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** Hash of the event before `fromVersion`, hexadecimal. */
  readonly previousHash: string;
  /** All events of the range, or none where they do not fit into a message. */
  readonly events: readonly PublishedEvent[];
  /** The text of `events` as the outbox wrote it, for whoever stores it as it is. */
  readonly eventsText?: string;
}

/** The announcement in a message's text. Throws on a text that no outbox wrote. */
export function parseEventsMessage(text: string): EventsMessage {
  const message = JSON.parse(text) as EventsMessage;
  const announces =
    typeof message.aggregateType === 'string' &&
    typeof message.aggregateId === 'string' &&
    Number.isSafeInteger(message.fromVersion) &&
    Number.isSafeInteger(message.toVersion) &&
    Array.isArray(message.events);
  if (!announces) throw new TypeError('not a message of the outbox');
  const eventsText = textOfEvents(text, message);
  return eventsText === undefined ? message : { ...message, eventsText };
}

/**
 * The announcements in what an owner has answered, whose array is empty then: the runtime keeps the promise of a call between objects, and
 * so what it was answered, until it collects the whole heap.
 */
export function takeEventsMessages(texts: string[]): EventsMessage[] {
  return texts.splice(0).map(parseEventsMessage);
}

/** The text around the events is known to the letter, so what is left is theirs, without writing them anew. */
function textOfEvents(text: string, message: EventsMessage): string | undefined {
  const { aggregateType, aggregateId, fromVersion, toVersion, previousHash } = message;
  const before =
    `{"aggregateType":"${aggregateType}","aggregateId":"${aggregateId}","fromVersion":${fromVersion}` +
    `,"toVersion":${toVersion},"previousHash":"${previousHash}","events":`;
  return text.startsWith(before) ? text.slice(before.length, -1) : undefined;
}
