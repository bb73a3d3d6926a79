/** Whether the bucket still has what the archivist has put into it, and putting back a segment that it has not. */
import type { StartTimer } from '../../actors/kernel/inTime.ts';
import { runPaced } from '../../actors/kernel/paced.ts';
import type { PublishedEvent } from '../../schemas/message.ts';
import type { LogDeps } from '../kernel/announcement.ts';
import type { ArchiveTables } from './archiveTables.ts';
import { inCallTime } from './callTime.ts';
import { type Head, type Manifest, manifestHash, manifestKey } from './manifest.ts';
import { BrokenArchive, parsed } from './manifestChain.ts';
import { sha256Text } from './merkle.ts';
import { mayBeRemoved } from './retentionRules.ts';
import { type ArchivedRange, buildSegment } from './segment.ts';
import { type ArchiveStore, createOnce } from './store.ts';

/** Events read from a log at a time. */
const PAGE_EVENTS = 1_000;

/** A segment as it was found. */
export interface InspectedSegment {
  readonly sequence: number;
  /** What is wrong with it or with its manifest; null where nothing is. */
  readonly fault: string | null;
}

/** What of the archivist's world an inspection needs. */
export interface InspectionDeps extends Pick<LogDeps, 'readLog'> {
  readonly store: ArchiveStore;
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets others have their turn: making a segment takes a second. */
  pause(): Promise<void>;
  readonly startTimer: StartTimer;
}

/** Looks into the bucket: no segment is read, only what the bucket says of it. */
export class Inspection {
  readonly #deps: InspectionDeps;
  readonly #tables: Pick<ArchiveTables, 'manifestHashOf'>;
  /** Segments that are being put back, or wait for their turn. */
  readonly #restoring = new Map<number, Promise<void>>();
  /** Ends when every segment before has been put back. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(deps: InspectionDeps, tables: Pick<ArchiveTables, 'manifestHashOf'>) {
    this.#deps = inCallTime(deps);
    this.#tables = tables;
  }

  /** The segments of these manifests, in the order asked for. Numbers of none are left out. */
  async inspect(sequences: readonly number[]): Promise<InspectedSegment[]> {
    const inspected = await Promise.all(
      sequences.map(async (sequence): Promise<InspectedSegment[]> => {
        const hash = this.#tables.manifestHashOf(sequence);
        return hash === undefined ? [] : [{ sequence, fault: await this.#faultOf(sequence, hash) }];
      }),
    );
    return inspected.flat();
  }

  /**
   * Makes a segment that is gone anew from the logs, and puts it where it was: its manifest says which events it had. Throws
   * {@link BrokenArchive} where the manifest is gone as well, where other bytes come out than there were, or where its term is over;
   * `Unanswered` where the bucket or a log does not answer.
   *
   * Who asks for a segment that is being made shares it, and one segment is made after another: each is read whole into the
   * memory of one object.
   */
  restore(sequence: number): Promise<void> {
    const running = this.#restoring.get(sequence);
    if (running !== undefined) return running;
    const run = this.#before
      .then(() => this.#restore(sequence))
      .finally(() => this.#restoring.delete(sequence));
    this.#restoring.set(sequence, run);
    this.#before = run.catch(() => undefined);
    return run;
  }

  async #restore(sequence: number): Promise<void> {
    const hash = this.#tables.manifestHashOf(sequence);
    const manifest = hash === undefined ? undefined : await this.#manifest(sequence, hash);
    if (typeof manifest !== 'object') throw new BrokenArchive(manifest ?? `there is no manifest ${sequence}`);
    const { aggregateType, segment } = manifest.header;
    if (this.#isOver(manifest)) throw new BrokenArchive(`${segment.key} is past its term`);
    const ranges: ArchivedRange[] = [];
    for (const head of manifest.heads) ranges.push(await this.#range(aggregateType, head));
    const { bytes } = await runPaced(buildSegment(aggregateType, ranges), this.#deps.pause);
    if (sha256Text(bytes) !== segment.sha256)
      throw new BrokenArchive(`${segment.key} comes out with other bytes: an earlier release has made it`);
    await createOnce(this.#deps.store, segment.key, bytes);
  }

  async #faultOf(sequence: number, hash: string): Promise<string | null> {
    const manifest = await this.#manifest(sequence, hash);
    if (typeof manifest !== 'object') return manifest;
    const { key, sha256 } = manifest.header.segment;
    const found = await this.#deps.store.sha256(key);
    if (found === undefined) return this.#isOver(manifest) ? null : 'the segment is gone';
    return found === sha256 ? null : 'the segment has other bytes than were put';
  }

  /** Whether the bucket's own rules may have removed the segment. */
  #isOver({ header: { segment, closedAt } }: Manifest): boolean {
    return mayBeRemoved(segment.key, Date.parse(closedAt), this.#deps.now());
  }

  /** The manifest as the archivist has put it, or what is wrong with it. */
  async #manifest(sequence: number, hash: string): Promise<Manifest | string> {
    const key = manifestKey(sequence);
    const bytes = await this.#deps.store.read(key);
    if (bytes === undefined) return 'the manifest is gone';
    try {
      const manifest = parsed<Manifest>(key, bytes);
      return manifestHash(manifest.header) === hash ? manifest : 'the manifest is another than was put';
    } catch {
      return 'the manifest is no JSON';
    }
  }

  async #range(aggregateType: string, [aggregateId, fromVersion, toVersion]: Head): Promise<ArchivedRange> {
    const events: PublishedEvent[] = [];
    for (let version = fromVersion; version <= toVersion; version = fromVersion + events.length) {
      const limit = Math.min(PAGE_EVENTS, toVersion - version + 1);
      const messages = await this.#deps.readLog({ aggregateType, aggregateId }, version, limit);
      const page = messages.flatMap((message) => message.events);
      if (page.length === 0)
        throw new BrokenArchive(`the log of ${aggregateId} did not give version ${version}`);
      events.push(...page);
    }
    return { aggregateId, events };
  }
}
