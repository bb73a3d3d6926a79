/** The rules of the archive's bucket, put on a stand-in for Cloudflare's API, and checked there. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RetentionOptions, retention } from '../../local/archive/retention.ts';
import { WRANGLER_TOML } from '../../local/config.ts';
import { LocalServerError } from '../../local/errors.ts';

interface Rule {
  readonly id: string;
  enabled: boolean;
}

/** The rules of the archive's bucket, by the last part of the path. */
let rules: Record<string, Rule[]> = {};
/** The locks of the bucket of the keys' backup. */
let keyLocks: Rule[] = [];
let server: Server;
let lines: string[] = [];

/** As the documentation of the API has it: `GET` and `PUT /accounts/{id}/r2/buckets/{name}/lock` and `/lifecycle`. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, kind] =
    /^\/accounts\/acc-1\/r2\/buckets\/folio-archive\/(lock|lifecycle)$/.exec(request.url ?? '') ?? [];
  const send = (status: number, result: unknown, errors: object[] = []) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: status === 200, errors, messages: [], result }));
  };
  if (request.headers.authorization !== 'Bearer a-token')
    return send(403, null, [{ code: 10000, message: 'Authentication error' }]);
  if (request.url === '/accounts') return send(200, [{ id: 'acc-1' }]);
  if (request.url === '/accounts/acc-1/r2/buckets/folio-key-backups/lock' && request.method === 'GET')
    return send(200, { rules: keyLocks });
  if (kind === undefined)
    return send(404, null, [{ code: 10006, message: 'The specified bucket does not exist.' }]);
  if (request.method === 'GET') return send(200, { rules: rules[kind] ?? [] });
  let body = '';
  for await (const chunk of request) body += chunk;
  rules[kind] = JSON.parse(body).rules;
  return send(200, {});
}

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  rules = {};
  keyLocks = [];
});
afterAll(() => void server.close());

/** The command; answers its exit code. */
async function run(options: RetentionOptions, env: Record<string, string> = {}): Promise<number> {
  lines = [];
  const { port } = server.address() as AddressInfo;
  const variables = {
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
    CLOUDFLARE_API_TOKEN: 'a-token',
    ...env,
  };
  return retention(options, { env: variables, print: (line) => void lines.push(line) });
}

const days = (count: number) => count * 86_400;

