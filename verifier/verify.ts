/** The whole verification: every object of the archive, in the order in which it was written. */
import { type Archive, BoundedArchive } from './archive.ts';
import { checkCheckpoints, checkKnown, checkpointKey } from './checkpoints.ts';
import { Contents } from './contents.ts';
import { Findings } from './findings.ts';
import { inOrder } from './inOrder.ts';
import { type PublicKey, TrustedKeys } from './keys.ts';
import { manifestKey, numbersTo, sequenceOf } from './manifest.ts';
import { followManifests, manifestAt } from './manifestChain.ts';

/** How long the rows of one altered segment may be looked at, in milliseconds: a sound one takes less than one second. */
const PATIENCE_MS = 10_000;

/** What was looked at, and what is wrong. */
export interface Verification {
  readonly findings: Findings;
  readonly manifests: number;
  readonly checkpoints: number;
  readonly events: number;
  readonly aggregates: number;
  /** Segments that are past their term and no longer there. */
  readonly expired: number;
  /** The key that was taken at the archive's word, since none was given. */
  readonly assumedKey: string | undefined;
}

/** How far the verification has come: it reads all manifests, then all checkpoints, then what each manifest covers. */
export interface Done {
  readonly step: 'manifests' | 'checkpoints' | 'segments';
  /** Of the step's objects. */
  readonly done: number;
  readonly of: number;
  /** Events that were looked at. */
  readonly events: number;
}

/** What a verification may be told beside the archive. */
export interface Expectations {
  /** Keys that are trusted whatever the archive says. */
  readonly keys?: readonly PublicKey[];
  /** A checkpoint that somebody has kept from earlier, as it stands in the archive: it must still be there. */
  readonly knownCheckpoint?: unknown;
  /** How long the rows of one segment that nobody vouches for may be looked at. */
  readonly patienceMs?: number;
  /** Told how far it has come. */
  readonly progress?: (done: Done) => void;
}

/** Verifies an archive. `now` (milliseconds since 1970) tells which segments may be past their term. */
export async function verifyArchive(
  unbounded: Archive,
  now: number,
  {
    keys: given = [],
    knownCheckpoint,
    patienceMs = PATIENCE_MS,
    progress = () => undefined,
  }: Expectations = {},
): Promise<Verification> {
  const findings = new Findings();
  const archive = new BoundedArchive(unbounded, findings);
  // Signatures first: what they cover was written by the archivist, and can be read without a guard.
  const told = (step: Done['step']) => (done: number, of: number) => progress({ step, done, of, events: 0 });
  const { last, states } = await followManifests(archive, findings, told('manifests'));
  const keys = await TrustedKeys.read(archive, given, findings);
  const { checkpoints, covered, proven, objects } = await checkCheckpoints(archive, {
    keys,
    logState: (size) => states[size],
    findings,
    progress: told('checkpoints'),
  });
  if (last + checkpoints === 0) {
    const detail = 'there is no manifest and no checkpoint: it is no archive, or nothing is left of one';
    findings.add({ kind: 'incomplete', object: checkpointKey(1), detail });
  }
  for (let sequence = covered + 1; sequence <= last; sequence++) {
    const detail = `no checkpoint signs it: it came later, or ${checkpointKey(checkpoints + 1)} is missing`;
    findings.add({ kind: 'not_covered', object: manifestKey(sequence), detail });
  }
  if (knownCheckpoint !== undefined) await checkKnown(archive, knownCheckpoint, findings);
  const contents = new Contents(findings, now, patienceMs);
  const readings = inOrder(numbersTo(last), (sequence) => readContents(archive, sequence));
  for await (const { sequence, manifest, segment } of readings) {
    if (manifest !== undefined) await contents.check(sequence, manifest, segment, sequence <= proven);
    progress({ step: 'segments', done: sequence, of: last, events: contents.events });
  }
  reportUnknown(archive, last, [objects, contents.objects], findings);
  const { events, positions, expired } = contents;
  const counts = { manifests: last, checkpoints, events, aggregates: positions.size, expired };
  return { findings, ...counts, assumedKey: keys.assumed };
}

async function readContents(archive: Archive, sequence: number) {
  const manifest = await manifestAt(archive, sequence);
  const segment = manifest === undefined ? undefined : await archive.read(manifest.segment.key);
  return { sequence, manifest, segment };
}

/** What is in the archive and nothing else speaks of. */
function reportUnknown(
  archive: Archive,
  manifests: number,
  known: readonly ReadonlySet<string>[],
  findings: Findings,
): void {
  for (const key of archive.keys()) {
    const sequence = sequenceOf(key);
    const isManifest = sequence !== undefined && sequence >= 1 && sequence <= manifests;
    if (isManifest || known.some((keys) => keys.has(key))) continue;
    findings.add({ kind: 'unknown_object', object: key, detail: 'nothing in the archive speaks of it' });
  }
}
