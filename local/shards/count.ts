import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { LocalServerError } from '../errors.ts';
import type { StateFolder } from '../stateFolder.ts';

/** Each is a process with a heap of its own, and has a way to every other. */
export const SHARDS_MAX = 8;

/**
 * In how many shards the objects of a state folder are: as was asked for when it was new. Throws {@link LocalServerError} where
 * something else is asked for later: an object would be looked for where it is not, and begin anew.
 */
export function settleShards(
  { shardsFile, dataFolder, path }: Pick<StateFolder, 'shardsFile' | 'dataFolder' | 'path'>,
  asked: number | undefined,
): number {
  const isNew = readdirSync(dataFolder).every((name) => name === basename(shardsFile));
  if (isNew) {
    const shards = asked ?? 1;
    writeFileSync(shardsFile, `${shards}\n`);
    return shards;
  }
  const shards = existsSync(shardsFile) ? readCount(shardsFile) : 1;
  if (asked === undefined || asked === shards) return shards;
  throw new LocalServerError(
    `the objects in ${path} are in ${shards === 1 ? 'one shard' : `${shards} shards`}, not ${asked}: choose another --state, ` +
      'or restore the archive into it (docs/archive.md)',
  );
}

/** Reads the value of `--shards`. Throws {@link LocalServerError} for what is no number of shards. */
export function readShards(text: string): number {
  const shards = toCount(text);
  if (shards !== undefined) return shards;
  throw new LocalServerError(`--shards has to be a number from 1 to ${SHARDS_MAX}, not "${text}"`);
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
