import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError, messageOf } from './errors.ts';
import { type FileLock, takeFileLock } from './fileLock.ts';
import { readOrMakeNotaryKeys } from './notaryKey.ts';
import { readOrMakePersonalDataKeys } from './personalDataKey.ts';
import { readOrMakeWebhookSecret } from './webhookSecret.ts';

/** Bytes of the administrator's token: 256 bits cannot be guessed. */
const TOKEN_BYTES = 32;

/** What a token of that size looks like in base64url. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** Only the owner may read the token. */
const OWNER_ONLY = 0o600;

/** Nobody else may look into the folder of databases and buckets. */
const OWNER_ONLY_FOLDER = 0o700;

/**
 * A predecessor that was just told to stop, or whose npm was killed, gets this long to let go of the folder: more than its requests
 * in flight may take to finish (runtimeWatch.ts).
 */
const LOCK_WAIT_MS = 10_000;

/** Interval between two attempts at the lock. */
const LOCK_POLL_MS = 50;

/** What a running server says about itself in `server.json`. */
export interface ServerNote {
  readonly pid: number;
  readonly url: string;
  readonly startedAt: string;
}

/** A state folder that this process has to itself until it closes it or ends. */
export interface StateFolder {
  readonly path: string;
  /** The local administrator's token, also in `dev-token`. */
  readonly token: string;
  readonly tokenFile: string;
  /** What the local notary signs with, also in `notary-keys`. */
  readonly notaryKeys: string;
  /** What the keys of personal data are wrapped with, also in `personal-data-keys`. */
  readonly personalDataKeys: string;
  /** What the sandbox signs its webhooks with, also in `sandbox-webhook-secret`. */
  readonly sandboxWebhookSecret: string;
  readonly logFile: string;
  /** Databases and buckets. */
  readonly dataFolder: string;
  readonly bundleFolder: string;
  readonly runtimePidFile: string;
  /** Of the runtime of another shard than the first. */
  shardPidFile(shard: number): string;
  /** Says in how many shards the objects are; beside them, so that whoever copies them takes it along. */
  readonly shardsFile: string;
  readonly storagePidFile: string;
  /** Where the runtimes of this server find each other. */
  readonly registryFolder: string;
  /** Tells others which server this is. */
  announce(url: string): void;
  close(): void;
}

/** Creates or opens a state folder and locks it; refuses where another live server has it. */
export async function openStateFolder(folder: string): Promise<StateFolder> {
  const path = resolve(folder);
  makeFolder(path);
  const noteFile = join(path, 'server.json');
  const lock = await takeLock(path, noteFile);
  const tokenFile = join(path, 'dev-token');
  const dataFolder = join(path, 'data');
  mkdirSync(dataFolder, { recursive: true });
  // Also the one of an earlier server, which was made for everybody.
  chmodSync(dataFolder, OWNER_ONLY_FOLDER);
  // What a killed server left.
  rmSync(noteFile, { force: true });
  return {
    path,
    token: readOrMakeToken(tokenFile),
    tokenFile,
    notaryKeys: readOrMakeNotaryKeys(join(path, 'notary-keys')),
    personalDataKeys: readOrMakePersonalDataKeys(join(path, 'personal-data-keys')),
    sandboxWebhookSecret: readOrMakeWebhookSecret(join(path, 'sandbox-webhook-secret')),
    logFile: join(path, 'folio.log'),
    dataFolder,
    bundleFolder: join(path, 'bundle'),
    runtimePidFile: join(path, 'runtime.pid'),
    shardPidFile: (shard) => join(path, `shard-${shard}.pid`),
    shardsFile: join(dataFolder, 'shards'),
    storagePidFile: join(path, 'storage.pid'),
    registryFolder: join(path, 'registry'),
    announce(url) {
      const note: ServerNote = { pid: process.pid, url, startedAt: new Date().toISOString() };
      writeFileSync(noteFile, `${JSON.stringify(note)}\n`);
    },
    close() {
      rmSync(noteFile, { force: true });
      lock.close();
    },
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    // Without these there is no lock, and the databases could not be written.
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LocalServerError(`the state folder ${path} cannot be used: ${messageOf(error)}`);
  }
}

/** The lock of the folder. `server.json` only says who holds it. */
async function takeLock(path: string, noteFile: string): Promise<FileLock> {
  for (const end = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_POLL_MS)) {
    const lock = takeFileLock(join(path, 'lock'));
    if (lock !== undefined) return lock;
    if (Date.now() < end) continue;
    const owner = readNote(noteFile);
    const who = owner === undefined ? 'another server' : `the server at ${owner.url} (process ${owner.pid})`;
    throw new LocalServerError(
      `the state folder ${path} is in use by ${who}; stop it or choose another --state`,
    );
  }
}

function readNote(file: string): ServerNote | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServerNote;
  } catch {
    return undefined;
  }
}

/** Reads the token of a file, or makes the file with a new one. */
export function readOrMakeToken(file: string): string {
  if (existsSync(file)) {
    chmodSync(file, OWNER_ONLY);
    const token = readFileSync(file, 'utf8').trim();
    if (TOKEN_PATTERN.test(token)) return token;
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  // Written beside and renamed: a server killed at this moment leaves the old token or the new one, never half of it.
  writeFileSync(`${file}.new`, token, { mode: OWNER_ONLY });
  renameSync(`${file}.new`, file);
  return token;
}
