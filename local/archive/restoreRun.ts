/** One restoration as it goes on: what the platform has, what it is sent, and what it has in the end. */
import { randomInt } from 'node:crypto';
import type { Archive } from '../../verifier/archive.ts';
import { countText, plural } from '../../verifier/counts.ts';
import { readRows } from '../../verifier/rows.ts';
import { LocalServerError } from '../errors.ts';
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

/** A log that ends too early, with which event, and whether it was held when it was asked about. */
interface Shortened {
  readonly log: WantedLog;
  readonly head: number;
  readonly hash: string;
  readonly isHeld: boolean;
}

/** Numbers of holders are below: two runs hardly ever draw the same. The first one is nobody's in particular. */
const HOLDERS_MAX = 2 ** 48 - 1;
const HOLDER_FIRST = 2;

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
  /** Logs that have lost their end and are to be filled up where they are, and those that another run fills or has filled in part. */
  readonly #short: Shortened[] = [];
  /** By which this run alone gives up what another may hold as well. */
  readonly #holder = randomInt(HOLDER_FIRST, HOLDERS_MAX);
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
      const { head } = standing;
      this.#heads.set(nameOf(log), head);
      if (head >= log.version) return differenceOf(log, standing);
      if (head > 0) short.push(log);
      return undefined;
    });
    return [...lines, ...(await this.#shortened(short))].sort();
  }

  /**
   * Holds the logs that have lost their end. Where one of them went on meanwhile none is held, and it is a line; and none where the
   * platform does not answer, but for those that another run holds as well.
   */
  async hold(): Promise<string[]> {
    // All that were asked for: who hears no answer does not know whether it is held.
    const asked: Shortened[] = [];
    const lines: string[] = [];
    try {
      await inParallel(this.#short, async (short) => {
        asked.push(short);
        const line = await this.#heldOrWhy(short);
        if (line !== undefined) lines.push(line);
      });
    } catch (error) {
      throw await this.#givenUp(asked, error);
    }
    if (lines.length > 0) await inParallel(asked, (short) => this.#letGo(short));
    return lines.sort();
  }

  /** Holds a log; answers why not where it went on. One that another run has filled and let go since is compared in the end. */
  async #heldOrWhy({ log, head, hash, isHeld }: Shortened): Promise<string | undefined> {
    try {
      await this.#client.json(`${pathOf(log)}/hold`, this.#holding(head, hash));
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (!isHeld) return `${nameOf(log)}: ${error.message}`;
    }
    return undefined;
  }

  /** Lets go what was asked for, as far as the platform answers; what there is to say in the end. */
  async #givenUp(asked: readonly Shortened[], error: unknown): Promise<unknown> {
    let left = 0;
    await inParallel(asked, (short) => this.#letGo(short).catch(() => void left++));
    if (left === 0 || !(error instanceof LocalServerError)) return error;
    const which = `${plural(left, 'log is', 'logs are')} perhaps still held`;
    return new LocalServerError(`${error.message}\n${which}: run it again`);
  }

  /** Lets a log go as it was found; one that somebody else holds or fills by now is theirs to let go. */
  async #letGo({ log, head, hash }: Shortened): Promise<void> {
    try {
      await this.#client.json(`${pathOf(log)}/release`, this.#holding(head, hash));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  /** That this run holds a log at an event, or gives it up. */
  #holding(version: number, hash: string) {
    return { method: 'POST', body: JSON.stringify({ version, hash, holder: this.#holder }) };
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
      const body = JSON.stringify({ version, hash });
      await this.#client.json(`${pathOf(log)}/release`, { method: 'POST', body });
      this.#progress.show(`let go ${countText(++released)} of ${plural(this.#plan.logs.size, 'log')}`);
    });
  }

  /** Tells of logs that end too early which of them are a beginning of the archive's: the others have gone on differently. */
  async #shortened(logs: readonly WantedLog[]): Promise<string[]> {
    const shortened = new Map<string, Shortened>();
    await inParallel(logs, async (log) => {
      const { head, hash, restoring: isHeld } = await this.#client.json<Standing>(pathOf(log));
      if (hash !== null) shortened.set(nameOf(log), { log, head, hash, isHeld });
    });
    const lines: string[] = [];
    for await (const [name, hash] of this.#archived(shortened)) {
      const short = shortened.get(name) as Shortened;
      const { log, head } = short;
      if (hash !== short.hash)
        lines.push(`${name}: the log went on differently: its event of version ${head} is another one`);
      else if (this.#isInPlace || short.isHeld) this.#short.push(short);
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

function isConflict(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.status === CONFLICT;
}
