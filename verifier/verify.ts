/** The whole verification: every object of the archive, in the order in which it was written. */
import type { ArchiveFolder } from './archive.ts';
import { Findings } from './findings.ts';
import { type Head, type Manifest, manifestKey, NO_MANIFEST, parseManifest, sequenceOf } from './manifest.ts';
import { GrowingRoot, leaf } from './merkle.ts';
import { checkSegment, Positions } from './segment.ts';

/** What was looked at, and what is wrong. */
export interface Verification {
  readonly findings: Findings;
  readonly manifests: number;
  readonly events: number;
  readonly aggregates: number;
  /** Segments that are past their term and no longer there. */
  readonly expired: number;
}

/** Told how far the verification has come. */
export type Progress = (done: { manifests: number; of: number; events: number }) => void;

/** Verifies an archive. `now` (milliseconds since 1970) tells which segments may be past their term. */
export async function verifyArchive(
  archive: ArchiveFolder,
  now: number,
  progress: Progress = () => undefined,
): Promise<Verification> {
  const run = new Run(archive, now);
  const last = Math.max(0, ...archive.keys('manifests/').map((key) => sequenceOf(key) ?? 0));
  for (let sequence = 1; sequence <= last; sequence++) {
    await run.manifest(sequence);
    progress({ manifests: sequence, of: last, events: run.events });
  }
  run.unknownObjects();
  const { findings, events, positions, expired } = run;
  return { findings, manifests: last, events, aggregates: positions.size, expired };
}

class Run {
  readonly findings = new Findings();
  readonly positions = new Positions();
  events = 0;
  expired = 0;
  readonly #archive: ArchiveFolder;
  readonly #now: number;
  readonly #known = new Set<string>();
  /** Hash of the manifest before; undefined where that cannot be known. */
  #previous: string | undefined = NO_MANIFEST;

  constructor(archive: ArchiveFolder, now: number) {
    this.#archive = archive;
    this.#now = now;
  }

  async manifest(sequence: number): Promise<void> {
    const key = manifestKey(sequence);
    this.#known.add(key);
    const manifest = this.#readManifest(key);
    if (manifest === undefined) {
      this.#previous = undefined;
      return;
    }
    this.#checkHeader(key, sequence, manifest);
    this.#previous = manifest.hash;
    this.#checkHeads(key, manifest);
    await this.#checkSegment(key, manifest);
    for (const head of manifest.heads) this.positions.set(manifest.aggregateType, head);
  }

  /** What is in the archive and nothing else speaks of. */
  unknownObjects(): void {
    for (const key of this.#archive.keys()) {
      if (!this.#known.has(key)) {
        this.findings.add({
          kind: 'unknown_object',
          object: key,
          detail: 'nothing in the archive speaks of it',
        });
      }
    }
  }

  #readManifest(key: string): Manifest | undefined {
    if (!this.#archive.has(key)) {
      this.findings.add({
        kind: 'missing_object',
        object: key,
        detail: 'manifests are numbered without a gap',
      });
      return undefined;
    }
    try {
      return parseManifest(this.#archive.read(key));
    } catch (error) {
      const detail = `not a manifest: ${(error as Error).message}`;
      this.findings.add({ kind: 'unreadable_object', object: key, detail });
      return undefined;
    }
  }

  #checkHeader(object: string, sequence: number, manifest: Manifest): void {
    if (manifest.sequence !== sequence) {
      this.findings.add({ kind: 'broken_link', object, detail: `its number is ${manifest.sequence}` });
    }
    if (this.#previous !== undefined && manifest.previousManifest !== this.#previous) {
      const detail = 'it does not name the manifest before it: one of the two was changed';
      this.findings.add({ kind: 'broken_link', object, detail });
    }
    const heads = new GrowingRoot();
    for (const head of manifest.heads) heads.add(leaf(head.leaf));
    if (heads.root() !== manifest.headsRoot) {
      this.findings.add({ kind: 'wrong_root', object, detail: 'headsRoot is not the root of its heads' });
    }
    if (manifest.columnsFound !== manifest.columnsHash) {
      this.findings.add({ kind: 'wrong_root', object, detail: 'columnsHash is not the hash of its columns' });
    }
  }

  /** Completeness, from manifests alone: every aggregate's ranges follow on one another from version 1. */
  #checkHeads(object: string, { aggregateType, heads, events }: Manifest): void {
    let covered = 0;
    for (const head of heads) {
      const { aggregateId, fromVersion, toVersion } = head;
      const { version } = this.positions.of(aggregateType, aggregateId);
      covered += toVersion - fromVersion + 1;
      if (fromVersion === version + 1 && toVersion >= fromVersion) continue;
      const event = `${aggregateType}/${aggregateId} version ${version + 1}`;
      if (fromVersion > version + 1) {
        this.findings.add({ kind: 'gap', object, event, detail: `missing up to version ${fromVersion - 1}` });
      } else {
        const detail = `versions ${fromVersion} to ${toVersion} come after version ${version}`;
        this.findings.add({ kind: 'archived_twice', object, event: rangeName(aggregateType, head), detail });
      }
    }
    if (covered !== events) {
      this.findings.add({
        kind: 'wrong_root',
        object,
        detail: `its heads cover ${covered} events, not ${events}`,
      });
    }
  }

  async #checkSegment(object: string, manifest: Manifest): Promise<void> {
    const { key } = manifest.segment;
    if (this.#known.has(key)) {
      this.findings.add({ kind: 'archived_twice', object, detail: `${key} belongs to an earlier manifest` });
    }
    this.#known.add(key);
    if (this.#archive.has(key)) {
      const bytes = this.#archive.read(key);
      this.events += await checkSegment(manifest, bytes, this.positions, this.findings);
    } else if (isExpired(manifest, this.#now)) this.expired++;
    else this.findings.add({ kind: 'missing_object', object: key, detail: `${object} names it` });
  }
}

/** Whether the term in the segment's key is over: it may have been removed. */
function isExpired({ segment, closedAt }: Manifest, now: number): boolean {
  const years = /^segments\/(\d+)y\//.exec(segment.key)?.[1];
  if (years === undefined) return false;
  const end = new Date(closedAt);
  end.setUTCFullYear(end.getUTCFullYear() + Number(years));
  return end.getTime() <= now;
}

function rangeName(aggregateType: string, { aggregateId, fromVersion, toVersion }: Head): string {
  return `${aggregateType}/${aggregateId} versions ${fromVersion} to ${toVersion}`;
}
