/**
 * The manifest of a segment: what is in it and how it is linked to everything before. Manifests are numbered 1, 2, 3, …
 * without a gap; each carries the hash of the one before.
 *
 *   manifest hash = SHA-256 of the canonical JSON (RFC 8785) of `header`
 *
 * The header covers the segment's bytes, the Merkle root of its events' hashes (in row order), and that of its heads. So a
 * header and a path prove that an event was archived, without naming anybody else's account.
 */
import type { Paced } from '../../actors/kernel/decider.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { Retention } from '../../schemas/retention.ts';
import { leafHash, MemoryTree, sha256Text, textOf, treeRoot } from './merkle.ts';
import type { ArchivedRange, ColumnBytes, SegmentFile } from './segment.ts';

/** Shape of the manifests that are written now; readers know all that ever were. */
export const MANIFEST_FORMAT = 2;

/** What the manifest before the first one would have for a hash. */
export const NO_MANIFEST = '0'.repeat(64);

/** Digits of a manifest's number in its key: listings are in the order of the numbers. */
const SEQUENCE_DIGITS = 12;

/** How far a segment brings an aggregate: its id, the versions that the segment has of it, and the hash of the last. */
export type Head = readonly [aggregateId: string, fromVersion: number, toVersion: number, hash: string];

/** The part of a manifest that its hash covers, and through which it covers the rest. */
export interface ManifestHeader {
  readonly format: number;
  readonly sequence: number;
  readonly previousManifest: string;
  /** RFC 3339. */
  readonly closedAt: string;
  readonly jurisdiction: string;
  /** How long the segment is kept, and which class of events asks for it; absent in format 1, where the key alone says it. */
  readonly retention?: Retention;
  readonly aggregateType: string;
  readonly events: number;
  readonly segment: { readonly key: string; readonly bytes: number; readonly sha256: string };
  /** Root of the tree whose leaves are the 32-byte hashes of the events, in row order. */
  readonly eventsRoot: string;
  /** Root of the tree whose leaves are the canonical JSON texts of the heads, in their order. */
  readonly headsRoot: string;
  /** SHA-256 of the canonical JSON of `columns`. */
  readonly columnsHash: string;
}

export interface Manifest {
  readonly header: ManifestHeader;
  readonly heads: readonly Head[];
  /** Where the columns are in the segment: name, offset, bytes, and the first 16 digits of their SHA-256. */
  readonly columns: readonly (readonly [string, number, number, string])[];
}

/** What a manifest says beside what can be told from its segment. */
export interface ManifestPlace {
  readonly sequence: number;
  readonly previousManifest: string;
  readonly closedAt: string;
  readonly jurisdiction: string;
  readonly retention: Retention;
  readonly aggregateType: string;
}

/** Leaves hashed at a time, two SHA-256 each: some five milliseconds. */
const LEAVES_AT_A_TIME = 1_000;

/** The manifest of a segment that was just built. Lets go after some hashes. */
export function* manifestOf(
  place: ManifestPlace,
  ranges: readonly ArchivedRange[],
  { bytes, columns }: SegmentFile,
): Paced<Manifest> {
  const sha256 = sha256Text(bytes);
  const hashes = ranges.flatMap(({ events }) => events.map((event) => event.hash));
  const eventsRoot = yield* eventsRootOf(hashes);
  const heads = ranges.map(headOf);
  const columnRows = columns.map(columnRow);
  return {
    header: {
      format: MANIFEST_FORMAT,
      ...place,
      events: hashes.length,
      segment: { key: segmentKey(place, sha256), bytes: bytes.length, sha256 },
      eventsRoot,
      headsRoot: headsRootOf(heads),
      columnsHash: columnsHashOf(columnRows),
    },
    heads,
    columns: columnRows,
  };
}

/** The manifest's bytes, in the one form that they may have. */
export function manifestText(manifest: Manifest): string {
  return canonicalJson(manifest);
}

/** What the next manifest names as the one before. */
export function manifestHash(header: ManifestHeader): string {
  return sha256Text(canonicalJson(header));
}

/** Hash of the list of columns. */
export function columnsHashOf(columns: Manifest['columns']): string {
  return sha256Text(canonicalJson(columns));
}

/** Root of the tree of heads. */
export function headsRootOf(heads: readonly Head[]): string {
  const tree = new MemoryTree(heads.map((head) => leafHash(canonicalJson(head))));
  return textOf(treeRoot(tree, heads.length));
}

/** The key of the manifest of this number: with the number alone in it, there can be only one. */
export function manifestKey(sequence: number): string {
  return `manifests/${sequenceText(sequence)}.json`;
}

/** A number as keys have it. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** Retention rules are by prefix, so the term comes first. */
function segmentKey(place: ManifestPlace, sha256: string): string {
  const { retention, aggregateType, closedAt, sequence } = place;
  const day = closedAt.slice(0, 10);
  return `segments/${retention.years}y/${aggregateType}/${day}/${sequenceText(sequence)}-${sha256}.parquet`;
}

function headOf({ aggregateId, events }: ArchivedRange): Head {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`no events of ${aggregateId} to archive`);
  return [aggregateId, first.version, last.version, last.hash];
}

function columnRow({ name, offset, bytes, check }: ColumnBytes): readonly [string, number, number, string] {
  return [name, offset, bytes, check];
}

function* eventsRootOf(hashes: readonly string[]): Paced<string> {
  const tree = new MemoryTree();
  for (const hash of hashes) {
    tree.append(leafHash(Buffer.from(hash, 'hex')));
    if (tree.size % LEAVES_AT_A_TIME === 0) yield;
  }
  return textOf(treeRoot(tree, tree.size));
}
