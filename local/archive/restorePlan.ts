/** What is to be restored from an archive: told from its manifests. */
import type { Archive } from '../../verifier/archive.ts';
import { type Head, type Manifest, manifestKey, parseManifest, sequenceOf } from '../../verifier/manifest.ts';
import { LocalServerError } from '../errors.ts';

/** An aggregate, as `type/id`. */
export type AggregateName = string;

/** A log as it must be in the end. */
export interface WantedLog {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The newest event in the archive, and its hash. */
  readonly version: number;
  readonly hash: string;
}

/** A part of a log: the rows of a segment from `row` on. */
export interface WantedRange extends Head {
  readonly aggregateType: string;
  readonly row: number;
}

/** What to restore, manifest after manifest, and what must come of it. */
export interface RestorePlan {
  readonly logs: ReadonlyMap<AggregateName, WantedLog>;
  /** Events in it. */
  readonly events: number;
  /** Numbers of the manifests that have some of it. */
  readonly manifests: readonly number[];
}

/** Which aggregates are wanted. */
export type Selection = (name: AggregateName) => boolean;

/** The plan for the aggregates that are wanted. Throws {@link LocalServerError} where the beginning of one is past its term. */
export function planRestore(archive: Archive, isWanted: Selection): RestorePlan {
  const logs = new Map<AggregateName, WantedLog>();
  const manifests: number[] = [];
  let events = 0;
  for (const sequence of manifestNumbers(archive)) {
    const manifest = manifestAt(archive, sequence);
    const ranges = rangesOf(manifest, isWanted);
    if (ranges.length === 0) continue;
    if (!archive.has(manifest.segment.key))
      throw new LocalServerError(
        `${manifest.segment.key} is past its term: what was in it cannot be restored`,
      );
    manifests.push(sequence);
    for (const { aggregateType, aggregateId, fromVersion, toVersion: version, hash } of ranges) {
      logs.set(`${aggregateType}/${aggregateId}`, { aggregateType, aggregateId, version, hash });
      events += version - fromVersion + 1;
    }
  }
  return { logs, events, manifests };
}

/** The wanted parts of a manifest's segment. */
export function rangesOf({ aggregateType, heads }: Manifest, isWanted: Selection): WantedRange[] {
  let row = 0;
  const ranges: WantedRange[] = [];
  for (const head of heads) {
    if (isWanted(`${aggregateType}/${head.aggregateId}`)) ranges.push({ ...head, aggregateType, row });
    row += head.toVersion - head.fromVersion + 1;
  }
  return ranges;
}

/** A manifest of a verified archive. */
export function manifestAt(archive: Archive, sequence: number): Manifest {
  return parseManifest(archive.read(manifestKey(sequence)));
}

function manifestNumbers(archive: Archive): number[] {
  return archive.keys('manifests/').flatMap((key) => sequenceOf(key) ?? []);
}
