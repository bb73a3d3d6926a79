/** `npm run archive -- export FOLDER`: a copy of the archive as files, up to the newest checkpoint. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { plural } from '../../verifier/counts.ts';
import { LocalServerError } from '../errors.ts';
import {
  type ArchiveClient,
  type ArchiveObject,
  type Checkpoint,
  inParallel,
  PlatformError,
} from './client.ts';

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 2_000;

/** The name of a checkpoint's file. */
const CHECKPOINT = /^\d{12}\.json$/;

/** Copies what a checkpoint covers and is not there yet; answers the exit code. */
export async function exportArchive(client: ArchiveClient, folder: string): Promise<number> {
  const latest = await latestCheckpoint(client);
  await requireSameArchive(client, folder, latest);
  let fetched = 0;
  let bytes = 0;
  let shown = Date.now();
  await inParallel(wantedObjects(client, folder, latest), async (object) => {
    save(folder, object.key, await client.bytes(object.key));
    fetched++;
    bytes += object.bytes;
    if (Date.now() - shown < PROGRESS_MS) return;
    shown = Date.now();
    console.error(`  ${plural(fetched, 'object')}, ${plural(bytes, 'byte')}`);
  });
  const { sequence, events } = latest.checkpoint;
  console.log(
    `checkpoint ${sequence} with ${plural(events, 'event')} is in ${folder} ` +
      `(${plural(fetched, 'object')} fetched, ${plural(bytes, 'byte')})`,
  );
  return 0;
}

async function latestCheckpoint(client: ArchiveClient): Promise<Checkpoint> {
  try {
    return await client.json<Checkpoint>('/v1/audit/checkpoints/latest');
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'checkpoint_not_found') throw error;
    throw new LocalServerError(
      'nothing is signed yet: events are archived some five minutes after they were recorded, at once by npm run archive -- sign',
    );
  }
}

/**
 * Objects of two environments have the same names: a copy of another one would lose those that differ. The newest checkpoint that both
 * have tells, since it covers whatever came before it.
 */
async function requireSameArchive(client: ArchiveClient, folder: string, latest: Checkpoint): Promise<void> {
  const newest = checkpointsIn(folder).findLast((key) => isCovered(key, latest));
  if (newest === undefined) return;
  if (Buffer.compare(await client.bytes(newest), readFileSync(path.join(folder, newest))) === 0) return;
  throw new LocalServerError(
    `${folder} has the archive of another environment, or was changed: its ${newest} is not the platform's. ` +
      'Nothing was fetched: give another folder',
  );
}

/** Keys of the checkpoints that a folder has, in order. */
function checkpointsIn(folder: string): string[] {
  const checkpoints = path.join(folder, 'checkpoints');
  const names = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
  return names
    .filter((name) => CHECKPOINT.test(name))
    .sort()
    .map((name) => `checkpoints/${name}`);
}

async function* wantedObjects(
  client: ArchiveClient,
  folder: string,
  latest: Checkpoint,
): AsyncGenerator<ArchiveObject> {
  for await (const object of client.objects()) {
    if (isCovered(object.key, latest) && !isThere(folder, object)) yield object;
  }
}

/**
 * Whether an object belongs to what a checkpoint covers: what came later is left for another time, since without its
 * signature it would not verify. Keys are kept.
 */
function isCovered(key: string, { checkpoint }: Checkpoint): boolean {
  const sequence = Number(/\/(\d{12})[-.]/.exec(key)?.[1] ?? 0);
  if (key.startsWith('checkpoints/')) return sequence <= checkpoint.sequence;
  return sequence <= checkpoint.manifests;
}

function isThere(folder: string, { key, bytes }: ArchiveObject): boolean {
  const file = path.join(folder, key);
  return existsSync(file) && statSync(file).size === bytes;
}

function save(folder: string, key: string, bytes: Uint8Array): void {
  const file = path.join(folder, key);
  mkdirSync(path.dirname(file), { recursive: true });
  // Written beside and renamed: an export that is interrupted leaves whole objects, and goes on from there.
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
}
