import type { ArchiveClient } from './archive/client.ts';

/** Subjects a request: some seconds of work, so that progress is seen. */
const PAGE = 500;

/** As much of the platform's answer as is shown. */
interface Page {
  readonly subjects: number;
  readonly rewrapped: number;
  readonly failed: readonly string[];
  readonly nextCursor: string | null;
}

const number = (value: number) => value.toLocaleString('en-US');

/**
 * Has the keys of all subjects of a running platform wrapped with its first master key, and prints how it goes; answers the exit
 * code, which is 0 where the other master keys are needed no more.
 */
export async function rewrapKeys(client: ArchiveClient, print: (line: string) => void): Promise<number> {
  let subjects = 0;
  let rewrapped = 0;
  const failed: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await client.json(`/v1/subjects/rewrap-keys?limit=${PAGE}${after}`, {
      method: 'POST',
    });
    subjects += page.subjects;
    rewrapped += page.rewrapped;
    failed.push(...page.failed);
    cursor = page.nextCursor;
    if (cursor !== null)
      print(`${number(subjects)} subjects looked at, ${number(rewrapped)} keys wrapped anew …`);
  }
  print(`${number(subjects)} subjects looked at, ${number(rewrapped)} keys wrapped anew`);
  for (const subject of failed)
    print(`subject ${subject}: a key could not be wrapped anew; the platform's log says why`);
  print(
    failed.length === 0
      ? 'the master keys after the first one are needed no more: take them out of PERSONAL_DATA_KEYS'
      : `${number(failed.length)} subjects still need another master key: leave all of them in PERSONAL_DATA_KEYS`,
  );
  return failed.length === 0 ? 0 : 1;
}
