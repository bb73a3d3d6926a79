/** Packs stored events into queue messages by concatenating their stored texts: nothing is parsed on the way out. */
import type { StoredEvent } from './storedEvents.ts';

/** A queue message holds 128 kB (1 kB = 1,000 bytes), of which the platform's own metadata takes about 100 bytes. */
export const MESSAGE_BYTES_MAX = 127_000;

/**
 * The same range read from the log goes over RPC, which carries 32 MiB: any event fits that a row of 2 MB can hold, also
 * one that was too large for a queue.
 */
export const LOG_MESSAGE_BYTES_MAX = 8_000_000;

/** The announcement around the events: names, two versions and a hash. */
const ANNOUNCEMENT_BYTES_MAX = 500;

/** Whose events they are. */
export interface Source {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** Versions from one up to another, both included. */
export interface VersionRange {
  readonly fromVersion: number;
  readonly toVersion: number;
}

/** One queue message and the range that it announces. */
export interface PackedMessage extends VersionRange {
  readonly text: string;
  readonly bytes: number;
}

/** How events are packed. */
export interface Packing {
  /** Bytes of a message. */
  readonly bytesMax?: number;
  /** With what the log remembers of commands: for whoever keeps a copy that it can be restored from. */
  readonly isWhole?: boolean;
}

/**
 * Contiguous events as few messages as their size allows. `previousHash` is the hash of the event before the first one.
 * An event too large for any message is announced without its data.
 */
export function packMessages(
  source: Source,
  previousHash: string,
  events: readonly StoredEvent[],
  { bytesMax = MESSAGE_BYTES_MAX, isWhole = false }: Packing = {},
): PackedMessage[] {
  const messages: PackedMessage[] = [];
  let before = previousHash;
  let texts: string[] = [];
  let bytes = 0;
  let first = 0;
  const flush = (end: number) => {
    if (end === first) return;
    const last = events[end - 1] as StoredEvent;
    const fromVersion = (events[first] as StoredEvent).version;
    messages.push(message(source, before, { fromVersion, toVersion: last.version }, texts));
    before = last.hash;
    first = end;
    texts = [];
    bytes = 0;
  };
  events.forEach((event, index) => {
    const text = eventText(event, isWhole);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > bytesMax - ANNOUNCEMENT_BYTES_MAX) flush(index);
    if (size > bytesMax - ANNOUNCEMENT_BYTES_MAX) {
      flush(index + 1);
      return;
    }
    texts.push(text);
    bytes += size;
  });
  flush(events.length);
  return messages;
}

function eventText(event: StoredEvent, isWhole: boolean): string {
  const { fingerprint } = event;
  const memory = isWhole && fingerprint !== null ? `,"fingerprint":${fingerprint}` : '';
  return (
    `{"version":${event.version},"eventType":"${event.eventType}","schemaVersion":${event.schemaVersion}` +
    `,"recordedAt":${event.recordedAt},"data":${event.data},"metadata":${event.metadata},"hash":"${event.hash}"${memory}}`
  );
}

/** One message about a range. Without its events, whoever is told reads them from the log once they are needed. */
export function message(
  { aggregateType, aggregateId }: Source,
  previousHash: string,
  { fromVersion, toVersion }: VersionRange,
  texts: readonly string[] = [],
): PackedMessage {
  const text =
    `{"aggregateType":"${aggregateType}","aggregateId":"${aggregateId}","fromVersion":${fromVersion}` +
    `,"toVersion":${toVersion},"previousHash":"${previousHash}","events":[${texts.join(',')}]}`;
  return { text, bytes: Buffer.byteLength(text), fromVersion, toVersion };
}
