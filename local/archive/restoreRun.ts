/** One restoration as it goes on: what the platform has, what it is sent, and what it has in the end. */
import type { Archive } from '../../verifier/archive.ts';
import { countText, plural } from '../../verifier/counts.ts';
import { readRows } from '../../verifier/rows.ts';
import { type ArchiveClient, inParallel, PlatformError } from './client.ts';
import { Progress } from './progress.ts';
import { restoreRequests } from './restoredEvents.ts';
import {
  manifestAt,
  objectOf,
  type RestorePlan,
  rangesOf,
  type WantedLog,
  type WantedRange,
} from './restorePlan.ts';

/** What a log names as the event before its first one. */
const NO_EVENT = '0'.repeat(64);

/** How a log of the platform stands, with the hash of the version that was asked for. */
interface Standing {
  readonly head: number;
  readonly hash: string | null;
  readonly restoring: boolean;
}

/** A log that ends too early, and with which event. */
interface Shortened {
  readonly log: WantedLog;
  readonly head: number;
  readonly hash: string;
}

/** The platform's answer to whoever asks for what is not so. */
const CONFLICT = 409;

type LogKey = Pick<WantedLog, 'aggregateType' | 'aggregateId'>;

export class RestoreRun {
  readonly #client: ArchiveClient;
  readonly #archive: Archive;
  readonly #plan: RestorePlan;
  /** Version of each log's newest event as the platform said before it was touched. */
  readonly #heads = new Map<string, number>();
  readonly #progress = new Progress();
  /** Logs that have lost their end and are to be filled up where they are. */
  readonly #short: Shortened[] = [];
  readonly #isInPlace: boolean;
  #events = 0;

  /** `isInPlace`: whether logs that have lost their end are filled up. */
  constructor(client: ArchiveClient, archive: Archive, plan: RestorePlan, isInPlace: boolean) {
    this.#isInPlace = isInPlace;
    this.#client = client;
    this.#archive = archive;
    this.#plan = plan;
  }

