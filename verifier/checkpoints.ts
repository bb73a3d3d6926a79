/** Checkpoints: their chain, their signatures, and the roots that they state over the manifests. */
import type { Archive } from './archive.ts';
import { canonical, parseCanonical, sha256 } from './canonical.ts';
import { plural } from './counts.ts';
import type { Fault, Findings } from './findings.ts';
import { inOrder } from './inOrder.ts';
import { isSigned, TrustedKeys } from './keys.ts';
import { lastOf, manifestKey, numbersTo, sequenceText } from './manifest.ts';
import { count, digest, fields, text } from './shape.ts';

/** What the first checkpoint names as the one before. */
const NO_CHECKPOINT = '0'.repeat(64);

/** What the manifests up to a number amount to. */
export interface LogState {
  /** Root over their hashes. */
  readonly root: string;
  readonly events: number;
}

interface Checkpoint {
  readonly body: unknown;
  readonly hash: string;
  readonly sequence: number;
  readonly previousCheckpoint: string;
  readonly keyId: string;
  readonly manifests: number;
  readonly events: number;
  readonly root: string;
  readonly signature: string;
}

/** Number of the checkpoint of this key, undefined where it is no checkpoint's key. */
function sequenceOf(key: string): number | undefined {
  const match = /^checkpoints\/(\d{12})\.json$/.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** What the checkpoints of an archive say. */
export interface CheckpointReport {
  readonly checkpoints: number;
  /** Manifests that the newest of them covers. */
  readonly covered: number;
  /** Manifests that a trusted signature proves to be as they were. */
  readonly proven: number;
  /** Objects that were looked at. */
  readonly objects: ReadonlySet<string>;
}

/** What checkpoints are checked against. */
export interface CheckpointCheck {
  readonly keys: TrustedKeys;
  /** What the archive's first so many manifests amount to; undefined where that is not known. */
  readonly logState: (manifests: number) => LogState | undefined;
  readonly findings: Findings;
  /** Told how many were looked at, of how many. */
  readonly progress: (done: number, of: number) => void;
}

/** Checks every checkpoint. */
export async function checkCheckpoints(
  archive: Archive,
  { keys, logState, findings, progress }: CheckpointCheck,
): Promise<CheckpointReport> {
  const last = lastOf(archive.keys('checkpoints/').map(sequenceOf));
  const objects = new Set<string>();
  let previous: Checkpoint | undefined;
  let isLinked = true;
  let isRooted = true;
  let proven = 0;
  /** The key that signs by now. */
  let signer: string | undefined;
  const readings = inOrder(numbersTo(last), (sequence) => readCheckpoint(archive, sequence));
  for await (const { sequence, checkpoint, fault } of readings) {
    const object = checkpointKey(sequence);
    objects.add(object);
    progress(sequence, last);
    const report: Report = (found) => findings.add({ object, ...found });
    if (checkpoint === undefined) {
      report(fault);
      isLinked = false;
      continue;
    }
    if (checkpoint.sequence !== sequence)
      report({ kind: 'broken_link', detail: `its number is ${checkpoint.sequence}` });
    if (isLinked) checkLink(checkpoint, previous, report);
    const isInOffice = signer === undefined || keys.follows(checkpoint.keyId, signer);
    if (isInOffice) signer = checkpoint.keyId;
    else
      report({
        kind: 'untrusted_key',
        detail: `key ${checkpoint.keyId} signs after ${signer} took over from it, or from another`,
      });
    const isTrusted = checkSignature(checkpoint, keys, objects, report) && isInOffice;
    // Once a root is wrong, all later ones are: they cover the same manifests.
    if (isRooted) isRooted = checkRoot(checkpoint, previous?.manifests ?? 0, logState, report);
    if (isTrusted && isRooted) proven = checkpoint.manifests;
    previous = checkpoint;
    isLinked = true;
  }
  return { checkpoints: last, covered: previous?.manifests ?? 0, proven, objects };
}

/** Whether the archive still has a checkpoint that was seen earlier: what was cut off at its end shows in no other way. */
export async function checkKnown(archive: Archive, known: unknown, findings: Findings): Promise<void> {
  const { sequence } = fields(fields(known, 'checkpoint').checkpoint, 'checkpoint');
  const object = checkpointKey(count(sequence, 'sequence'));
  const bytes = await archive.read(object);
  if (bytes !== undefined && Buffer.compare(bytes, Buffer.from(canonical(known))) === 0) return;
  findings.add({
    kind: 'incomplete',
    object,
    detail: 'the archive does not have the checkpoint that you know',
  });
}

/** Key of the checkpoint of this number. */
export function checkpointKey(sequence: number): string {
  return `checkpoints/${sequenceText(sequence)}.json`;
}

type Report = (fault: Fault) => void;

type CheckpointReading = { readonly sequence: number } & (
  | { readonly checkpoint: Checkpoint; readonly fault: undefined }
  | { readonly checkpoint: undefined; readonly fault: Fault }
);

async function readCheckpoint(archive: Archive, sequence: number): Promise<CheckpointReading> {
  const without = (fault: Fault) => ({ sequence, checkpoint: undefined, fault });
  const bytes = await archive.read(checkpointKey(sequence));
  if (bytes === undefined)
    return without({ kind: 'missing_object', detail: 'checkpoints are numbered without a gap' });
  try {
    return { sequence, checkpoint: parseCheckpoint(bytes), fault: undefined };
  } catch (error) {
    return without({ kind: 'unreadable_object', detail: `not a checkpoint: ${(error as Error).message}` });
  }
}

/** The checkpoint in a file. Throws with the reason where the file is none. */
function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = fields(parseCanonical(bytes), 'checkpoint');
  if (Object.keys(file).length !== 2) throw new Error('it has more than a checkpoint and its signature');
  const body = fields(file.checkpoint, 'checkpoint');
  return {
    body,
    hash: sha256(canonical(body)),
    sequence: count(body.sequence, 'sequence'),
    previousCheckpoint: digest(body.previousCheckpoint, 'previousCheckpoint'),
    keyId: text(body.keyId, 'keyId'),
    manifests: count(body.manifests, 'manifests'),
    events: count(body.events, 'events'),
    root: digest(body.root, 'root'),
    signature: text(file.signature, 'signature'),
  };
}

