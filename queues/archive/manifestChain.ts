/** The chain of manifests as it stands in the bucket, which is the truth about the archive. */
import {
  columnsHashOf,
  type Head,
  headsRootOf,
  type Manifest,
  manifestHash,
  manifestKey,
  manifestText,
} from './manifest.ts';
import type { ArchiveStore } from './store.ts';

/** The newest manifest that somebody has followed the chain to. */
export interface Chain {
  readonly sequence: number;
  readonly hash: string;
}

/** A manifest of the bucket with its hash. */
export interface ChainedManifest {
  readonly manifest: Manifest;
  readonly hash: string;
}

/** The bucket has what nobody of the archive writes. */
export class BrokenArchive extends Error {
  override readonly name = 'BrokenArchive';
}

/**
 * The manifest that follows on a place in the chain; undefined at its end. Throws {@link BrokenArchive} where the object of
 * that number does not follow, or has other heads than its header says.
 */
export async function nextManifest(
  store: Pick<ArchiveStore, 'read'>,
  after: Chain,
): Promise<ChainedManifest | undefined> {
  const sequence = after.sequence + 1;
  const key = manifestKey(sequence);
  const bytes = await store.read(key);
  if (bytes === undefined) return undefined;
  const manifest = parsed<Manifest>(key, bytes);
  const { header, heads, columns } = manifest;
  if (header?.sequence !== sequence || header.previousManifest !== after.hash)
    throw new BrokenArchive(`${key} does not follow on manifest ${after.sequence}`);
  if (headsRootOf(heads) !== header.headsRoot)
    throw new BrokenArchive(`${key} has other heads than its root says`);
  if (eventsIn(heads) !== header.events)
    throw new BrokenArchive(`${key} has heads over another number of events than its header says`);
  if (columnsHashOf(columns) !== header.columnsHash)
    throw new BrokenArchive(`${key} has other columns than its header says`);
  if (manifestText(manifest) !== Buffer.from(bytes).toString())
    throw new BrokenArchive(`${key} is not in canonical form`);
  return { manifest, hash: manifestHash(header) };
}

function eventsIn(heads: readonly Head[]): number {
  return heads.reduce((sum, [, fromVersion, toVersion]) => sum + toVersion - fromVersion + 1, 0);
}

/** The JSON of an object. Throws {@link BrokenArchive} where it has none. */
export function parsed<Value>(key: string, bytes: Uint8Array): Value {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Value;
  } catch {
    throw new BrokenArchive(`${key} is no JSON`);
  }
}
