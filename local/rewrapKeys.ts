import { countText, plural } from '../verifier/counts.ts';
import type { ArchiveClient } from './archive/client.ts';

/** Subjects a request: some seconds of work, so that progress is seen. */
const PAGE = 500;

/** As much of the platform's answer as is shown. */
interface Page {
  readonly subjects: number;
  readonly rewrapped: number;
  readonly recovered: number;
  readonly lacking: readonly string[];
  readonly failed: readonly string[];
  readonly nextCursor: string | null;
}

/** What became of all subjects' keys. */
export interface KeysTogether {
  subjects: number;
  rewrapped: number;
  recovered: number;
  /** Subjects with a key that is neither here nor in the backup. */
  readonly lacking: string[];
  /** Subjects whose keys and backup could not be brought together. */
  readonly failed: string[];
}

/**
 * Has the keys of all subjects of a running platform and their backup brought together and wrapped with its first master key, page
 * after page from a cursor on. Each page tells how it goes, and where to go on should the next one fail.
 */
export async function bringKeysTogether(
  client: ArchiveClient,
  print: (line: string) => void,
  from?: string,
): Promise<KeysTogether> {
  const total: KeysTogether = { subjects: 0, rewrapped: 0, recovered: 0, lacking: [], failed: [] };
  for (let cursor: string | null = from ?? ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await client.json(`/v1/subjects/rewrap-keys?limit=${PAGE}${after}`, {
      method: 'POST',
    });
    total.subjects += page.subjects;
    total.rewrapped += page.rewrapped;
    total.recovered += page.recovered;
    total.lacking.push(...page.lacking);
    total.failed.push(...page.failed);
    cursor = page.nextCursor;
    if (cursor !== null) print(`${countsOf(total)} … (goes on with --from ${cursor})`);
  }
  print(countsOf(total));
  for (const subject of total.failed)
    print(`subject ${subject}: its keys and their backup do not go together; the platform's log says why`);
  for (const subject of total.lacking) print(`subject ${subject}: a key is neither here nor in the backup`);
  return total;
}

/** Wraps the keys of all subjects anew; answers the exit code, which is 0 where the other master keys are needed no more. */
export async function rewrapKeys(
  client: ArchiveClient,
  print: (line: string) => void,
  from?: string,
): Promise<number> {
  const { failed } = await bringKeysTogether(client, print, from);
  const condition = from === undefined ? '' : ', if nothing was named before either';
  print(
    failed.length === 0
      ? `the master keys after the first one are needed no more: take them out of PERSONAL_DATA_KEYS${condition}`
      : `${plural(failed.length, 'subject still needs', 'subjects still need')} another master key: leave all of them in PERSONAL_DATA_KEYS`,
  );
  return failed.length === 0 ? 0 : 1;
}

function countsOf({ subjects, rewrapped, recovered }: KeysTogether): string {
  const back = recovered === 0 ? '' : `, ${countText(recovered)} came back from the backup`;
  return `${plural(subjects, 'subject')} looked at, ${plural(rewrapped, 'key')} wrapped anew${back}`;
}