function checkLink(checkpoint: Checkpoint, previous: Checkpoint | undefined, report: Report): void {
  if (checkpoint.previousCheckpoint !== (previous?.hash ?? NO_CHECKPOINT)) {
    const before = checkpointKey(checkpoint.sequence - 1);
    const detail = `it names another checkpoint than ${before} as it stands: one of the two was changed`;
    report({ kind: 'broken_link', detail });
  }
  if (checkpoint.manifests <= (previous?.manifests ?? 0)) {
    report({ kind: 'broken_link', detail: 'it covers no more manifests than the one before' });
  }
}

/** Whether a trusted key has signed the checkpoint. */
function checkSignature(
  { keyId, body, signature }: Checkpoint,
  keys: TrustedKeys,
  objects: Set<string>,
  report: Report,
): boolean {
  const record = TrustedKeys.object(keyId);
  objects.add(record);
  const recorded = keys.recorded(keyId);
  if (recorded === undefined) {
    report({
      kind: 'missing_object',
      detail: `${record}, the record of its key, is missing or cannot be read`,
    });
  }
  const trusted = keys.trusted(keyId);
  const key = trusted ?? recorded;
  if (key === undefined) return false;
  const holds = isSigned(body, signature, key);
  if (!holds) report({ kind: 'bad_signature', detail: `the signature of key ${keyId} does not hold` });
  if (trusted === undefined) report({ kind: 'untrusted_key', detail: `key ${keyId} is not trusted` });
  return holds && trusted !== undefined;
}

/** Whether the manifests are what the checkpoint says. `before` of them are what the one before it said. */
function checkRoot(
  { manifests, events, root }: Checkpoint,
  before: number,
  logState: (manifests: number) => LogState | undefined,
  report: Report,
): boolean {
  const state = logState(manifests);
  if (state === undefined) {
    const detail = `not all manifests up to ${manifestKey(manifests)} can be read, which it covers`;
    report({ kind: 'missing_object', detail });
    return false;
  }
  if (state.root !== root) {
    const suspects = `${manifestKey(before + 1)} to ${manifestKey(manifests)}`;
    report({ kind: 'wrong_root', detail: `not the root over the manifests: one of ${suspects} was changed` });
  } else if (state.events !== events) {
    report({
      kind: 'wrong_root',
      detail: `it counts ${plural(events, 'event')}, the manifests have ${state.events}`,
    });
  }
  return state.root === root;
}
