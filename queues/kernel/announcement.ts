/** What messages announce of one aggregate, and the events that came along; a hole is filled from the owner's log. */
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import type { Range } from './apply.ts';
import type { RunnerDeps } from './deps.ts';
import { type AggregateKey, keyOf } from './positions.ts';
import { ProjectedEvent } from './projector.ts';

/** Events read from a log at a time: of usual ones a megabyte, and of ones fifty times as large no more than RPC carries. */
const READ_EVENTS_MAX = 1_000;

/** What is needed to fill a hole. */
export type LogDeps = Pick<RunnerDeps, 'readLog' | 'logger'>;

/** Everything announced of one aggregate in a batch. */
export class Announcement {
  readonly key: AggregateKey;
  /** The version before the first one that is announced. */
  after = Number.POSITIVE_INFINITY;
  toVersion = 0;
  /** Events that messages carried, and events that had to be read from the log instead. */
  carried = 0;
  repaired = 0;
  /** How many of the carried ones some view needed. */
  used = 0;
  #messages: EventsMessage[] = [];
  readonly #read = new Set<EventsMessage>();

  constructor(key: AggregateKey) {
    this.key = key;
  }

  add(message: EventsMessage): void {
    this.after = Math.min(this.after, message.fromVersion - 1);
    this.toVersion = Math.max(this.toVersion, message.toVersion);
    this.carried += message.events.length;
    this.#messages.push(message);
  }

  /** The events after `from` up to `to`: from the messages, and from the owner's log where they have a hole. */
  async range(deps: LogDeps, from: number, to: number): Promise<Range> {
    const events: ProjectedEvent[] = [];
    for (let version = from + 1; version <= to; ) {
      const source = this.#messages.find((message) => eventOf(message, version) !== undefined);
      if (source === undefined) {
        await this.#repair(deps, version, to - version + 1);
        continue;
      }
      for (; version <= to; version++) {
        const event = eventOf(source, version);
        if (event === undefined) break;
        events.push(new ProjectedEvent(source, event));
      }
    }
    return { key: this.key, events };
  }

  /** The events of a range were needed: what was lost to another consumer was not. */
  use({ events }: Range): void {
    for (const { source } of events) if (!this.#read.has(source)) this.used++;
  }

  /** Lets go of what every view has: a long repair must not keep a whole log in memory. */
  forget(upTo: number): void {
    this.#messages = this.#messages.filter((message) => message.toVersion > upTo);
  }

  async #repair(deps: LogDeps, fromVersion: number, limit: number): Promise<void> {
    const wasAnnounced = this.#messages.some((message) => isOnlyNamed(message, fromVersion));
    const messages = await deps.readLog(this.key, fromVersion, Math.min(limit, READ_EVENTS_MAX));
    const events = messages.reduce((sum, message) => sum + message.events.length, 0);
    const fields = { ...this.key, version: fromVersion, events };
    if (wasAnnounced) deps.logger.log('debug', 'announced events read from the log', fields);
    else deps.logger.log('info', 'hole filled from the log', fields);
    this.repaired += events;
    for (const message of messages) this.#read.add(message);
    this.#messages.push(...messages);
    if (messages.some((message) => eventOf(message, fromVersion) !== undefined)) return;
    throw new Error(`the log of ${keyOf(this.key)} did not give version ${fromVersion}`);
  }
}

/** The announcements in messages, by aggregate. */
export function announcementsOf(messages: readonly EventsMessage[]): Announcement[] {
  const announcements = new Map<string, Announcement>();
  for (const message of messages) {
    const { aggregateType, aggregateId } = message;
    const key = keyOf(message);
    let announcement = announcements.get(key);
    if (announcement === undefined) {
      announcement = new Announcement({ aggregateType, aggregateId });
      announcements.set(key, announcement);
    }
    announcement.add(message);
  }
  return [...announcements.values()];
}

/** Whether a message announces a version without carrying it. */
function isOnlyNamed({ events, fromVersion, toVersion }: EventsMessage, version: number): boolean {
  return events.length === 0 && fromVersion <= version && version <= toVersion;
}

/** The event of a version in a message, if it carries it. */
function eventOf(message: EventsMessage, version: number): PublishedEvent | undefined {
  const event = message.events[version - message.fromVersion];
  return event?.version === version ? event : undefined;
}
