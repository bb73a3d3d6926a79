/** The manifests as a chain: each is there, is what its own roots say, and names the one before it. */
import type { Archive } from './archive.ts';
import type { LogState } from './checkpoints.ts';
import type { Fault, Findings } from './findings.ts';
import { inOrder } from './inOrder.ts';
import {
  lastOf,
  type Manifest,
  manifestKey,
  NO_MANIFEST,
  numbersTo,
  parseManifest,
  sequenceOf,
  sequenceText,
} from './manifest.ts';
import { GrowingRoot, leaf } from './merkle.ts';

/** What the manifests amount to. */
export interface ManifestChain {
  /** Number of the last one. */
  readonly last: number;
  /** What the first so many manifests amount to; undefined where one of them cannot be read. */
  readonly states: readonly (LogState | undefined)[];
}

type Report = (fault: Fault) => void;

interface ManifestReading {
  readonly sequence: number;
  readonly manifest: Manifest | undefined;
  /** Why there is no manifest. */
  readonly fault: Fault | undefined;
}

/** Follows the chain from the first manifest to the last. `progress` is told how many were read, of how many. */
export async function followManifests(
  archive: Archive,
  findings: Findings,
  progress: (done: number, of: number) => void,
): Promise<ManifestChain> {
  const last = lastOf(archive.keys('manifests/').map(sequenceOf));
  const log = new GrowingRoot();
  const states: (LogState | undefined)[] = [{ root: log.root(), events: 0 }];
  let previous: string | undefined = NO_MANIFEST;
  let events = 0;
  const readings = inOrder(numbersTo(last), (sequence) => readManifest(archive, sequence));
  for await (const { sequence, manifest, fault } of readings) {
    const report: Report = (found) => findings.add({ object: manifestKey(sequence), ...found });
    if (fault !== undefined) report(fault);
    if (manifest !== undefined) {
      checkHeader(sequence, manifest, previous, report);
      checkRoots(manifest, report);
      // A tree with a leaf missing is another tree.
      if (log.size === sequence - 1) {
        log.add(leaf(Buffer.from(manifest.hash, 'hex')));
        events += manifest.events;
        states[sequence] = { root: log.root(), events };
      }
    }
    previous = manifest?.hash;
    progress(sequence, last);
  }
  return { last, states };
}

/** A manifest that {@link followManifests} has looked at; undefined where it is none. */
export async function manifestAt(archive: Archive, sequence: number): Promise<Manifest | undefined> {
  return (await readManifest(archive, sequence)).manifest;
}

async function readManifest(archive: Archive, sequence: number): Promise<ManifestReading> {
  const without = (fault: Fault) => ({ sequence, manifest: undefined, fault });
  const bytes = await archive.read(manifestKey(sequence));
  if (bytes === undefined)
    return without({ kind: 'missing_object', detail: 'manifests are numbered without a gap' });
  try {
    return { sequence, manifest: parseManifest(bytes), fault: undefined };
  } catch (error) {
    return without({ kind: 'unreadable_object', detail: `not a manifest: ${(error as Error).message}` });
  }
}

function checkHeader(
  sequence: number,
  manifest: Manifest,
  previous: string | undefined,
  report: Report,
): void {
  if (manifest.sequence !== sequence)
    report({ kind: 'broken_link', detail: `its number is ${manifest.sequence}` });
  if (previous !== undefined && manifest.previousManifest !== previous) {
    const before = manifestKey(sequence - 1);
    const detail = `it names another manifest than ${before} as it stands: one of the two was changed`;
    report({ kind: 'broken_link', detail });
  }
  checkKey(sequence, manifest, report);
}

/** The term, the type and the day in a segment's key: rules of the bucket and readers of the archive go by them. */
const TERM = /^segments\/(\d+)y\//;
const PLACE = /^segments\/\d+y\/([A-Za-z]+)\/(\d{4}-\d\d-\d\d)\/[^/]+$/;

/** Years that every segment is kept for at least: books are kept for seven, whatever the jurisdiction. */
const TERM_YEARS_MIN = 7;

function checkKey(sequence: number, manifest: Manifest, report: Report): void {
  const { retentionYears, aggregateType, closedAt } = manifest;
  const { key, sha256 } = manifest.segment;
  const [, years] = TERM.exec(key) ?? [];
  const [, type, day] = PLACE.exec(key) ?? [];
  if (retentionYears !== undefined && Number(years) !== retentionYears) {
    const detail = `the segment's key is not that of what is kept for ${retentionYears} years`;
    report({ kind: 'broken_link', detail });
  }
  if (years !== undefined && Number(years) < TERM_YEARS_MIN) {
    const detail = `the segment is kept for ${years} years, and books are for ${TERM_YEARS_MIN} at least`;
    report({ kind: 'broken_link', detail });
  }
  if (type !== aggregateType || day !== closedAt.slice(0, 10)) {
    const detail = `the segment's key is not one of ${aggregateType} closed at ${closedAt}: who reads by keys does not find it`;
    report({ kind: 'broken_link', detail });
  }
  if (!key.endsWith(`/${sequenceText(sequence)}-${sha256}.parquet`)) {
    const detail = "the segment's key is not made of the manifest's number and the segment's SHA-256";
    report({ kind: 'broken_link', detail });
  }
}

function checkRoots(manifest: Manifest, report: Report): void {
  const heads = new GrowingRoot();
  for (const head of manifest.heads) heads.add(leaf(head.leaf));
  if (heads.root() !== manifest.headsRoot) {
    report({ kind: 'wrong_root', detail: 'headsRoot is not the root of its heads' });
  }
  if (manifest.columnsFound !== manifest.columnsHash) {
    report({ kind: 'wrong_root', detail: 'columnsHash is not the hash of its columns' });
  }
}
