import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FIRST_SHARD } from './ownership.ts';

/** Where Miniflare keeps objects, in a folder for each Worker's class. */
const OBJECTS_FOLDER = 'do';

/** How it calls the file of an object: by its id. Beside them is one for the alarms of the class. */
const OBJECT_FILE = /^[\da-f]{64}\.sqlite$/;

/** What follows the name of the Worker in that of a folder. */
const CLASS_FOLDER = /^(?:(\d)-)?[A-Za-z_$][\w$]*$/;

/** What the folders of objects tell of shards, whoever copied them. */
export interface ShardsOnDisk {
  /** Those that have ever been started. */
  readonly started: ReadonlySet<number>;
  /** Those that have an object. */
  readonly filled: ReadonlySet<number>;
}

/** Looks for the shards of a Worker in a folder of data. */
export function shardsOnDisk(dataFolder: string, workerName: string): ShardsOnDisk {
  const folder = join(dataFolder, OBJECTS_FOLDER);
  const started = new Set<number>();
  const filled = new Set<number>();
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const shard = shardOfFolder(name, workerName);
    if (shard === undefined) continue;
    started.add(shard);
    if (!filled.has(shard) && readdirSync(join(folder, name)).some(isObject)) filled.add(shard);
  }
  return { started, filled };
}

/** The first shard's folders have the Worker's name alone before the class, the others' their number as well (`options.ts`). */
function shardOfFolder(name: string, workerName: string): number | undefined {
  if (!name.startsWith(`${workerName}-`)) return undefined;
  const parts = CLASS_FOLDER.exec(name.slice(workerName.length + 1));
  return parts === null ? undefined : Number(parts[1] ?? FIRST_SHARD);
}

function isObject(file: string): boolean {
  return OBJECT_FILE.test(file);
}
