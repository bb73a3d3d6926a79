/**
 * Changes to the events of an archive by somebody who writes segments as the archivist does: with the manifest left as it
 * was, with all manifests made to fit, and with all checkpoints signed anew by a key of the forger's own.
 */
import type { Random } from '../../demo/random.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import {
  type Checkpoint,
  checkpointHash,
  checkpointKey,
  keyRecord,
  keyRecordKey,
  type SigningKey,
  signCheckpoint,
  signingKeys,
} from '../../queues/archive/checkpoint.ts';
import {
  type Manifest,
  type ManifestHeader,
  manifestHash,
  manifestKey,
  manifestOf,
  manifestText,
} from '../../queues/archive/manifest.ts';
import { leafHash, MemoryTree, textOf, treeRoot } from '../../queues/archive/merkle.ts';
import { buildSegment, type SegmentFile } from '../../queues/archive/segment.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import type { Retention } from '../../schemas/retention.ts';
import type { ArchiveWorld } from './archive.ts';
import { finished } from './paced.ts';
import type { Change, Objects, Touched } from './tampering.ts';

/** Events of one aggregate while they are changed. */
export interface Range {
  readonly aggregateId: string;
  readonly events: PublishedEvent[];
}

/** Changes the events of a segment; answers the one that is another now, where there is one. */
type EventChange = (ranges: Range[], random: Random) => string | undefined;

const nameOf = ({ aggregateId }: Range, { version }: PublishedEvent) =>
  `account/${aggregateId} version ${version}`;

function altered(event: PublishedEvent, random: Random): PublishedEvent {
  switch (random.integer(5)) {
    case 0:
      return { ...event, recordedAt: event.recordedAt + 1 };
    case 1:
      return { ...event, metadata: { ...event.metadata, userId: 'somebody' } };
    case 2:
      return { ...event, schemaVersion: event.schemaVersion + 1 };
    case 3:
      return { ...event, hash: event.hash.replace(/./, (digit) => (digit === '0' ? '1' : '0')) };
    default:
      return { ...event, data: { ...event.data, reference: 'another' } };
  }
}

const EVENT_CHANGES: Readonly<Record<string, EventChange>> = {
  'an altered event': (ranges, random) => {
    const range = random.pick(ranges);
    const at = random.integer(range.events.length);
    const event = range.events[at] as PublishedEvent;
    range.events[at] = altered(event, random);
    return nameOf(range, event);
  },
  'a dropped event': (ranges, random) => {
    const { events } = random.pick(ranges.filter((range) => range.events.length > 1));
    events.splice(random.integer(events.length), 1);
    return undefined;
  },
  'a doubled event': (ranges, random) => {
    const { events } = random.pick(ranges);
    const at = random.integer(events.length);
    events.splice(at, 0, events[at] as PublishedEvent);
    return undefined;
  },
  'two swapped events': (ranges, random) => {
    const [one, other] = [random.pick(ranges).events, random.pick(ranges).events];
    const [at, there] = [random.integer(one.length), random.integer(other.length)];
    const event = one[at] as PublishedEvent;
    one[at] = other[there] as PublishedEvent;
    other[there] = event;
    return undefined;
  },
  'truncated events': (ranges, random) => {
    const { events } = random.pick(ranges.filter((range) => range.events.length > 1));
    events.splice(1 + random.integer(events.length - 1));
    return undefined;
  },
};

/** The changes of events in an archive that `world` has written, each by three kinds of forgers. */
export function forgeries(world: ArchiveWorld): Record<string, Change> {
  const changes: Record<string, Change> = {};
  for (const [name, change] of Object.entries(EVENT_CHANGES)) {
    changes[`${name}, with its manifest as it was`] = (objects, random) =>
      forge(world, objects, random, change, 'segment');
    changes[`${name}, with manifests to match`] = (objects, random) =>
      forge(world, objects, random, change, 'manifests');
    changes[`${name}, signed with another key`] = (objects, random) =>
      forge(world, objects, random, change, 'checkpoints');
  }
  return changes;
}

function forge(
  world: ArchiveWorld,
  objects: Objects,
  random: Random,
  change: EventChange,
  extent: 'segment' | 'manifests' | 'checkpoints',
): Touched | undefined {
  const manifests = manifestsIn(objects);
  const chosen = random.pick(manifests);
  const ranges = rangesOf(world, chosen);
  const event = change(ranges, random);
  const file = finished(buildSegment('account', ranges));
  const { key } = chosen.header.segment;
  if (Buffer.compare(file.bytes, objects.get(key) as Uint8Array) === 0) return undefined;
  if (extent === 'segment') {
    objects.set(key, file.bytes);
    return event === undefined ? [key] : [event];
  }
  const replaced = finished(
    manifestOf({ ...chosen.header, retention: chosen.header.retention as Retention }, ranges, file),
  );
  const forged = relinked(manifests, replaced);
  objects.delete(key);
  objects.set(replaced.header.segment.key, file.bytes);
  for (const manifest of forged) {
    objects.set(manifestKey(manifest.header.sequence), Buffer.from(manifestText(manifest)));
  }
  const checkpoints = checkpointsIn(objects);
  if (extent === 'checkpoints') signAnew(objects, checkpoints, forged);
  const covering = checkpoints.filter(({ checkpoint }) => checkpoint.manifests >= chosen.header.sequence);
  return [
    manifestKey(chosen.header.sequence),
    ...covering.map(({ checkpoint }) => checkpointKey(checkpoint.sequence)),
  ];
}