describe('the rules of the bucket', () => {
  it('are missing at first, are put there beside those of others, and are found', async () => {
    const foreign = { id: 'theirs', enabled: true, prefix: 'exports/', condition: { type: 'Indefinite' } };
    const outdated = { ...foreign, id: 'folio-lock-segments-5y-1827-days', prefix: 'segments/5y/' };
    const abort = {
      id: 'multipart',
      enabled: true,
      conditions: {},
      abortMultipartUploadsTransition: { condition: { type: 'Age', maxAge: 604_800 } },
    };
    rules.lock = [foreign, outdated];
    rules.lifecycle = [abort];
    expect(await run({ isCheck: true })).toBe(1);
    expect(lines.filter((line) => line.startsWith('missing: '))).toHaveLength(7);
    expect(rules.lock).toEqual([foreign, outdated]);
    expect(await run({})).toBe(0);
    expect(lines).toEqual([
      'left alone: theirs: exports/        locked for good',
      'left alone: multipart: everything      other',
      'bucket folio-archive has the rules of the archive (7 added, 1 removed)',
    ]);
    expect(rules.lock).toEqual([
      foreign,
      lock('folio-lock-segments-7y-2557-days', 'segments/7y/', { type: 'Age', maxAgeSeconds: days(2_557) }),
      lock('folio-lock-segments-10y-3653-days', 'segments/10y/', { type: 'Age', maxAgeSeconds: days(3_653) }),
      ...['manifests', 'checkpoints', 'keys'].map((name) =>
        lock(`folio-lock-${name}-for-good`, `${name}/`, { type: 'Indefinite' }),
      ),
    ]);
    expect(rules.lifecycle).toEqual([
      abort,
      removal('folio-remove-segments-7y-2587-days', 'segments/7y/', days(2_587)),
      removal('folio-remove-segments-10y-3683-days', 'segments/10y/', days(3_683)),
    ]);
    expect(await run({ isCheck: true })).toBe(0);
  });

  it('that somebody has switched off are found, and switched on again', async () => {
    await run({});
    const [rule] = rules.lock as [Rule];
    rule.enabled = false;
    expect(await run({ isCheck: true })).toBe(1);
    expect(lines[1]).toBe(
      'changed or out of date: folio-lock-segments-7y-2557-days: segments/7y/    locked 2,557 days (switched off)',
    );
    expect(await run({})).toBe(0);
    expect(rules.lock?.filter(({ id }) => id === rule.id)).toEqual([{ ...rule, enabled: true }]);
  });

  it("keep away from the bucket of the keys' backup, where an erasure must reach: a lock on it is found", async () => {
    await run({});
    const own = { id: 'everything', enabled: true, prefix: '', condition: { type: 'Indefinite' } };
    keyLocks = [own, { ...own, id: 'off', enabled: false } as Rule];
    for (const options of [{ isCheck: true }, {}]) {
      expect(await run(options)).toBe(1);
      expect(lines).toEqual([
        'bucket folio-archive has the rules of the archive',
        'no lock may be on folio-key-backups, where erasures must reach: everything: everything      locked for good',
      ]);
    }
    keyLocks = [];
    expect(await run({ isCheck: true })).toBe(0);
  });

  it('remove nothing while removal is suspended, and nor may those of others', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'folio-retention-'));
    const config = path.join(folder, 'wrangler.toml');
    const given = readFileSync(WRANGLER_TOML, 'utf8');
    writeFileSync(config, given.replace('ARCHIVE_REMOVAL = "after-term"', 'ARCHIVE_REMOVAL = "suspended"'));
    await run({});
    expect(rules.lifecycle).toHaveLength(2);
    // The rules from before are found, and taken away; the locks stay.
    expect(await run({ isCheck: true, config })).toBe(1);
    expect(await run({ config })).toBe(0);
    expect(lines).toEqual([
      'removal is suspended: nothing of the archive goes at the end of its term',
      'bucket folio-archive has the rules of the archive (0 added, 2 removed)',
    ]);
    expect([rules.lifecycle, rules.lock?.length]).toEqual([[], 5]);
    const theirs = (id: string, prefix: string) => removal(id, prefix, days(30));
    rules.lifecycle = [theirs('exports', 'exports/'), { ...theirs('off', 'segments/'), enabled: false }];
    expect(await run({ isCheck: true, config })).toBe(0);
    for (const prefix of ['', 'seg', 'segments/', 'segments/7y/order/']) {
      rules.lifecycle = [theirs('theirs', prefix)];
      expect([prefix, await run({ config })]).toEqual([prefix, 1]);
      expect(lines[0]).toMatch(/^removes what must stay, and is left to whoever made it: theirs: /);
    }
    rules.lifecycle = [];
    expect(await run({ isDryRun: true, config })).toBe(0);
    expect(lines.filter((line) => line.includes('removed after'))).toEqual([]);
    writeFileSync(config, given.replace('ARCHIVE_REMOVAL = "after-term"', 'ARCHIVE_REMOVAL = "off"'));
    await expect(run({ config })).rejects.toThrow('ARCHIVE_REMOVAL is "after-term" or "suspended"');
    rmSync(folder, { recursive: true });
    // Lifted: what is over its term goes again.
    expect(await run({})).toBe(0);
    expect(rules.lifecycle).toHaveLength(2);
  });

  it('are told without an account; an account that may not, and a bucket that is not there, are said', async () => {
    expect(await run({ isDryRun: true })).toBe(0);
    expect(lines).toContain('  account         10 years');
    expect(lines).toContain('    trade         10 years  TradeExecuted, TradeCorrected, TradeCancelled');
    expect(lines).toContain('  folio-lock-segments-10y-3653-days     segments/10y/   locked 3,653 days');
    await expect(run({}, { CLOUDFLARE_API_TOKEN: 'another' })).rejects.toThrow(
      'Authentication error (10000)',
    );
    await expect(run({}, { CLOUDFLARE_ACCOUNT_ID: 'acc-2' })).rejects.toThrow('does not exist. (10006)');
  });

  it('of an environment that there is not are those of no other', async () => {
    for (const options of [{ isDryRun: true }, { isCheck: true }, {}])
      await expect(run({ ...options, environment: 'producton' })).rejects.toThrow(
        new LocalServerError('wrangler.toml has no environment producton'),
      );
    await expect(run({}, { CLOUDFLARE_ENV: 'producton' })).rejects.toThrow('has no environment producton');
    expect([lines, rules]).toEqual([[], {}]);
  });
});

function lock(id: string, prefix: string, condition: object) {
  return { id, enabled: true, prefix, condition };
}

function removal(id: string, prefix: string, maxAge: number) {
  return {
    id,
    enabled: true,
    conditions: { prefix },
    deleteObjectsTransition: { condition: { type: 'Age', maxAge } },
  };
}