  /**
   * Logs that stand in the way, each as a line: asked of all before the first is touched. A log that has lost its end, and has
   * not gone on since, stands in the way unless it is to be filled up where it is.
   */
  async conflicts(): Promise<string[]> {
    const short: WantedLog[] = [];
    const lines = await this.#ask((log, standing) => {
      const { head, restoring } = standing;
      this.#heads.set(nameOf(log), head);
      if (head >= log.version) return differenceOf(log, standing);
      if (head > 0 && !restoring) short.push(log);
      return undefined;
    });
    return [...lines, ...(await this.#shortened(short))].sort();
  }

  /** Holds the logs that have lost their end. Where one of them went on meanwhile none is held, and it is a line. */
  async hold(): Promise<string[]> {
    const held: Shortened[] = [];
    const lines: string[] = [];
    let isGiveUp = true;
    try {
      await inParallel(this.#short, async (short) => {
        const { log, head, hash } = short;
        try {
          await this.#client.json(`${pathOf(log)}/hold`, bodyOf({ version: head, hash }));
          held.push(short);
        } catch (error) {
          if (!(error instanceof PlatformError) || error.status !== CONFLICT) throw error;
          lines.push(`${nameOf(log)}: ${error.message}`);
        }
      });
      isGiveUp = lines.length > 0;
    } finally {
      if (isGiveUp) await inParallel(held, (short) => this.#letGo(short));
    }
    return lines.sort();
  }

  /** Lets a log go as it was found; one that somebody else fills by now is theirs to let go. */
  async #letGo({ log, head, hash }: Shortened): Promise<void> {
    try {
      await this.#client.json(`${pathOf(log)}/release`, bodyOf({ version: head, hash }));
    } catch (error) {
      if (!(error instanceof PlatformError) || error.status !== CONFLICT) throw error;
    }
  }

  /** Logs that are not what the archive says, each as a line. */
  async differences(): Promise<string[]> {
    return this.#ask((log, standing) =>
      standing.head < log.version
        ? `the log has ${standing.head} of ${plural(log.version, 'event')}`
        : differenceOf(log, standing),
    );
  }

  /** Fills the logs, manifest after manifest. What they have already is not sent again. */
  async fill(): Promise<void> {
    const hashes = new Map<string, string>();
    for (const sequence of this.#plan.manifests) {
      const manifest = await manifestAt(this.#archive, sequence);
      const ranges = rangesOf(manifest, this.#plan.includes);
      const missing = ranges.filter((range) => (this.#heads.get(nameOf(range)) ?? 0) < range.toVersion);
      if (missing.length > 0) {
        const rows = await readRows(await objectOf(this.#archive, manifest.segment.key));
        await inParallel(missing, async (range) => {
          const before = hashes.get(nameOf(range)) ?? NO_EVENT;
          for (const { body } of restoreRequests(rows, range, before)) {
            await this.#client.json(pathOf(range), { method: 'POST', body });
          }
          this.#count(range);
        });
      }
      for (const range of ranges) hashes.set(nameOf(range), range.hash);
    }
  }

  /** Lets every log go. */
  async release(): Promise<void> {
    let released = 0;
    await inParallel(this.#plan.logs.values(), async (log) => {
      const { version, hash } = log;
      await this.#client.json(`${pathOf(log)}/release`, bodyOf({ version, hash }));
      this.#progress.show(`let go ${countText(++released)} of ${plural(this.#plan.logs.size, 'log')}`);
    });
  }

  /** Tells of logs that end too early which of them are a beginning of the archive's: the others have gone on differently. */
  async #shortened(logs: readonly WantedLog[]): Promise<string[]> {
    const shortened = new Map<string, Shortened>();
    await inParallel(logs, async (log) => {
      const { head, hash } = await this.#client.json<Standing>(pathOf(log));
      if (hash !== null) shortened.set(nameOf(log), { log, head, hash });
    });
    const lines: string[] = [];
    for await (const [name, hash] of this.#archived(shortened)) {
      const short = shortened.get(name) as Shortened;
      const { log, head } = short;
      if (hash !== short.hash)
        lines.push(`${name}: the log went on differently: its event of version ${head} is another one`);
      else if (this.#isInPlace) this.#short.push(short);
      else lines.push(`${name}: the log has lost its end: it has ${head} of ${plural(log.version, 'event')}`);
    }
    return lines;
  }

  /** The archive's hashes of the events that logs end with. */
  async *#archived(ends: ReadonlyMap<string, Shortened>): AsyncGenerator<[name: string, hash: string]> {
    if (ends.size === 0) return;
    for (const sequence of this.#plan.manifests) {
      const manifest = await manifestAt(this.#archive, sequence);
      const found = rangesOf(manifest, (name) => ends.has(name)).flatMap((range) => {
        const { head } = ends.get(nameOf(range)) as Shortened;
        return range.fromVersion <= head && head <= range.toVersion ? [{ range, head }] : [];
      });
      if (found.length === 0) continue;
      const rows = await readRows(await objectOf(this.#archive, manifest.segment.key));
      for (const { range, head } of found)
        yield [nameOf(range), rows.hash(range.row + head - range.fromVersion).toString('hex')];
    }
  }

  /** What `fault` says of every log, in the order of their names. */
  async #ask(fault: (log: WantedLog, standing: Standing) => string | undefined): Promise<string[]> {
    const lines: string[] = [];
    let asked = 0;
    await inParallel(this.#plan.logs.values(), async (log) => {
      const standing = await this.#client.json<Standing>(`${pathOf(log)}?version=${log.version}`);
      const found = fault(log, standing);
      if (found !== undefined) lines.push(`${nameOf(log)}: ${found}`);
      this.#progress.show(`compared ${countText(++asked)} of ${plural(this.#plan.logs.size, 'log')}`);
    });
    return lines.sort();
  }

  #count({ fromVersion, toVersion }: WantedRange): void {
    this.#events += toVersion - fromVersion + 1;
    this.#progress.show(`restored ${countText(this.#events)} of ${plural(this.#plan.events, 'event')}`);
  }
}

function differenceOf(log: WantedLog, { head, hash, restoring }: Standing): string | undefined {
  if (hash !== log.hash) return `the log has another event of version ${log.version}`;
  return restoring && head > log.version
    ? `the log is held with ${plural(head, 'event')}, and the archive has ${log.version}`
    : undefined;
}

function nameOf({ aggregateType, aggregateId }: LogKey): string {
  return `${aggregateType}/${aggregateId}`;
}

function pathOf({ aggregateType, aggregateId }: LogKey): string {
  return `/v1/restore/${aggregateType}/${encodeURIComponent(aggregateId)}`;
}

function bodyOf(event: { readonly version: number; readonly hash: string }) {
  return { method: 'POST', body: JSON.stringify(event) };
}
