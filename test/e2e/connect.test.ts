/** The service in the real runtime, which refuses what the test pool lets pass: every transport, and what docs/connect.md says. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../local/platform.ts';
import { connectClient, failure, TRANSPORTS } from '../support/connect.ts';

const START_MS = 180_000;
const REPOSITORY = join(import.meta.dirname, '../..');

describe('the service over the network', () => {
  const state = mkdtempSync(join(tmpdir(), 'folio-connect-'));
  // Inside of the repository, where the packages are found that the example asks for.
  const folder = join(REPOSITORY, '.folio', `connect-example-${process.pid}`);
  let platform: Platform;
  let token: { Authorization: string };

  beforeAll(async () => {
    platform = await startPlatform({ port: 0, stateDir: state, logLevel: 'error' });
    token = { Authorization: `Bearer ${platform.token}` };
  }, START_MS);

  afterAll(async () => {
    await platform?.stop();
    for (const each of [state, folder]) rmSync(each, { recursive: true, force: true });
  });

  it.each(Object.keys(TRANSPORTS) as (keyof typeof TRANSPORTS)[])('speaks %s', async (transport) => {
    const folio = connectClient(transport, platform.url, token);
    const id = `e2e-${Object.keys(TRANSPORTS).indexOf(transport)}`;
    await folio.openAccount({
      accountId: id,
      customerId: 'c',
      accountType: 'INDIVIDUAL',
      currency: 'USD',
      initialBalance: '100',
    });
    expect(await folio.withdrawFunds({ id, amount: '0.01' })).toMatchObject({ aggregateId: id, version: 2n });
    expect((await folio.getAccount({ id })).cash?.total).toBe('99.99');
    expect(await failure(folio.withdrawFunds({ id, amount: '100' }))).toMatchObject({
      code: 'FailedPrecondition',
      problem: { code: 'insufficient_funds' },
    });
    const { events } = await folio.getAccountEvents({ id });
    expect(events.map(({ eventType }) => eventType)).toEqual(['AccountOpened', 'FundsWithdrawn']);
  });

  it('answers a gRPC client that it is none of its kind', async () => {
    const response = await fetch(`${platform.url}/v1/connect/folio.v1.FolioService/GetAccount`, {
      method: 'POST',
      headers: { ...token, 'Content-Type': 'application/grpc' },
      body: Uint8Array.of(0, 0, 0, 0, 0),
    });
    expect([response.status, await response.json()]).toMatchObject([415, { code: 'unsupported_media_type' }]);
  });

  it('does what its page says', () => {
    const page = readFileSync(join(REPOSITORY, 'docs/connect.md'), 'utf8');
    const [, example = '', printed = ''] = /```ts\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(page) ?? [];
    const made = pathToFileURL(join(REPOSITORY, 'workers/connect/generated/folio/v1/folio_pb.ts')).href;
    const constants = `const [url, token] = ${JSON.stringify([platform.url, platform.token])};\n`;
    const script = example.replace("'./gen/folio/v1/folio_pb.ts';", () => `'${made}';\n${constants}`);
    expect(script).not.toBe(example);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'example.ts'), script);
    expect(execFileSync(process.execPath, [join(folder, 'example.ts')], { encoding: 'utf8' })).toBe(printed);
  });

  it('is called with curl as its page says', async () => {
    const page = readFileSync(join(REPOSITORY, 'docs/connect.md'), 'utf8');
    const [, path = '', body = '', printed = ''] =
      /localhost:8787(\S+) \\\n {2}-d '([^']+)'\n```\n\n```json\n([\s\S]*?)```/.exec(page) ?? [];
    const response = await fetch(`${platform.url}${path}`, {
      method: 'POST',
      headers: { ...token, 'Content-Type': 'application/json' },
      body,
    });
    const { message, code } = (await response.json()) as { message: string; code: string };
    expect({ code, message }).toEqual(JSON.parse(printed.replace(/,\s*"details": \[.*?\]/s, '')));
  });
});
