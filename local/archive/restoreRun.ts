/** One restoration as it goes on: what the platform has, what it is sent, and what it has in the end. */
import type { Archive } from '../../verifier/archive.ts';
import { readRows } from '../../verifier/rows.ts';
import { countText } from '../lines.ts';
import { type ArchiveClient, inParallel } from './client.ts';
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

type LogKey = Pick<WantedLog, 'aggregateType' | 'aggregateId'>;

export class RestoreRun {
  readonly #client: ArchiveClient;
  readonly #archive: Archive;
  readonly #plan: RestorePlan;
  /** Version of each log's newest event as the platform said before it was touched. */
  readonly #heads = new Map<string, number>();
  readonly #progress = new Progress();
  #events = 0;

  constructor(client: ArchiveClient, archive: Archive, plan: RestorePlan) {
    this.#client = client;
    this.#archive = archive;
    this.#plan = plan;
  }

  /** Logs that stand in the way, each as a line: asked of all before the first is touched. */
  async conflicts(): Promise<string[]> {
    return this.#ask((log, { head, hash, restoring }) => {
      this.#heads.set(nameOf(log), head);
      if (head < log.version) {
        return head === 0 || restoring
          ? undefined
          : `the log is in use, and ends with version ${head} of ${log.version}`;
      }
      return differenceOf(log, { head, hash, restoring });
    });
  }

  /** Logs that are not what the archive says, each as a line. */
  async differences(): Promise<string[]> {
    return this.#ask((log, standing) =>
      standing.head < log.version
        ? `the log has ${standing.head} of ${log.version} events`
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
      const body = JSON.stringify({ version: log.version, hash: log.hash });
      await this.#client.json(`${pathOf(log)}/release`, { method: 'POST', body });
      this.#progress.show(`let go ${countText(++released)} of ${countText(this.#plan.logs.size)} logs`);
    });
  }

  /** What `fault` says of every log, in the order of their names. */
  async #ask(fault: (log: WantedLog, standing: Standing) => string | undefined): Promise<string[]> {
    const lines: string[] = [];
    let asked = 0;
    await inParallel(this.#plan.logs.values(), async (log) => {
      const standing = await this.#client.json<Standing>(`${pathOf(log)}?version=${log.version}`);
      const found = fault(log, standing);
      if (found !== undefined) lines.push(`${nameOf(log)}: ${found}`);
      this.#progress.show(`compared ${countText(++asked)} of ${countText(this.#plan.logs.size)} logs`);
    });
    return lines.sort();
  }

  #count({ fromVersion, toVersion }: WantedRange): void {
    this.#events += toVersion - fromVersion + 1;
    this.#progress.show(`restored ${countText(this.#events)} of ${countText(this.#plan.events)} events`);
  }
}

function differenceOf(log: WantedLog, { head, hash, restoring }: Standing): string | undefined {
  if (hash !== log.hash) return `the log has another event of version ${log.version}`;
  return restoring && head > log.version
    ? `the log is held with ${head} events, and the archive has ${log.version}`
    : undefined;
}

function nameOf({ aggregateType, aggregateId }: LogKey): string {
  return `${aggregateType}/${aggregateId}`;
}

function pathOf({ aggregateType, aggregateId }: LogKey): string {
  return `/v1/restore/${aggregateType}/${encodeURIComponent(aggregateId)}`;
}
