/** Copies of the keys' backup as the command makes them: what is damaged is said, and costs no copy that is good. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ArchiveClient } from '../../local/archive/client.ts';
import { exportKeyBackup } from '../../local/keyBackupFile.ts';

interface Page {
  readonly backups: readonly object[];
  readonly failed: readonly object[];
}

/** Answers these pages, one after another. */
class PagesClient extends ArchiveClient {
  readonly #pages: Page[];

  constructor(pages: readonly Page[]) {
    super('http://folio.example', undefined);
    this.#pages = [...pages];
  }

  override async json<Reply>(): Promise<Reply> {
    const page = this.#pages.shift();
    return { ...page, nextCursor: this.#pages.length > 0 ? 'next' : null } as Reply;
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'folio-keys-'));
const file = path.join(folder, 'keys');

afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
});

const backup = (subjectId: string) => ({ subjectId });
const page = (...ids: string[]): Page => ({ backups: ids.map(backup), failed: [] });
const damaged = { object: 'subjects/b', reason: 'the backup of b is none' };

async function exported(...pages: Page[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  return { code: await exportKeyBackup(new PagesClient(pages), file, (line) => lines.push(line)), lines };
}

function idsIn(name: string): unknown[] {
  const lines = readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { subjectId: string }).subjectId);
}

describe('a copy of the keys', () => {
  it('has every page, in the place of the copy before', async () => {
    expect((await exported(page('a'))).code).toBe(0);
    expect((await exported(page('a', 'b'), page('c'))).code).toBe(0);
    expect(idsIn('keys')).toEqual(['a', 'b', 'c']);
    expect(readdirSync(folder)).toEqual(['keys', 'keys.lock']);
  });

  it('is written by one process at a time', async () => {
    const both = await Promise.allSettled([exported(page('a')), exported(page('a', 'b'))]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((both[1] as PromiseRejectedResult).reason.message).toBe(
      `${file} is being written by another export`,
    );
    expect(idsIn('keys')).toEqual(['a']);
  });

  it('of a backup of which some is damaged names that, has the rest, and leaves the copy before, which is whole', async () => {
    await exported(page('a', 'b'));
    const { code, lines } = await exported({ ...page('a'), failed: [damaged] }, page('c'));
    expect(code).toBe(1);
    expect(lines).toContain('DAMAGED subjects/b: the backup of b is none');
    expect(lines).toContain(`${file} is still the copy from before, which may have what is damaged now`);
    expect(idsIn('keys')).toEqual(['a', 'b']);
    expect(idsIn('keys.incomplete')).toEqual(['a', 'c']);
    // Mended, and copied again.
    expect((await exported(page('a', 'b', 'c'))).code).toBe(0);
    expect(idsIn('keys')).toEqual(['a', 'b', 'c']);
    expect(readdirSync(folder)).toEqual(['keys', 'keys.lock']);
  });
});
