/** A deployment without the keys of personal data is stopped before it begins. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { missingSecrets, missingSecretsText } from '../../local/requiredSecrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'folio-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(text: string): string {
  const file = join(folder, `secrets-${text.length}`);
  writeFileSync(file, text);
  return file;
}

const has =
  (...names: string[]) =>
  async () =>
    names;
const unasked = () => Promise.reject(new Error('asked for nothing'));

describe('a deployment', () => {
  it('needs the keys of personal data, which the Worker has or is given', async () => {
    expect(await missingSecrets([], has('NOTARY_KEYS'))).toEqual(['PERSONAL_DATA_KEYS']);
    expect(await missingSecrets([], has('PERSONAL_DATA_KEYS'))).toEqual([]);
    const lines = fileOf('# keys\nPERSONAL_DATA_KEYS="abc= def="\n');
    expect(await missingSecrets(['--secrets-file', lines], unasked)).toEqual([]);
    const json = fileOf('{"PERSONAL_DATA_KEYS": "abc="}');
    expect(await missingSecrets([`--secrets-file=${json}`], unasked)).toEqual([]);
    const empty = fileOf('PERSONAL_DATA_KEYS=\nOTHER=1\n');
    expect(await missingSecrets(['--secrets-file', empty], has())).toEqual(['PERSONAL_DATA_KEYS']);
    await expect(missingSecrets(['--secrets-file', '/nowhere/at-all'], has())).rejects.toThrow(
      '/nowhere/at-all',
    );
  });

  it('asks after the very Worker that it is about', async () => {
    let asked: readonly string[] = [];
    const list = async (options: readonly string[]) => {
      asked = options;
      return ['PERSONAL_DATA_KEYS'];
    };
    await missingSecrets(['--minify', '--env', 'staging', '--name=other', '--var', 'A:B'], list);
    expect(asked).toEqual(['--env', 'staging', '--name=other']);
  });

  it('says what to do', () => {
    expect(missingSecretsText(['PERSONAL_DATA_KEYS'])).toContain('wrangler secret put PERSONAL_DATA_KEYS');
  });
});
