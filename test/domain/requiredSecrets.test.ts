/** A deployment without the secrets that it needs is stopped before it begins. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { deploymentOf } from '../../local/deployment.ts';
import { missingSecrets, missingSecretsText } from '../../local/requiredSecrets.ts';
import { signingKeys } from '../../queues/archive/checkpoint.ts';

const OPERATIONS = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');

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

/** Machines without it can run all else. */
const hasOpenSsl = spawnSync('openssl', ['version']).status === 0;

/** What the Worker needs wherever payments go. */
const KEYS = ['PERSONAL_DATA_KEYS', 'NOTARY_KEYS'];

const STRIPE = { PAYMENT_PROVIDER: 'stripe' };

describe('a deployment', () => {
  it('needs the keys of personal data and of the notary, which the Worker has or is given', async () => {
    expect(await missingSecrets([], STRIPE, has('NOTARY_KEYS'))).toEqual(['PERSONAL_DATA_KEYS']);
    expect(await missingSecrets([], STRIPE, has('PERSONAL_DATA_KEYS'))).toEqual(['NOTARY_KEYS']);
    expect(await missingSecrets([], STRIPE, has(...KEYS))).toEqual([]);
    const lines = fileOf('# keys\nPERSONAL_DATA_KEYS="abc= def="\nNOTARY_KEYS=abc=\n');
    expect(await missingSecrets(['--secrets-file', lines], STRIPE, unasked)).toEqual([]);
    const json = fileOf('{"PERSONAL_DATA_KEYS": "abc=", "NOTARY_KEYS": "abc="}');
    expect(await missingSecrets([`--secrets-file=${json}`], STRIPE, unasked)).toEqual([]);
    const empty = fileOf('PERSONAL_DATA_KEYS=\nOTHER=1\n');
    expect(await missingSecrets(['--secrets-file', empty], STRIPE, has())).toEqual(KEYS);
    await expect(missingSecrets(['--secrets-file', '/nowhere/at-all'], STRIPE, has())).rejects.toThrow(
      '/nowhere/at-all',
    );
  });

  it('needs a secret for the sandbox’s webhooks where that is where payments go, and not the one that everybody knows', async () => {
    const sandbox = { PAYMENT_PROVIDER: 'sandbox' };
    for (const variables of [sandbox, {}]) {
      expect(await missingSecrets([], variables, has(...KEYS))).toEqual(['SANDBOX_WEBHOOK_SECRET']);
      expect(await missingSecrets([], variables, has(...KEYS, 'SANDBOX_WEBHOOK_SECRET'))).toEqual([]);
    }
    const stripe = ['--var', 'LOG_LEVEL:debug', 'PAYMENT_PROVIDER:stripe'];
    expect(await missingSecrets(stripe, sandbox, has(...KEYS))).toEqual([]);
    expect(await missingSecrets(['--var=PAYMENT_PROVIDER:sandbox'], STRIPE, has(...KEYS))).toEqual([
      'SANDBOX_WEBHOOK_SECRET',
    ]);
    const known = fileOf(
      'PERSONAL_DATA_KEYS=abc=\nNOTARY_KEYS=abc=\nSANDBOX_WEBHOOK_SECRET=sandbox-webhooks\n',
    );
    expect(await missingSecrets(['--secrets-file', known], sandbox, has())).toEqual([
      'SANDBOX_WEBHOOK_SECRET',
    ]);
    const own = fileOf(
      'PERSONAL_DATA_KEYS=abc=\nNOTARY_KEYS=abc=\nSANDBOX_WEBHOOK_SECRET=c29tZXRoaW5nIG9mIG91ciBvd24=\n',
    );
    expect(await missingSecrets(['--secrets-file', own], sandbox, unasked)).toEqual([]);
  });

  it('takes no variable for a secret', async () => {
    const exposed = { SANDBOX_WEBHOOK_SECRET: 'anything' };
    await expect(missingSecrets([], exposed, unasked)).rejects.toThrow(
      'SANDBOX_WEBHOOK_SECRET is a variable',
    );
    await expect(missingSecrets(['--var', 'PERSONAL_DATA_KEYS:abc='], {}, unasked)).rejects.toThrow(
      'PERSONAL_DATA_KEYS is a variable',
    );
  });

  it('asks after the very Worker that it is about', async () => {
    let asked: readonly string[] = [];
    const list = async (options: readonly string[]) => {
      asked = options;
      return KEYS;
    };
    const given = ['--minify', '--env', 'staging', '--name=other', '--var', 'A:B', '--profile', 'work'];
    await missingSecrets(given, STRIPE, list);
    expect(asked).toEqual(['--env', 'staging', '--name=other', '--profile', 'work']);
  });

  it('reads what the configuration itself says, which has no secret among its variables', async () => {
    const { vars: variables = {} } = await deploymentOf([]);
    expect(variables.PAYMENT_PROVIDER).toBe('sandbox');
    expect(await missingSecrets([], variables, has())).toEqual([...KEYS, 'SANDBOX_WEBHOOK_SECRET']);
  });

  it.skipIf(!hasOpenSsl)('says how a key is made that the notary can use', () => {
    const [, command = ''] = /Make one: +(.+)/.exec(missingSecretsText(['NOTARY_KEYS'])) ?? [];
    const made = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
    const [key] = signingKeys(made);
    expect(key?.publicKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(OPERATIONS).toContain(command);
  });

  it('says what to do', () => {
    const text = missingSecretsText(['PERSONAL_DATA_KEYS', 'SANDBOX_WEBHOOK_SECRET']);
    expect(text).toContain('wrangler secret put PERSONAL_DATA_KEYS');
    expect(text).toContain('wrangler secret put SANDBOX_WEBHOOK_SECRET');
    expect(text).not.toContain('NOTARY_KEYS');
  });
});
