/** Proves from the bucket alone that an event is in its segment. */
import { gunzipSync } from 'node:zlib';
import { parquetScan } from 'hyparquet';
import type { AggregateKey } from '../kernel/positions.ts';
import { headsRootOf, type Manifest, type ManifestHeader, manifestHash, manifestKey } from './manifest.ts';
import { BrokenArchive, parsed } from './manifestChain.ts';
import { inclusionPath, leafHash, MemoryTree, sha256Text, textOf } from './merkle.ts';
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

/** A manifest as the notary has signed it: its number, and its leaf in the tree of manifests, in hexadecimal. */
export interface SignedManifest {
  readonly sequence: number;
  readonly leaf: string;
}

/**
 * The proof of an event that a signed manifest covers, or the segment that is gone at the end of its term. Throws
 * {@link BrokenArchive} where the bucket does not have at `now`, milliseconds since 1970, what was signed: no proof would hold.
 */
export async function eventProof(
  store: Pick<ArchiveStore, 'read'>,
  signed: SignedManifest,
  { aggregateId }: AggregateKey,
  version: number,
  now: number,
): Promise<EventProof | ExpiredSegment> {
  const { header, heads } = await readManifest(store, signed);
  const leafIndex = rowOf(header, heads, aggregateId, version);
  const { key, sha256 } = header.segment;
  const bytes = await store.read(key);
  if (bytes === undefined) {
    const since = removedAt(key, Date.parse(header.closedAt));
    if (since !== undefined && since <= now) return { expired: key, since };
    throw new BrokenArchive(`${key}, which has the event, is missing within its term`);
  }
  if (sha256Text(bytes) !== sha256) throw new BrokenArchive(`${key} is not what was archived`);
  const hashes = await readHashes(bytes);
  const tree = new MemoryTree(hashes.map(leafHash));
  return {
    eventHash: textOf(hashes[leafIndex] as Uint8Array),
    leafIndex,
    treeSize: tree.size,
    path: inclusionPath(tree, leafIndex, tree.size).map(textOf),
    manifest: header,
  };
}

async function readManifest(
  store: Pick<ArchiveStore, 'read'>,
  { sequence, leaf }: SignedManifest,
): Promise<Manifest> {
  const key = manifestKey(sequence);
  const bytes = await store.read(key);
  if (bytes === undefined) throw new BrokenArchive(`${key} is missing`);
  const manifest = parsed<Partial<Manifest> | null>(key, bytes);
  const { header, heads } = manifest ?? {};
  const isAsSigned =
    header !== undefined && textOf(leafHash(Buffer.from(manifestHash(header), 'hex'))) === leaf;
  if (!isAsSigned || !Array.isArray(heads) || headsRootOf(heads) !== header.headsRoot)
    throw new BrokenArchive(`${key} is not what was signed`);
  return manifest as Manifest;
}

function rowOf(
  { sequence }: ManifestHeader,
  heads: Manifest['heads'],
  aggregateId: string,
  version: number,
): number {
  let row = 0;
  for (const [id, fromVersion, toVersion] of heads) {
    if (id === aggregateId && version >= fromVersion && version <= toVersion)
      return row + version - fromVersion;
    row += toVersion - fromVersion + 1;
  }
  throw new BrokenArchive(`manifest ${sequence} does not cover version ${version} of ${aggregateId}`);
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
