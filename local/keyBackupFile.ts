/** A copy of the keys' backup in a file: a line of JSON a subject, as the platform has it. */
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import { countText, plural } from '../verifier/counts.ts';
import type { ArchiveClient } from './archive/client.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { requireFileLock } from './fileLock.ts';

/** Backups of one request: as many as the platform takes. */
const PAGE = 200;

/** Only its owner reads it. */
const FILE_MODE = 0o600;

interface Page {
  readonly backups: readonly unknown[];
  readonly failed: readonly { readonly object: string; readonly reason: string }[];
  readonly nextCursor: string | null;
}

/** What the name of a copy ends with that lacks what is damaged in the bucket. */
const INCOMPLETE = '.incomplete';

/**
 * Copies the backup to a file, in the place of an older copy once it is whole: what was erased in between is in no copy then.
 * Where some of it is damaged, the older copy stays, since it may be the only one that has those keys, and the new one lies
 * beside it. Answers the exit code, which is 1 then.
 */
export async function exportKeyBackup(
  client: ArchiveClient,
  file: string,
  print: (line: string) => void,
): Promise<number> {
  // Two at once would write into the same partial copy.
  const lock = requireFileLock(`${file}.lock`, `${file} is being written by another export`);
  try {
    return await exportAlone(client, file, print);
  } finally {
    lock.close();
  }
}

async function exportAlone(
  client: ArchiveClient,
  file: string,
  print: (line: string) => void,
): Promise<number> {
  const partial = `${file}.partial`;
  const { subjects, failed } = await copyTo(partial, client, print);
  if (failed.length === 0) {
    renameSync(partial, file);
    rmSync(file + INCOMPLETE, { force: true });
    print(
      `${plural(subjects, 'subject')} copied to ${file}: destroy older copies, erasures do not reach them`,
    );
    return 0;
  }
  renameSync(partial, file + INCOMPLETE);
  for (const { object, reason } of failed) print(`DAMAGED ${object}: ${reason}`);
  print(
    `${plural(subjects, 'subject')} copied to ${file}${INCOMPLETE}, without ${countText(failed.length)} damaged`,
  );
  if (existsSync(file)) print(`${file} is still the copy from before, which may have what is damaged now`);
  print('remove what is damaged from the bucket, let npm run rewrap put there what is known, and copy again');
  return 1;
}

async function copyTo(file: string, client: ArchiveClient, print: (line: string) => void) {
  const failed: Page['failed'][number][] = [];
  let subjects = 0;
  const descriptor = openSync(file, 'w', FILE_MODE);
  try {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await client.json(`/v1/key-backups?limit=${PAGE}${after}`);
      for (const backup of page.backups) writeSync(descriptor, `${JSON.stringify(backup)}\n`);
      failed.push(...page.failed);
      subjects += page.backups.length;
      cursor = page.nextCursor;
      if (cursor !== null) print(`${plural(subjects, 'subject')} copied …`);
    }
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return { subjects, failed };
}

/** As much of the platform's answer as is shown. */
interface Restored {
  readonly recovered: number;
  readonly lacking: readonly string[];
  readonly failed: readonly string[];
  readonly kept: readonly string[];
}

/** Puts a copy back; answers the exit code, which is 1 where some keys did not come back. */
export async function restoreKeyBackup(
  client: ArchiveClient,
  file: string,
  print: (line: string) => void,
): Promise<number> {
  if (!existsSync(file)) throw new LocalServerError(`there is no file ${file}`);
  const total = { subjects: 0, recovered: 0, kept: 0, lacking: [] as string[], failed: [] as string[] };
  const send = async (backups: readonly unknown[]) => {
    const body = JSON.stringify({ backups });
    const page: Restored = await client.json('/v1/restore/key-backups', { method: 'POST', body });
    total.subjects += backups.length;
    total.recovered += page.recovered;
    total.kept += page.kept.length;
    total.lacking.push(...page.lacking);
    total.failed.push(...page.failed);
    print(`${plural(total.subjects, 'subject')}, ${plural(total.recovered, 'key')} came back`);
  };
  let page: unknown[] = [];
  for await (const backup of backupsIn(file)) {
    page.push(backup);
    if (page.length < PAGE) continue;
    await send(page);
    page = [];
  }
  if (page.length > 0) await send(page);
  print(
    `${plural(total.kept, 'subject')} stayed as ${total.kept === 1 ? 'it was' : 'they were'}: the copy says nothing new`,
  );
  for (const subject of total.lacking) print(`subject ${subject}: a key is neither here nor in the backup`);
  for (const subject of total.failed)
    print(`subject ${subject}: not all of its keys are here and in the backup; the platform's log says why`);
  return total.lacking.length + total.failed.length === 0 ? 0 : 1;
}

async function* backupsIn(file: string): AsyncGenerator<unknown> {
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    lines++;
    try {
      yield JSON.parse(line);
    } catch (error) {
      throw new LocalServerError(`${file}, line ${lines}: ${messageOf(error)}`);
    }
  }
}
