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
  /** All that the archive has, wanted or not. */
  readonly names: ReadonlySet<AggregateName>;
  /** Numbers of the manifests that have some of it. */
  readonly manifests: readonly number[];
  /** Wanted logs that are no part of it: events of theirs are past their term and gone, and what comes after has nothing to follow on. */
  readonly lost: ReadonlySet<AggregateName>;
  /** Whether a log is a part of it. */
  readonly includes: Selection;
}

/** Which aggregates are wanted. */
export type Selection = (name: AggregateName) => boolean;

/** The plan for the aggregates that are wanted. */
export async function planRestore(archive: Archive, isWanted: Selection): Promise<RestorePlan> {
  const lost = await lostLogs(archive, isWanted);
  const includes: Selection = (name) => isWanted(name) && !lost.has(name);
  const logs = new Map<AggregateName, WantedLog>();
  const names = new Set<AggregateName>();
  const manifests: number[] = [];
  let events = 0;
  for (const sequence of manifestNumbers(archive)) {
    const manifest = await manifestAt(archive, sequence);
    for (const { aggregateId } of manifest.heads) names.add(`${manifest.aggregateType}/${aggregateId}`);
    const ranges = rangesOf(manifest, includes);
    if (ranges.length === 0) continue;
    manifests.push(sequence);
    for (const { aggregateType, aggregateId, fromVersion, toVersion: version, hash } of ranges) {
      logs.set(`${aggregateType}/${aggregateId}`, { aggregateType, aggregateId, version, hash });
      events += version - fromVersion + 1;
    }
  }
  return { logs, events, names, manifests, lost, includes };
}

/** Wanted logs with events in segments that are gone: in a verified archive those that are past their term. */
async function lostLogs(archive: Archive, isWanted: Selection): Promise<Set<AggregateName>> {
  const there = new Set(archive.keys('segments/').map((key) => Number(/(\d{12})-[^/]*$/.exec(key)?.[1])));
  const gone = manifestNumbers(archive).filter((sequence) => !there.has(sequence));
  const lost = new Set<AggregateName>();
  for (const sequence of gone) {
    const ranges = rangesOf(await manifestAt(archive, sequence), isWanted);
    for (const { aggregateType, aggregateId } of ranges) lost.add(`${aggregateType}/${aggregateId}`);
  }
  return lost;
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
export async function manifestAt(archive: Archive, sequence: number): Promise<Manifest> {
  return parseManifest(await objectOf(archive, manifestKey(sequence)));
}

/** The bytes of an object that a verified archive has. Throws where it is gone since. */
export async function objectOf(archive: Archive, key: string): Promise<Uint8Array> {
  const bytes = await archive.read(key);
  if (bytes === undefined) throw new LocalServerError(`there is no object ${key} any more`);
  return bytes;
}

function manifestNumbers(archive: Archive): number[] {
  return archive.keys('manifests/').flatMap((key) => sequenceOf(key) ?? []);
}
