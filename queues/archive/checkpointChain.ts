/** The chain of checkpoints as it stands in the bucket, and the records of the keys that signed them. */
import {
  type Checkpoint,
  checkpointHash,
  checkpointKey,
  isSignedBy,
  type KeyRecord,
  keyIdOf,
  keyRecordKey,
  NO_CHECKPOINT,
} from './checkpoint.ts';
import { BrokenArchive, parsed } from './manifestChain.ts';
import type { ArchiveStore } from './store.ts';

/** A checkpoint of the bucket with the record of its key. */
export interface ChainedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly key: KeyRecord;
}

/**
 * The checkpoint that follows on another, on none at the beginning; undefined at the end of the chain. Throws
 * {@link BrokenArchive} where the object of that number does not follow, or its signature does not hold.
 */
export async function nextCheckpoint(
  store: Pick<ArchiveStore, 'read'>,
  after: Checkpoint | undefined,
): Promise<ChainedCheckpoint | undefined> {
  const sequence = (after?.checkpoint.sequence ?? 0) + 1;
  const name = checkpointKey(sequence);
  const bytes = await store.read(name);
  if (bytes === undefined) return undefined;
  const checkpoint = parsed<Checkpoint>(name, bytes);
  const { keyId, previousCheckpoint, sequence: stated } = checkpoint.checkpoint;
  const previous = after === undefined ? NO_CHECKPOINT : checkpointHash(after.checkpoint);
  if (stated !== sequence || previousCheckpoint !== previous)
    throw new BrokenArchive(`${name} does not follow on checkpoint ${sequence - 1}`);
  const key = await keyRecordOf(store, keyId);
  if (key === undefined) throw new BrokenArchive(`${name} was signed by key ${keyId}, which has no record`);
  if (!isSignedBy(checkpoint, key)) throw new BrokenArchive(`the signature of ${name} does not hold`);
  return { checkpoint, key };
}

/** A key's record in the bucket; undefined where there is none. Throws {@link BrokenArchive} where it is another key's. */
export async function keyRecordOf(
  store: Pick<ArchiveStore, 'read'>,
  keyId: string,
): Promise<KeyRecord | undefined> {
  const name = keyRecordKey(keyId);
  const bytes = await store.read(name);
  if (bytes === undefined) return undefined;
  const record = parsed<KeyRecord>(name, bytes);
  const isItself =
    record.key.keyId === keyId && keyIdOf(Buffer.from(record.key.publicKey, 'base64')) === keyId;
  if (!isItself) throw new BrokenArchive(`${name} is the record of another key`);
  return record;
}
