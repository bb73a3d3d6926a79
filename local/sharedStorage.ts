/**
 * Databases and buckets in a process of their own. A runtime is one thread: in the process of the objects, each transaction of
 * a view or of a segment of the archive would hold up every command, as it does not where the platform runs them. Miniflare
 * can share them between processes: those that name a folder and a registry agree that the one whose entry in the
 * registry is the oldest has them, and the others ask it.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than the ticks in which a kernel counts the changes of files. */
const CHANGE_MS = 20;

/** Overrides the registry of every Miniflare; in one that others have, the oldest need not be ours. */
const REGISTRY_VARIABLE = 'CLOUDFLARE_DEV_REGISTRY_PATH';

/** How the entries of those begin that could have the databases and buckets. */
const CANDIDATE_PREFIX = '__miniflare_storage_candidate__-';

/** Interval at which the order of the entries is looked at: as often as Miniflare says that each is alive. */
const ORDER_POLL_MS = 2_000;

/** Where the runtimes of one server find each other. */
export interface SharedStorage {
  readonly registryFolder: string;
}

/** Why all of a server has to be one process. */
export type OneProcessReason = 'it was asked for' | 'one core' | 'no birth times';

/**
 * Makes an empty registry, in which the runtime that is started first will have the databases and buckets; or says why
 * there can be none. The folder must be this server's alone, and so must the databases.
 */
export async function openSharedStorage(
  registryFolder: string,
  isOneProcess: boolean,
  cores = availableParallelism(),
  keepsBirth = keepsBirthTimes,
): Promise<SharedStorage | OneProcessReason> {
  if (isOneProcess) return 'it was asked for';
  if (cores < 2) return 'one core';
  // What a killed server left would be the oldest.
  rmSync(registryFolder, { recursive: true, force: true });
  mkdirSync(registryFolder, { recursive: true });
  if (!(await keepsBirth(registryFolder))) return 'no birth times';
  delete process.env[REGISTRY_VARIABLE];
  return { registryFolder };
}

/** Whether the file system of a folder remembers when a file was made, and not only when it was changed. */
async function keepsBirthTimes(folder: string): Promise<boolean> {
  const file = join(folder, 'probe');
  writeFileSync(file, '');
  const { birthtimeMs } = statSync(file);
  await sleep(CHANGE_MS);
  chmodSync(file, 0o600);
  const isKept = birthtimeMs > 0 && statSync(file).birthtimeMs === birthtimeMs;
  rmSync(file);
  return isKept;
}

/**
 * Leaves the databases and buckets with who has them now, the only one in the registry, until what it answers is called. Miniflare
 * forgets entries that were silent for ten seconds, as all are after the machine slept or the server was suspended, and
 * whoever is written down first then would have them from there on: the process of the objects as likely as not.
 */
export function keepStorage({ registryFolder }: SharedStorage): () => void {
  const [owner] = candidates(registryFolder);
  // Suspended just now: there is no order to keep, and a server to start all the same.
  if (owner === undefined) return () => undefined;
  const timer = setInterval(() => putFirst(registryFolder, owner), ORDER_POLL_MS).unref();
  return () => clearInterval(timer);
}

/** Takes out who is older than the owner: it writes itself down again, and is younger then. */
export function putFirst(registryFolder: string, owner: string): void {
  const births = new Map(
    candidates(registryFolder).map((name) => [name, birthOf(join(registryFolder, name))]),
  );
  const ownBirth = births.get(owner);
  // Who is not there will be in a moment, and as the youngest.
  if (ownBirth === undefined) return;
  for (const [name, birth] of births) {
    if (name === owner || birth === undefined || birth > ownBirth) continue;
    rmSync(join(registryFolder, name), { force: true });
  }
}

function candidates(registryFolder: string): string[] {
  if (!existsSync(registryFolder)) return [];
  return readdirSync(registryFolder).filter((name) => name.startsWith(CANDIDATE_PREFIX));
}

/** When an entry was made; undefined where it is gone, as it may be at any time. */
function birthOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.birthtimeMs;
}
