/** From messages to what a segment is made of: each aggregate's next events, without a hole and with hashes that hold. */
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { type Announcement, announcementsOf, type LogDeps } from '../kernel/announcement.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { ArchiveTables, Arrival, Position } from './archiveTables.ts';
import type { ArchivedRange } from './segment.ts';

/** Events of one sealing: their rows and columns take about 40 MB of an isolate's 128 MB while a file is made of them. */
export const SEGMENT_EVENTS_MAX = 20_000;

/** Bytes of their data and metadata, for the same reason where events are larger; a page more may come. */
export const SEGMENT_BYTES_MAX = 16_000_000;

/** Events read from a log at a time: they are in memory beside what is gathered. */
const PAGE_EVENTS = 1_000;

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
  /** Ranges whose owner did not answer. */
  readonly unread: OpenRange[] = [];
  /** Ranges that were too long for one segment. */
  readonly unfinished: OpenRange[] = [];

  constructor(deps: LogDeps, tables: Pick<ArchiveTables, 'position'>) {
    this.#deps = deps;
    this.#tables = tables;
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
    return this.#eventsLeft > 0 && this.#bytesLeft > 0;
  }

  async #gatherOne(announcement: Announcement): Promise<void> {
    const { key, toVersion } = announcement;
    const events: PublishedEvent[] = [];
    let { version, hash } = this.#tables.position(key);
    try {
      while (version < toVersion && this.#hasRoom) {
        const size = Math.min(PAGE_EVENTS, toVersion - version, this.#eventsLeft);
        // Taken before it is waited for: others are gathered meanwhile.
        this.#eventsLeft -= size;
        const page = await this.#page(announcement, { version, hash }, version + size);
        if (page === undefined) break;
        for (const event of page) events.push(event);
        version += size;
        hash = (page.at(-1) as PublishedEvent).hash;
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

  /** The events after a position, as they were announced or, where that is not what is stored, as the log has them. */
  async #page(
    announcement: Announcement,
    after: Position,
    to: number,
  ): Promise<PublishedEvent[] | undefined> {
    const { key } = announcement;
    const page =
      (await this.#sound(announcement, after, to)) ?? (await this.#sound(bare(key, to), after, to));
    if (page === undefined) {
      const fields = { ...key, version: after.version + 1 };
      this.#deps.logger.log('error', 'not archived: the chain does not hold', fields);
    }
    return page;
  }

  /** The events of a range, or undefined where their hashes do not hold. */
  async #sound(
    announcement: Announcement,
    after: Position,
    to: number,
  ): Promise<PublishedEvent[] | undefined> {
    const { key } = announcement;
    const { events } = await announcement.range(this.#deps, after.version, to);
    let previous = after.hash;
    let bytes = 0;
    for (const { published } of events) {
      const [data, metadata] = [canonicalJson(published.data), canonicalJson(published.metadata)];
      if (eventHash(previous, { ...key, ...published, data, metadata }) !== published.hash) return undefined;
      previous = published.hash;
      bytes += data.length + metadata.length;
    }
    this.#bytesLeft -= bytes;
    announcement.forget(to);
    return events.map(({ published }) => published);
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

function bare(key: AggregateKey, toVersion: number): Announcement {
  const [announcement] = announcementsOf([
    { ...key, fromVersion: toVersion, toVersion, previousHash: '', events: [] },
  ]);
  return announcement as Announcement;
}
