/** From messages to what a segment is made of: each aggregate's next events, without a hole and with hashes that hold. */
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { type Announcement, announcementsOf, type LogDeps } from '../kernel/announcement.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import type { ArchiveTables, Arrival, Position } from './archiveTables.ts';
import type { ArchivedRange } from './segment.ts';

/** Events of one sealing: their rows and columns take about 40 MB of an isolate's 128 MB while a file is made of them. */
export const SEGMENT_EVENTS_MAX = 20_000;

/** Bytes of their data and metadata, for the same reason where events are larger; a page more may come. */
export const SEGMENT_BYTES_MAX = 16_000_000;

/** How long an event waits for others: how old the archive may be on a quiet day. */
export const SEGMENT_AGE_MS = 5 * 60_000;

/** Events read from a log at a time: they are in memory beside what is gathered. */
const PAGE_EVENTS = 1_000;

/**
 * Reads of logs in one run of the archivist, however many segments that makes: the platform allows an object 10,000 calls for whatever
 * woke it, and the bucket has to be asked, too.
 */
export const RUN_READS_MAX = 5_000;

/**
 * Times that one run gathers for segments: {@link SEGMENT_EVENTS_MAX} trades take one to two seconds of processor time, and the platform
 * may end an object that has taken thirty for whatever woke it, unless it is asked for more (`[limits]` in wrangler.toml).
 */
export const RUN_GATHERINGS_MAX = 8;

/** Owners asked side by side: the platform lets a request wait for six answers at a time. */
const OWNERS_AT_A_TIME = 6;

/** A range that is still to be archived. */
export interface OpenRange extends AggregateKey {
  readonly fromVersion: number;
  readonly toVersion: number;
}

export class Gathering {
  readonly #deps: LogDeps;
  readonly #tables: Pick<ArchiveTables, 'position'>;
  readonly #ranges = new Map<string, ArchivedRange[]>();
  #eventsLeft = SEGMENT_EVENTS_MAX;
  #bytesLeft = SEGMENT_BYTES_MAX;
  #readsLeft: number;
  /** Ranges whose owner did not answer. */
  readonly unread: OpenRange[] = [];
  /** Ranges that were too much for one segment, or for so many reads. */
  readonly unfinished: OpenRange[] = [];

  constructor(deps: LogDeps, tables: Pick<ArchiveTables, 'position'>, readsLeft: number) {
    this.#deps = deps;
    this.#tables = tables;
    this.#readsLeft = readsLeft;
  }

  /** Reads of logs that the run may still make. */
  get readsLeft(): number {
    return this.#readsLeft;
  }

  /** Ranges by aggregate type; both in order, so that the same events always make the same file. */
  ranges(): [aggregateType: string, ranges: ArchivedRange[]][] {
    return [...this.#ranges]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, ranges]) => [type, ranges.sort((a, b) => (a.aggregateId < b.aggregateId ? -1 : 1))]);
  }

  async gather(messages: readonly EventsMessage[]): Promise<void> {
    const announcements = announcementsOf(messages).values();
    const lane = async () => {
      for (const announcement of announcements) await this.#gatherOne(announcement);
    };
    await Promise.all(Array.from({ length: OWNERS_AT_A_TIME }, lane));
  }

  get #hasRoom(): boolean {
    return this.#eventsLeft > 0 && this.#bytesLeft > 0 && this.#readsLeft > 0;
  }

  /** Whatever an announcement carries, the log is the truth, and has more. */
  async #gatherOne({ key, toVersion }: Announcement): Promise<void> {
    const events: PublishedEvent[] = [];
    let { version, hash } = this.#tables.position(key);
    try {
      while (version < toVersion && this.#hasRoom) {
        const size = Math.min(PAGE_EVENTS, toVersion - version, this.#eventsLeft);
        // Taken before it is waited for: others are gathered meanwhile.
        this.#eventsLeft -= size;
        const page = await this.#page(key, { version, hash }, version + size);
        if (page === undefined) break;
        this.#eventsLeft += size - page.length;
        for (const event of page) events.push(event);
        ({ version, hash } = page.at(-1) as PublishedEvent);
      }
      if (version < toVersion && !this.#hasRoom)
        this.unfinished.push({ ...key, fromVersion: version + 1, toVersion });
    } catch (error) {
      // An owner that does not answer holds up its own events and no others.
      this.#deps.logger.log('warn', 'log not read for the archive', { ...key, ...errorFields(error) });
      this.unread.push({ ...key, fromVersion: version + 1, toVersion });
    }
    if (events.length > 0) this.#add(key, events);
  }

  #add({ aggregateType, aggregateId }: AggregateKey, events: PublishedEvent[]): void {
    const ranges = this.#ranges.get(aggregateType) ?? [];
    this.#ranges.set(aggregateType, ranges);
    ranges.push({ aggregateId, events });
  }

  /** The events after a position up to a version as the log has them, or undefined where their hashes do not hold. */
  async #page(key: AggregateKey, after: Position, to: number): Promise<PublishedEvent[] | undefined> {
    this.#readsLeft--;
    const messages = await this.#deps.readLog(key, after.version + 1, to - after.version);
    const events = messages.flatMap((message) => message.events);
    let { version, hash } = after;
    let bytes = 0;
    for (const event of events) {
      version++;
      const [data, metadata] = [canonicalJson(event.data), canonicalJson(event.metadata)];
      hash = eventHash(hash, { ...key, ...event, data, metadata });
      if (event.version !== version || event.hash !== hash) {
        this.#deps.logger.log('error', 'not archived: the chain does not hold', { ...key, version });
        return undefined;
      }
      bytes += data.length + metadata.length;
    }
    if (events.length === 0) throw new Error(`the log of ${keyOf(key)} did not give version ${version + 1}`);
    this.#bytesLeft -= bytes;
    return events;
  }
}

/** A range as a message that hurries nobody: its events are read from the log when the next segment is made. */
export function announcementText({ aggregateType, aggregateId, fromVersion, toVersion }: OpenRange): Arrival {
  const message: EventsMessage = {
    aggregateType,
    aggregateId,
    fromVersion,
    toVersion,
    previousHash: '',
    events: [],
  };
  return { text: JSON.stringify(message), events: 0 };
}
