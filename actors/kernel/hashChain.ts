/**
 * The hash chain: each event's hash covers its predecessor's hash and its own canonical bytes, so that no event can be
 * changed, dropped or inserted without every later hash changing.
 *
 *   hash = SHA-256 of the RFC 8785 JSON of { aggregateId, aggregateType, data, eventType, metadata, previousHash,
 *          recordedAt, schemaVersion, version }: the envelope without `eventId` and `hash`
 *
 * Hashes are 64 lower-case hexadecimal digits; the first event's predecessor is 64 zeros.
 */
import { sha256 } from './sha256.ts';

/** What the hash covers beside the predecessor; `data` and `metadata` are canonical JSON texts. */
export interface HashedFields {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly eventType: string;
  readonly schemaVersion: number;
  /** Milliseconds since 1970; the canonical bytes carry it as RFC 3339. */
  readonly recordedAt: number;
  readonly data: string;
  readonly metadata: string;
}

/** The hash of an event. Aggregate names, ids and event types need no escaping by their patterns. */
export function eventHash(previousHash: string, event: HashedFields): string {
  return sha256(
    `{"aggregateId":"${event.aggregateId}","aggregateType":"${event.aggregateType}","data":${event.data}` +
      `,"eventType":"${event.eventType}","metadata":${event.metadata},"previousHash":"${previousHash}"` +
      `,"recordedAt":"${timeText(event.recordedAt)}","schemaVersion":${event.schemaVersion}` +
      `,"version":${event.version}}`,
  );
}

let lastTime = Number.NaN;
let lastTimeText = '';

/** RFC 3339 to the millisecond. Remembers the last one: all events of a turn share their time. */
export function timeText(milliseconds: number): string {
  if (milliseconds !== lastTime) {
    lastTimeText = new Date(milliseconds).toISOString();
    lastTime = milliseconds;
  }
  return lastTimeText;
}
