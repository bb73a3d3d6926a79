/** Proves from the bucket alone that an event is in its segment. */
import { gunzipSync } from 'node:zlib';
import { parquetScan } from 'hyparquet';
import type { AggregateKey } from '../kernel/positions.ts';
import { type Manifest, type ManifestHeader, manifestKey } from './manifest.ts';
import { inclusionPath, leafHash, MemoryTree, textOf } from './merkle.ts';
import { removedAt } from './retentionRules.ts';
import type { ArchiveStore } from './store.ts';

/** Where an event is in the tree of its segment, whose root is `manifest.eventsRoot`. */
export interface EventProof {
  readonly eventHash: string;
  /** Index of the leaf, from 0: the event's row. */
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly string[];
  readonly manifest: ManifestHeader;
}

/** A segment that has been kept for as long as it had to be, and is gone. */
export interface ExpiredSegment {
  readonly expired: string;
  /** From when on it was removed, milliseconds since 1970. */
  readonly since: number;
}

/**
 * The proof of an event that is in manifest `sequence`, or the segment that is gone at the end of its term. Throws where the
 * bucket does not have what it should at `now`, milliseconds since 1970.
 */
export async function eventProof(
  store: Pick<ArchiveStore, 'read'>,
  sequence: number,
  { aggregateId }: AggregateKey,
  version: number,
  now: number,
): Promise<EventProof | ExpiredSegment> {
  const manifest = JSON.parse(await readText(store, manifestKey(sequence))) as Manifest;
  const leafIndex = rowOf(manifest, aggregateId, version);
  const { key } = manifest.header.segment;
  const bytes = await store.read(key);
  if (bytes === undefined) {
    const since = removedAt(key, Date.parse(manifest.header.closedAt));
    if (since !== undefined && since <= now) return { expired: key, since };
    throw new Error(`the archive has no ${key}`);
  }
  const hashes = await readHashes(bytes);
  const tree = new MemoryTree(hashes.map(leafHash));
  const eventHash = hashes[leafIndex];
  if (eventHash === undefined) throw new Error(`segment ${sequence} has no row ${leafIndex}`);
  return {
    eventHash: textOf(eventHash),
    leafIndex,
    treeSize: tree.size,
    path: inclusionPath(tree, leafIndex, tree.size).map(textOf),
    manifest: manifest.header,
  };
}

function rowOf({ heads, header }: Manifest, aggregateId: string, version: number): number {
  let row = 0;
  for (const [id, fromVersion, toVersion] of heads) {
    if (id === aggregateId && version >= fromVersion && version <= toVersion)
      return row + version - fromVersion;
    row += toVersion - fromVersion + 1;
  }
  throw new Error(`manifest ${header.sequence} does not cover version ${version} of ${aggregateId}`);
}

/** The hashes of a segment's events, in row order. */
async function readHashes(bytes: Uint8Array): Promise<Uint8Array[]> {
  const scan = await parquetScan({
    file: {
      byteLength: bytes.length,
      slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
    },
    columns: ['hash'],
    compressors: { GZIP: (input) => gunzipSync(input) },
    useOffsetIndex: false,
  });
  const rowEnd = Number(scan.metadata.num_rows);
  return Array.from(await scan.readColumn({ column: 'hash', rowStart: 0, rowEnd }));
}

async function readBytes(store: Pick<ArchiveStore, 'read'>, key: string): Promise<Uint8Array> {
  const bytes = await store.read(key);
  if (bytes === undefined) throw new Error(`the archive has no ${key}`);
  return bytes;
}

async function readText(store: Pick<ArchiveStore, 'read'>, key: string): Promise<string> {
  return Buffer.from(await readBytes(store, key)).toString();
}
