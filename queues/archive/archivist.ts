/**
 * The archivist: the one writer of the archive. Messages wait in its own storage until there are enough of them, or the
 * oldest has waited long enough; then they become segments. A segment and its manifest are first written whole to the
 * archivist's storage and then put into the bucket, so that a crash at any moment repeats the very same puts.
 *
 * The log is the truth: how far each aggregate was archived is known, duplicates are skipped, holes are read from the owner,
 * and every hash is recomputed before it is archived. No Cloudflare import.
 */
import type { AlarmClock } from '../../actors/kernel/alarmClock.ts';
import type { Paced } from '../../actors/kernel/decider.ts';
import { runPaced } from '../../actors/kernel/paced.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { type Jurisdiction, retentionOf } from '../../schemas/retention.ts';
import { errorFields } from '../../telemetry/logger.ts';
import type { LogDeps } from '../kernel/announcement.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { ArchiveTables, Arrival, DraftObject, Position } from './archiveTables.ts';
import { inCallTime } from './callTime.ts';
import {
  announcementText,
  Gathering,
  type OpenRange,
  RUN_GATHERINGS_MAX,
  RUN_READS_MAX,
  SEGMENT_AGE_MS,
  SEGMENT_BYTES_MAX,
  SEGMENT_EVENTS_MAX,
} from './gathering.ts';
import type { InspectionDeps } from './inspection.ts';
import { type Manifest, manifestHash, manifestKey, manifestOf, manifestText } from './manifest.ts';
import { nextManifest } from './manifestChain.ts';
import { type ArchivedRange, buildSegment } from './segment.ts';
import { createOnce } from './store.ts';
import { Suspects } from './suspects.ts';

/**
 * What may wait, a quarter of a million announcements of 250 bytes: beyond it messages are left in the queue, or to the
 * sweeper, which reads the logs.
 */
export const WAITING_BYTES_MAX = 64_000_000;

/** Pause after a failed sealing: doubles from a second up to a minute, for as long as the bucket fails. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** What the archivist needs of the world around it. */
export interface ArchivistDeps extends LogDeps, InspectionDeps {
  readonly alarm: AlarmClock;
  readonly jurisdiction: Jurisdiction;
}

/** What a sealing did. */
export interface Sealed {
  readonly segments: number;
  readonly events: number;
  /** Whether that was all; where too much waits, or logs of too many aggregates are to be read, another call goes on. */
  readonly isComplete: boolean;
}

/** How the archive stands. */
export interface ArchiveStatus {
  readonly manifests: number;
  readonly events: number;
  readonly waitingEvents: number;
  readonly oldestWaitingAt: number | null;
}

export class Archivist {
  readonly #deps: ArchivistDeps;
  readonly #tables: ArchiveTables;
  readonly #suspects: Suspects;
  #failures = 0;
  #running: Promise<Sealed> | undefined;
  /** The last waiting row that the run takes: at first that of its beginning, so that all who waited for the run share it. */
  #runsTo = 0;
  #adopting: Promise<void> | undefined;

  constructor(deps: ArchivistDeps, tables: ArchiveTables) {
    this.#deps = inCallTime(deps);
    this.#tables = tables;
    this.#suspects = new Suspects(tables);
  }

