/**
 * The hash chain: each event's hash covers its predecessor's hash and its own canonical bytes, so that no event can be
 * changed, dropped or inserted without every later hash changing.
 *
 *   hash = SHA-256( previousHash (32 bytes) ‖ RFC 8785 JSON of { aggregateId, aggregateType, data, eventType, metadata,
 *                   recordedAt, schemaVersion, version } )
 *
 * The first event's predecessor is 32 zero bytes.
 */
import { createHash } from 'node:crypto';
import { eventIdText } from '../../schemas/eventId.ts';

export const HASH_BYTES = 32;

/** Predecessor of the first event. */
export const GENESIS_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

/** Bytes kept of a command's fingerprint: 128 bits, far beyond any accidental collision. */
const FINGERPRINT_BYTES = 16;

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

/** The canonical text of an event. Aggregate names, ids and event types need no escaping by their patterns. */
export function canonicalEvent(event: HashedFields): string {
  return (
    `{"aggregateId":"${event.aggregateId}","aggregateType":"${event.aggregateType}","data":${event.data}` +
    `,"eventType":"${event.eventType}","metadata":${event.metadata},"recordedAt":"${timeText(event.recordedAt)}"` +
    `,"schemaVersion":${event.schemaVersion},"version":${event.version}}`
  );
}

export function eventHash(previousHash: Uint8Array, event: HashedFields): Uint8Array {
  return createHash('sha256').update(previousHash).update(canonicalEvent(event)).digest();
}

/** The event's id, made from its hash. */
export function eventIdOf(hash: Uint8Array): string {
  return eventIdText(toHex(hash));
}

/** Tells whether two commands with one id are the same: a hash of type and canonical data. */
export function commandFingerprint(type: string, canonicalData: string): Uint8Array {
  return createHash('sha256').update(`${type} ${canonicalData}`).digest().subarray(0, FINGERPRINT_BYTES);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
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
