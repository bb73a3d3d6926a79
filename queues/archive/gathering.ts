/** From messages to what a segment is made of: each aggregate's next events, without a hole and with hashes that hold. */
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { type Announcement, announcementsOf, type LogDeps } from '../kernel/announcement.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { ArchiveTables, Arrival } from './archiveTables.ts';
import type { ArchivedRange } from './segment.ts';

/** Events of one sealing: their rows and columns take about 40 MB of an isolate's 128 MB while a file is made of them. */
export const SEGMENT_EVENTS_MAX = 20_000;

/** A range that is still to be archived. */
export interface OpenRange extends AggregateKey {
  readonly fromVersion: number;
  readonly toVersion: number;
}

export class Gathering {
  readonly #deps: LogDeps;
  readonly #tables: Pick<ArchiveTables, 'position'>;
  readonly #ranges = new Map<string, ArchivedRange[]>();
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
    // Events that came along cost no more to archive now than to read again later.
    const carried = messages.reduce((sum, { events }) => sum + events.length, 0);
    let room = Math.max(SEGMENT_EVENTS_MAX, carried);
    for (const announcement of announcementsOf(messages)) {
      const { key, toVersion } = announcement;
      const { version } = this.#tables.position(key);
      const to = Math.min(toVersion, version + room);
      if (to > version) room -= await this.#gatherOne(announcement, version, to);
      const fromVersion = Math.max(version, to) + 1;
      if (to < toVersion) this.unfinished.push({ ...key, fromVersion, toVersion });
    }
  }

  async #gatherOne(announcement: Announcement, from: number, to: number): Promise<number> {
    const { key } = announcement;
    try {
      const events =
        (await this.#sound(announcement, from, to)) ?? (await this.#sound(bare(key, to), from, to));
      if (events === undefined) {
        this.#deps.logger.log('error', 'not archived: the chain does not hold', {
          ...key,
          version: from + 1,
        });
        return 0;
      }
      const ranges = this.#ranges.get(key.aggregateType) ?? [];
      this.#ranges.set(key.aggregateType, ranges);
      ranges.push({ aggregateId: key.aggregateId, events });
      return events.length;
    } catch (error) {
      // An owner that does not answer holds up its own events and no others.
      this.#deps.logger.log('warn', 'log not read for the archive', { ...key, ...errorFields(error) });
      this.unread.push({ ...key, fromVersion: from + 1, toVersion: to });
      return 0;
    }
  }

  /** The events of a range, or undefined where their hashes do not hold: then what the message carried is not what is stored. */
  async #sound(announcement: Announcement, from: number, to: number): Promise<PublishedEvent[] | undefined> {
    const { key } = announcement;
    const { events } = await announcement.range(this.#deps, from, to);
    let previous = this.#tables.position(key).hash;
    for (const { published } of events) {
      const [data, metadata] = [canonicalJson(published.data), canonicalJson(published.metadata)];
      if (eventHash(previous, { ...key, ...published, data, metadata }) !== published.hash) return undefined;
      previous = published.hash;
    }
    return events.map(({ published }) => published);
  }
}

/** A range as a message that carries no event: they will be read from the log. */
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
