import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { LocalServerError } from '../errors.ts';
import type { StateFolder } from '../stateFolder.ts';
import { type ShardsOnDisk, shardsOnDisk } from './onDisk.ts';

/** Each is a process with a heap of its own, and has a way to every other. */
export const SHARDS_MAX = 8;

type Folder = Pick<StateFolder, 'shardsFile' | 'dataFolder' | 'path'>;

/**
 * In how many shards the objects of a state folder are: as was asked for when it was new. Throws {@link LocalServerError} where
 * something else is asked for later, where there would be several and cannot, and where the number that is kept and the objects that
 * there are contradict each other, as after half of a folder was copied: an object would be looked for where it is not, and begin anew.
 */
export function settleShards(
  folder: Folder,
  workerName: string,
  asked: number | undefined,
  canBeSeveral: boolean,
): number {
  const onDisk = shardsOnDisk(folder.dataFolder, workerName);
  const isNew = onDisk.filled.size === 0;
  const shards = isNew ? (asked ?? keptOrOne(folder.shardsFile)) : countOf(folder, onDisk, asked);
  // Before the number is kept: what was refused is not asked for by the next start.
  if (shards > 1 && !canBeSeveral) throw severalImpossible(shards);
  // A folder from before there were shards has no number, and needs none.
  const isUncounted = onDisk.started.size > 1 && !existsSync(folder.shardsFile);
  if (isNew || isUncounted) keep(folder.shardsFile, shards);
  return shards;
}

/** Reads the value of `--shards`. Throws {@link LocalServerError} for what is no number of shards. */
export function readShards(text: string): number {
  const shards = toCount(text);
  if (shards !== undefined) return shards;
  throw new LocalServerError(`--shards has to be a number from 1 to ${SHARDS_MAX}, not "${text}"`);
}

function keep(shardsFile: string, shards: number): void {
  writeFileSync(shardsFile, `${shards}\n`);
}

/** The number of a folder that has objects. */
function countOf(folder: Folder, onDisk: ShardsOnDisk, asked: number | undefined): number {
  const kept = existsSync(folder.shardsFile) ? readCount(folder.shardsFile) : undefined;
  const [least, most] = [Math.max(...onDisk.filled) + 1, Math.max(...onDisk.started) + 1];
  if (kept === undefined && most > 1 && asked === undefined) throw uncounted(folder, onDisk);
  const shards = kept ?? Math.min(Math.max(asked ?? least, least), most);
  if (asked !== undefined && asked !== shards) throw otherThan(folder, shards, asked);
  requireWhole(folder, shards, onDisk);
  return shards;
}

/** Where there are no objects yet, whatever an attempt before has left does no harm. */
function keptOrOne(shardsFile: string): number {
  return (existsSync(shardsFile) ? toCount(readFileSync(shardsFile, 'utf8').trim()) : undefined) ?? 1;
}

/** Every shard that is counted has been here, and no other has an object. */
function requireWhole({ shardsFile, dataFolder, path }: Folder, shards: number, onDisk: ShardsOnDisk): void {
  const beyond = [...onDisk.filled].filter((shard) => shard >= shards);
  if (beyond.length > 0) {
    throw new LocalServerError(
      `${shardsFile} says ${shards}, but there are objects of ${named(beyond)} as well: put back the file that belongs to ${path}`,
    );
  }
  const missing = Array.from({ length: shards }, (_, shard) => shard).filter(
    (shard) => !onDisk.started.has(shard),
  );
  if (missing.length > 0) {
    throw new LocalServerError(
      `the objects of ${named(missing)} are missing in ${dataFolder}: copy the whole folder, or restore the archive into a new ` +
        'one (docs/archive.md)',
    );
  }
}

function uncounted({ shardsFile }: Folder, { started }: ShardsOnDisk): LocalServerError {
  const shards = [...started].sort();
  return new LocalServerError(
    `${shardsFile} is missing, and there are folders of ${named(shards)}: copy it too, or say how many shards there were ` +
      `(--shards ${Math.max(...shards) + 1}, if these are all)`,
  );
}

function severalImpossible(shards: number): LocalServerError {
  return new LocalServerError(
    `${shards} shards need a process of its own for databases and buckets: no --one-process, a second core, and a file system ` +
      'that remembers when a file was made',
  );
}

function otherThan({ path }: Folder, shards: number, asked: number): LocalServerError {
  return new LocalServerError(
    `the objects in ${path} are in ${shards === 1 ? 'one shard' : `${shards} shards`}, not ${asked}: choose another --state, ` +
      'or restore the archive into it (docs/archive.md)',
  );
}

/** Shards by their numbers, as in `shard-1.pid`; the first is 0. */
function named(shards: readonly number[]): string {
  return `shard${shards.length === 1 ? '' : 's'} ${shards.join(', ')}`;
}

function toCount(text: string): number | undefined {
  const count = Number(text);
  return /^\d$/.test(text) && count >= 1 && count <= SHARDS_MAX ? count : undefined;
}

function readCount(file: string): number {
  const text = readFileSync(file, 'utf8').trim();
  const count = toCount(text);
  if (count !== undefined) return count;
  throw new LocalServerError(`${file} has to be a number from 1 to ${SHARDS_MAX}, not "${text}"`);
}