  /** Takes messages over; false where too much waits already. Durable once the caller is answered. */
  accept(arrivals: readonly Arrival[]): boolean {
    if (this.#tables.waiting().bytes > WAITING_BYTES_MAX) return false;
    const now = this.#deps.now();
    this.#tables.wait(arrivals, now);
    this.#rearm(now);
    return true;
  }

  /**
   * The sweeper says how far logs go. What the archive has been behind with for long was never announced, or its message got
   * lost: it is read from the log at the next sealing.
   */
  follow(heads: readonly OpenRange[]): void {
    const now = this.#deps.now();
    const lost = this.#suspects.lost(heads, now);
    if (lost.length === 0) return;
    this.#deps.logger.log('info', 'archive repaired from logs', { aggregates: lost.length });
    this.#tables.wait(lost.map(announcementText), now);
    this.#rearm(now);
  }

  /** The alarm went off. Never throws: six failed alarms in a row would be the last. */
  async alarm(): Promise<void> {
    this.#deps.alarm.fired();
    try {
      if (this.#isDue(this.#deps.now())) await this.seal();
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#deps.logger.log('error', 'archive not written', errorFields(error));
    }
    this.#rearm(this.#deps.now());
  }

  /**
   * Archives everything that waits when it is called, or as much of it as one run may take. Calls share a run; what has come since that one
   * began is the next run's, since one that chased what arrives would not end under load. Throws where the bucket does not answer.
   */
  seal(): Promise<Sealed> {
    if (this.#running !== undefined && this.#tables.newestPending() > this.#runsTo) {
      const again = () => this.seal();
      return this.#running.then(again, again);
    }
    this.#running ??= this.#sealAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async status(): Promise<ArchiveStatus> {
    await this.#adopted();
    const { events, oldestAt } = this.#tables.waiting();
    return {
      manifests: this.#tables.chain().sequence,
      events: this.#tables.events(),
      waitingEvents: events,
      oldestWaitingAt: oldestAt,
    };
  }

  /** How far aggregates are archived, in the order asked for. */
  async positions(keys: readonly AggregateKey[]): Promise<Position[]> {
    await this.#adopted();
    return keys.map((key) => this.#tables.position(key));
  }

  /** The next aggregates of which anything is archived after one. */
  async aggregatesAfter(after: AggregateKey | null, limit: number): Promise<AggregateKey[]> {
    await this.#adopted();
    return this.#tables.aggregatesAfter(after, limit);
  }

  /** Number of the manifest that covers an event; undefined where it is not archived. */
  async manifestOf(key: AggregateKey, version: number): Promise<number | undefined> {
    await this.#adopted();
    return this.#tables.manifestOf(key, version);
  }

  #isDue(now: number): boolean {
    const { events, bytes, oldestAt } = this.#tables.waiting();
    if (this.#tables.hasDrafts) return true;
    if (oldestAt === null) return false;
    return events >= SEGMENT_EVENTS_MAX || bytes >= SEGMENT_BYTES_MAX || now >= oldestAt + SEGMENT_AGE_MS;
  }

  #rearm(now: number): void {
    const { oldestAt } = this.#tables.waiting();
    const pause =
      this.#failures === 0 ? 0 : Math.min(RETRY_FIRST_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS);
    if (this.#isDue(now)) this.#deps.alarm.setBefore(now + pause, now);
    else if (oldestAt !== null) this.#deps.alarm.setBefore(oldestAt + SEGMENT_AGE_MS, now);
  }

  async #sealAll(): Promise<Sealed> {
    const total = { segments: 0, events: 0 };
    let readsLeft = RUN_READS_MAX;
    this.#runsTo = this.#tables.newestPending();
    await this.#publish(total);
    await this.#adopted();
    this.#runsTo = this.#tables.newestPending();
    const isPending = () => this.#tables.oldestPending() <= this.#runsTo;
    for (let gatherings = 0; isPending() && readsLeft > 0 && gatherings < RUN_GATHERINGS_MAX; gatherings++) {
      const gathering = await this.#draft(readsLeft);
      readsLeft = gathering?.readsLeft ?? 0;
      // What was too much for one segment was put behind all that waited, and is still this run's.
      if ((gathering?.unfinished.length ?? 0) > 0) this.#runsTo = this.#tables.newestPending();
      await this.#publish(total);
    }
    return { ...total, isComplete: !isPending() };
  }

  /**
   * Once a life: takes over what the bucket has and this object's storage does not know of, since it was lost, or an
   * environment was set up anew on the bucket of another. What is still to be put comes first.
   */
  async #adopted(): Promise<void> {
    if (this.#tables.hasDrafts) return;
    this.#adopting ??= this.#adopt();
    try {
      await this.#adopting;
    } catch (error) {
      this.#adopting = undefined;
      throw error;
    }
  }

  async #adopt(): Promise<void> {
    const { sequence } = this.#tables.chain();
    for (;;) {
      const next = await nextManifest(this.#deps.store, this.#tables.chain());
      if (next === undefined) break;
      this.#tables.transaction(() => this.#tables.archived(next.manifest));
    }
    const manifests = this.#tables.chain().sequence - sequence;
    if (manifests > 0) this.#deps.logger.log('warn', 'archive taken over from the bucket', { manifests });
  }

  /** Makes segments of the oldest messages and writes them down; undefined where there are none. */
  async #draft(readsLeft: number): Promise<Gathering | undefined> {
    const rows = this.#tables.oldest(SEGMENT_EVENTS_MAX, SEGMENT_BYTES_MAX);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const gathering = new Gathering(this.#deps, this.#tables, readsLeft);
    await gathering.gather(rows.flatMap(({ messages }) => messages.map(parseEventsMessage)));
    const now = this.#deps.now();
    const drafts = await runPaced(this.#drafts(gathering, now), this.#deps.pause);
    this.#tables.transaction(() => {
      for (const draft of drafts) this.#tables.addDraft(draft);
      this.#tables.taken(last.id);
      // Nothing to wait for: what was too much for one sealing is overdue, and before logs that do not answer, however many these are.
      this.#tables.wait(gathering.unfinished.map(announcementText), 0);
      this.#tables.wait(gathering.unread.map(announcementText), now);
    });
    return gathering;
  }

  /** What was gathered as segments with their manifests, linked to the chain that nobody else goes on with. */
  *#drafts(gathering: Gathering, now: number): Paced<DraftObject[]> {
    const { jurisdiction } = this.#deps;
    const closedAt = new Date(now).toISOString();
    const drafts: DraftObject[] = [];
    let { sequence, hash } = this.#tables.chain();
    for (const [aggregateType, ranges] of gathering.ranges()) {
      const file = yield* buildSegment(aggregateType, ranges);
      const place = {
        sequence: ++sequence,
        previousManifest: hash,
        closedAt,
        jurisdiction,
        retention: retentionOf(aggregateType, jurisdiction, typesIn(ranges)),
        aggregateType,
      };
      const manifest = yield* manifestOf(place, ranges, file);
      drafts.push({ key: manifest.header.segment.key, bytes: file.bytes });
      drafts.push({ key: manifestKey(sequence), bytes: Buffer.from(manifestText(manifest)) });
      hash = manifestHash(manifest.header);
    }
    return drafts;
  }

  /** Puts what was written down into the bucket, a segment before its manifest, and only then counts it as archived. */
  async #publish(total: { segments: number; events: number }): Promise<void> {
    const drafts = this.#tables.drafts();
    if (drafts.length === 0) return;
    for (const { key, bytes } of drafts) await createOnce(this.#deps.store, key, bytes);
    const manifests = drafts
      .filter(({ key }) => key.startsWith('manifests/'))
      .map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Manifest);
    this.#tables.transaction(() => {
      for (const manifest of manifests) this.#tables.archived(manifest);
      this.#tables.clearDrafts();
    });
    for (const { header } of manifests) {
      const { sequence, aggregateType, events } = header;
      this.#deps.logger.log('info', 'segment archived', { sequence, aggregateType, events });
      total.segments++;
      total.events += events;
    }
  }
}

function typesIn(ranges: readonly ArchivedRange[]): ReadonlySet<string> {
  return new Set(ranges.flatMap(({ events }) => events.map(({ eventType }) => eventType)));
}