function rangesOf(world: ArchiveWorld, { heads }: Manifest): Range[] {
  return heads.map(([aggregateId, from, to]) => ({
    aggregateId,
    events: world
      .account(aggregateId)
      .messages(from, to - from + 1)
      .flatMap((text) => [...parseEventsMessage(text).events]),
  }));
}

/** The manifests with one of them replaced, and every later one naming the one before it as that is now. */
function relinked(manifests: readonly Manifest[], replaced: Manifest): Manifest[] {
  const result: Manifest[] = [];
  for (const manifest of manifests) {
    const { header, ...rest } = manifest.header.sequence === replaced.header.sequence ? replaced : manifest;
    const previousManifest =
      result.length === 0 ? header.previousManifest : manifestHash((result.at(-1) as Manifest).header);
    result.push({ header: { ...header, previousManifest }, ...rest });
  }
  return result;
}

/** Every checkpoint over the manifests as they are now, by a key that signs for itself. */
function signAnew(
  objects: Objects,
  checkpoints: readonly Checkpoint[],
  manifests: readonly Manifest[],
): void {
  const [key] = signingKeys(newNotaryKey()) as [SigningKey];
  resign(objects, checkpoints, manifests, () => key);
  const record = keyRecord(key, undefined, checkpoints[0]?.checkpoint.issuedAt as string);
  objects.set(keyRecordKey(key.keyId), Buffer.from(canonicalJson(record)));
}

/** Every checkpoint over the manifests as they are now, each by a key that `keyOf` has for it. */
function resign(
  objects: Objects,
  checkpoints: readonly Checkpoint[],
  manifests: readonly Manifest[],
  keyOf: (keyId: string, sequence: number) => SigningKey,
): void {
  const leaves = manifests.map(({ header }) => leafHash(Buffer.from(manifestHash(header), 'hex')));
  let previousCheckpoint = checkpoints[0]?.checkpoint.previousCheckpoint as string;
  for (const { checkpoint } of checkpoints) {
    const key = keyOf(checkpoint.keyId, checkpoint.sequence);
    const covered = manifests.slice(0, checkpoint.manifests);
    const body = {
      ...checkpoint,
      previousCheckpoint,
      keyId: key.keyId,
      events: covered.reduce((events, { header }) => events + header.events, 0),
      root: textOf(treeRoot(new MemoryTree(leaves.slice(0, covered.length)), covered.length)),
    };
    objects.set(checkpointKey(checkpoint.sequence), Buffer.from(canonicalJson(signCheckpoint(body, key))));
    previousCheckpoint = checkpointHash(body);
  }
}

/** What whoever runs the platform changes of a segment and its manifest. */
export interface OperatorChange {
  /** The file in the place of the segment's; undefined takes it away. */
  readonly file: (
    bytes: Uint8Array,
    ranges: readonly Range[],
  ) => Promise<SegmentFile> | SegmentFile | undefined;
  /** Other words in the manifest's header. */
  readonly header?: (header: ManifestHeader) => ManifestHeader;
  /** Other events. */
  readonly ranges?: (ranges: Range[]) => void;
  /** Who signs a checkpoint that `keyId` had signed. */
  readonly signer?: (keyId: string, sequence: number) => string;
}

/** Does it, and has everything after it linked and signed anew by the very keys that signed it before. */
export async function rewriteAsOperator(
  world: ArchiveWorld,
  objects: Objects,
  sequence: number,
  {
    file,
    header: change = (header) => header,
    ranges: changeRanges = () => undefined,
    signer = (keyId) => keyId,
  }: OperatorChange,
): Promise<void> {
  const manifests = manifestsIn(objects);
  const chosen = manifests[sequence - 1] as Manifest;
  const { key } = chosen.header.segment;
  const bytes = objects.get(key) as Uint8Array;
  const ranges = rangesOf(world, chosen);
  changeRanges(ranges);
  const made = await file(bytes, ranges);
  objects.delete(key);
  const place = { ...chosen.header, retention: chosen.header.retention as Retention };
  const like = made ?? { bytes, columns: chosen.columns.map(placeOf) };
  const { header, ...rest } = finished(manifestOf(place, ranges, like));
  const replaced = { header: change(header), ...rest };
  if (made !== undefined) objects.set(replaced.header.segment.key, made.bytes);
  const forged = relinked(manifests, replaced);
  for (const manifest of forged)
    objects.set(manifestKey(manifest.header.sequence), Buffer.from(manifestText(manifest)));
  const keyOf = (before: string, number: number) =>
    world.keys.find(({ keyId }) => keyId === signer(before, number)) as SigningKey;
  resign(objects, checkpointsIn(objects), forged, keyOf);
}

function placeOf([name, offset, bytes, check]: Manifest['columns'][number]): SegmentFile['columns'][number] {
  return { name, offset, bytes, check };
}

function manifestsIn(objects: Objects): Manifest[] {
  return documents<Manifest>(objects, 'manifests/');
}

function checkpointsIn(objects: Objects): Checkpoint[] {
  return documents<Checkpoint>(objects, 'checkpoints/');
}

function documents<Document>(objects: Objects, prefix: string): Document[] {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  return keys.map((key) => JSON.parse(Buffer.from(objects.get(key) as Uint8Array).toString()) as Document);
}
