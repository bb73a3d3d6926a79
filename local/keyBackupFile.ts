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
import type { ArchiveClient } from './archive/client.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { countText } from './lines.ts';

/** Backups of one request: as many as the platform takes. */
const PAGE = 200;

/** Only its owner reads it. */
const FILE_MODE = 0o600;

interface Page {
  readonly backups: readonly unknown[];
  readonly nextCursor: string | null;
}

/**
 * Copies the backup to a file, in the place of an older copy once it is whole: what was erased in between is in no copy then.
 * Answers the exit code.
 */
export async function exportKeyBackup(
  client: ArchiveClient,
  file: string,
  print: (line: string) => void,
): Promise<number> {
  const partial = `${file}.partial`;
  const descriptor = openSync(partial, 'w', FILE_MODE);
  let subjects = 0;
  try {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await client.json(`/v1/key-backups?limit=${PAGE}${after}`);
      for (const backup of page.backups) writeSync(descriptor, `${JSON.stringify(backup)}\n`);
      subjects += page.backups.length;
      cursor = page.nextCursor;
      if (cursor !== null) print(`${countText(subjects)} subjects copied …`);
    }
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
  print(
    `${countText(subjects)} subjects copied to ${file}: destroy older copies, erasures do not reach them`,
  );
  return 0;
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
    print(`${countText(total.subjects)} subjects, ${countText(total.recovered)} keys came back`);
  };
  let page: unknown[] = [];
  for await (const backup of backupsIn(file)) {
    page.push(backup);
    if (page.length < PAGE) continue;
    await send(page);
    page = [];
  }
  if (page.length > 0) await send(page);
  print(`${countText(total.kept)} subjects have a backup here, which counts more than the copy`);
  for (const subject of total.lacking) print(`subject ${subject}: a key is neither here nor in the backup`);
  for (const subject of total.failed)
    print(`subject ${subject}: its keys did not come back; the log says why`);
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
