/** Stored events as the API shows them: envelopes, and the references that an answer carries. */
import type { EventReference } from '../../schemas/envelope.ts';
import { eventIdText } from '../../schemas/eventId.ts';
import { timeText } from './hashChain.ts';
import type { Source } from './messages.ts';
import type { StoredEvent } from './storedEvents.ts';

export function eventReference(event: StoredEvent): EventReference {
  return { eventId: eventIdText(event.hash), eventType: event.eventType, version: event.version };
}

/**
 * Envelopes, each as its JSON text. Stored texts are passed through as they are, so that what a client hashes is what was
 * hashed here.
 */
export function envelopeTexts(
  source: Source,
  previousHash: string,
  events: readonly StoredEvent[],
): string[] {
  let before = previousHash;
  return events.map((event) => {
    const text =
      `{"eventId":"${eventIdText(event.hash)}","aggregateType":"${source.aggregateType}"` +
      `,"aggregateId":"${source.aggregateId}","version":${event.version},"eventType":"${event.eventType}"` +
      `,"schemaVersion":${event.schemaVersion},"recordedAt":"${timeText(event.recordedAt)}","data":${event.data}` +
      `,"metadata":${event.metadata},"previousHash":"${before}","hash":"${event.hash}"}`;
    before = event.hash;
    return text;
  });
}
