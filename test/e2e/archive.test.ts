/**
 * The life of an archive, on the real local server: the demonstration's trades are archived and signed, copied, verified
 * offline, and queried by DuckDB, and everything that comes out is what the demonstration's own books say. Then an empty
 * platform is filled from it, and goes on.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CappedTape } from '../../demo/cappedTape.ts';
import { Client } from '../../demo/client.ts';
import { defaultTape } from '../../demo/defaultTape.ts';
import { drive, type Run } from '../../demo/drive.ts';
import { Exact, NOTHING, plain } from '../../demo/exact.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { Analytics } from '../../local/archive/analytics.ts';
import { check } from '../../local/archive/check.ts';
import { ArchiveClient } from '../../local/archive/client.ts';
import { exportArchive } from '../../local/archive/export.ts';
import { restore } from '../../local/archive/restore.ts';
import { restoreRequests } from '../../local/archive/restoredEvents.ts';
import { manifestAt, objectOf, rangesOf, type WantedRange } from '../../local/archive/restorePlan.ts';
import { startPlatform } from '../../local/platform.ts';
import type { Platform } from '../../local/types.ts';
import { ArchiveFolder } from '../../verifier/archive.ts';
import { readRows } from '../../verifier/rows.ts';
import { verifyArchive } from '../../verifier/verify.ts';

/** A demonstration on a slow machine with other tests beside it. */
const RUN_MS = 180_000;

const TRADES = 300;

const root = mkdtempSync(path.join(tmpdir(), 'folio-archive-life-'));
const folder = path.join(root, 'archive');
let platform: OwnPlatform;
let client: ArchiveClient;
let run: Run;
let analytics: Analytics;

/** Archives and signs until the archive has every event of the books. */
async function archived(of: ArchiveClient, events: number): Promise<void> {
  for (const end = performance.now() + RUN_MS; performance.now() < end; await sleep(200)) {
    await of.json('/v1/audit/checkpoints', { method: 'POST' });
    if ((await of.json<{ events: number }>('/v1/archive')).events >= events) return;
  }
  throw new Error(`the archive has no ${events} events`);
}

/** What the books have of every account. */
function reports() {
  const { books } = run.expectations;
  return books.accountIds().map((id) => ({ id, ...books.report(id) }));
}

const sum = (values: readonly string[]) => values.reduce((total, value) => total.plus(value), NOTHING);

/** The rows of a query, by the names of its columns; decimals as plainly as the books write them. */
async function rowsOf(query: string, account?: string): Promise<Record<string, string>[]> {
  const { columns, rows } = await analytics.run(query, account);
  const plainly = (value: string | null) =>
    value === null ? '' : /^-?\d+\.\d{8}$/.test(value) ? plain(new Exact(value)) : value;
  return rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column, plainly(row[index] ?? null)])),
  );
}

beforeAll(async () => {
  platform = await OwnPlatform.start();
  client = new ArchiveClient(platform.url, platform.token);
  const demo = new Client(platform.url, platform.token);
  const tape = await CappedTape.open(defaultTape(TRADES, 5), TRADES);
  const options = {
    platform: Promise.resolve(demo),
    tape,
    accounts: 6,
    seed: 5,
    onProgress: () => undefined,
  };
  run = await drive(options);
  demo.close();
  await archived(
    client,
    reports().reduce((total, { version }) => total + version, 0),
  );
  expect(await exportArchive(client, folder)).toBe(0);
  analytics = await Analytics.open(folder);
}, RUN_MS);

afterAll(async () => {
  analytics?.close();
  rmSync(root, { recursive: true, force: true });
  await platform?.stop(false);
});

describe('the archive of a demonstration', () => {
  it('is complete and verifies offline', async () => {
    expect(await check(client)).toBe(0);
    const { findings, events, aggregates } = await verifyArchive(new ArchiveFolder(folder), Date.now());
    expect(findings.kept).toEqual([]);
    expect(aggregates).toBeGreaterThanOrEqual(reports().length);
    expect(events).toBeGreaterThanOrEqual(reports().reduce((total, { version }) => total + version, 0));
  });

  it('has typed columns for any reader: exact money, times, whole numbers', async () => {
    const { rows } = await analytics.sql('SELECT column_name, column_type FROM (DESCRIBE events)');
    expect(Object.fromEntries(rows)).toMatchObject({
      version: 'BIGINT',
      recorded_at: 'TIMESTAMP WITH TIME ZONE',
      executed_at: 'TIMESTAMP WITH TIME ZONE',
      cash: 'DECIMAL(38,8)',
      notional: 'DECIMAL(38,8)',
      position_average_cost: 'DECIMAL(38,8)',
      allow_short: 'BOOLEAN',
      symbol: 'VARCHAR',
      hash: 'BLOB',
    });
  });

  it('gives the daily volume: as many trades and fees as the books', async () => {
    const rows = await rowsOf('daily_volume');
    expect(sum(rows.map(({ trades }) => trades as string)).toNumber()).toBe(run.expectations.trades);
    const fees = sum(reports().map((account) => account.fees));
    expect(plain(sum(rows.map((row) => row.fees as string)))).toBe(plain(fees));
    expect(rows.every(({ day }) => /^\d{4}-\d{2}-\d{2}$/.test(day as string))).toBe(true);
  });

  it('gives the top accounts, by turnover, with the cash and the profit of the books', async () => {
    const rows = await rowsOf('top_accounts');
    const traded = reports().filter(({ events }) => (events.TradeExecuted ?? 0) > 0);
    expect(
      rows
        .map(({ account, currency, trades, realized_pnl, cash }) => [
          account,
          currency,
          trades,
          realized_pnl,
          cash,
        ])
        .sort(),
    ).toEqual(
      traded
        .map(({ id, currency, events, positions, cash }) => [
          id,
          currency,
          String(events.TradeExecuted),
          plain(sum(positions.map(({ realizedPnl }) => realizedPnl))),
          cash,
        ])
        .sort(),
    );
    const places = rows.map(({ currency, turnover }) => ({
      currency,
      turnover: new Exact(turnover as string),
    }));
    expect(
      places.every(({ currency, turnover }, index) => {
        const before = places[index - 1];
        return before === undefined || before.currency !== currency || turnover.lte(before.turnover);
      }),
    ).toBe(true);
  });

  it('gives the profit by symbol that the books have', async () => {
    const expected = new Map<string, Exact>();
    for (const { currency, positions } of reports()) {
      for (const { symbol, realizedPnl } of positions) {
        const key = `${symbol} ${currency}`;
        expected.set(key, (expected.get(key) ?? NOTHING).plus(realizedPnl));
      }
    }
    const rows = await rowsOf('profit_by_symbol');
    expect(
      new Map(rows.map(({ symbol, currency, realized_pnl }) => [`${symbol} ${currency}`, realized_pnl])),
    ).toEqual(new Map([...expected].map(([key, profit]) => [key, plain(profit)])));
  });

  it('gives the audit of one account: every event of its log, with its hash', async () => {
    const [account] = reports();
    const id = account?.id as string;
    const { events } = await client.json<{ events: { version: number; hash: string; eventType: string }[] }>(
      `/v1/accounts/${id}/events?limit=1000`,
    );
    const rows = await rowsOf('account_audit', id);
    expect(rows.map(({ version, hash, event_type }) => [Number(version), hash, event_type])).toEqual(
      events.map(({ version, hash, eventType }) => [version, hash, eventType]),
    );
    expect(plain(sum(rows.map(({ cash_change }) => cash_change || '0')))).toBe(account?.cash);
  });

  it('has what a replay of the logs has: of a type, of an aggregate, and from a time', async () => {
    const id = reports()[0]?.id as string;
    const middle = 'SELECT quantile_disc(recorded_at, 0.5) FROM events';
    const [[time]] = (await analytics.sql(`SELECT strftime((${middle}), '%Y-%m-%dT%H:%M:%S.%gZ')`)).rows as [
      [string],
    ];
    const selections: [string[], string][] = [
      [['--aggregate-type', 'account'], 'true'],
      [['--type', 'TradeExecuted', '--per-second', '5000'], "event_type = 'TradeExecuted'"],
      [['--aggregate', `account/${id}`], `aggregate_id = '${id}'`],
      [['--from', time, '--aggregate-type', 'account'], `recorded_at >= (${middle})`],
    ];
    for (const [index, [options, condition]] of selections.entries()) {
      const out = path.join(root, `replay-${index}.ndjson`);
      const server = ['--url', platform.url, '--token', platform.token as string];
      await promisify(execFile)(process.execPath, ['local/replay.ts', '--out', out, ...options, ...server]);
      const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
      const hashes = lines.map((line) => (JSON.parse(line) as { hash: string }).hash);
      const { rows } = await analytics.sql(`SELECT lower(hex(hash)) FROM events WHERE ${condition}`);
      expect(hashes.length).toBeGreaterThan(0);
      expect(hashes.sort()).toEqual(rows.map(([hash]) => hash as string).sort());
    }
  });

  it('has nothing among the faults, and would', async () => {
    expect(await rowsOf('faults')).toEqual([]);
    const source =
      "read_parquet(getvariable('archive') || '/segments/*/account/*/*.parquet', union_by_name = true)";
    const forged = 'CASE WHEN version = 5 THEN cash + 1 ELSE cash END AS cash';
    await analytics.sql(
      `CREATE OR REPLACE VIEW events AS SELECT * REPLACE (${forged}) FROM ${source} WHERE version <> 9`,
    );
    const faults = (await rowsOf('faults')).map(({ fault }) => fault);
    expect(faults).toContain('does not follow on version 8');
    expect(faults.some((fault) => fault?.startsWith('the cash is'))).toBe(true);
  });
});

describe('an environment that is restored from its archive', () => {
  const everything = { only: [], except: [], keys: [] };
  let other: Platform;
  let restored: ArchiveClient;

  beforeAll(async () => {
    other = await startPlatform({
      port: 0,
      stateDir: path.join(root, 'second'),
      logLevel: 'warn',
      vars: { RESTORE: 'open' },
    });
    restored = new ArchiveClient(other.url, other.token);
  }, RUN_MS);
  afterAll(() => other?.stop());

  const headOf = (of: ArchiveClient, id: string) =>
    of.json<{ version: number; headHash: string; ok: boolean }>(`/v1/audit/account/${id}`);
  const post = (of: ArchiveClient, route: string, body: object) =>
    of.json<{ version: number }>(route, { method: 'POST', body: JSON.stringify(body) });

  it('takes one log alone, if asked, and all the others later', async () => {
    const id = reports()[0]?.id as string;
    expect(await restore(restored, folder, { ...everything, only: [`account/${id}`] })).toBe(0);
    expect(await headOf(restored, id)).toEqual(await headOf(client, id));
    await expect(restored.json(`/v1/accounts/${reports()[1]?.id}`)).rejects.toThrow('404');
    await expect(restore(restored, folder, { ...everything, only: ['account/nobody'] })).rejects.toThrow(
      'the archive has no account/nobody',
    );
  });

  it('has the same heads to the byte, after two calls at once', async () => {
    const both = [1, 2].map(() => restore(restored, folder, everything));
    expect(await Promise.all(both)).toEqual([0, 0]);
    for (const { id } of reports()) {
      expect(await headOf(restored, id)).toEqual(await headOf(client, id));
      expect(await restored.json(`/v1/accounts/${id}`)).toEqual(await client.json(`/v1/accounts/${id}`));
    }
  });

  it('has its views again, and an archive of its own', async () => {
    for (const { id, version } of reports()) {
      const view = `/v1/accounts/${id}/portfolio?minVersion=${version}`;
      expect(await restored.json(view)).toEqual(await client.json(view));
    }
    await archived(
      restored,
      reports().reduce((total, { version }) => total + version, 0),
    );
    expect(await check(restored)).toBe(0);
  });

  it('goes on: it recognises what was sent before, and takes what is new', async () => {
    const id = reports().find(({ status }) => status === 'OPEN')?.id as string;
    const { events } = await client.json<{ events: { metadata: { commandId: string } }[] }>(
      `/v1/accounts/${id}/events?limit=1`,
    );
    const commandId = events[0]?.metadata.commandId;
    const deposit = {
      commandId,
      aggregateType: 'account',
      aggregateId: id,
      type: 'DepositFunds',
      data: { amount: '1' },
    };
    const batch = await post(restored, '/v1/commands', { commands: [deposit] });
    expect(batch).toMatchObject({ refused: 1, results: [{ code: 'command_id_reused' }] });
    const { version } = await headOf(client, id);
    const { version: next } = await post(restored, `/v1/accounts/${id}/deposits`, { amount: '1' });
    expect(next).toBe(version + 1);
    // It is ahead of the archive now, and still the same as far as that goes.
    expect(await restore(restored, folder, everything)).toBe(0);
  });

  it('refuses to be filled where it has a history of its own, and then nothing is touched', async () => {
    const stranger = new ArchiveClient(platform.url, platform.token);
    await expect(restore(stranger, folder, everything)).rejects.toThrow('409 This environment is not open');
    const empty = await startPlatform({
      port: 0,
      stateDir: path.join(root, 'third'),
      logLevel: 'warn',
      vars: { RESTORE: 'open' },
    });
    try {
      const third = new ArchiveClient(empty.url, empty.token);
      const [first, second] = reports();
      await post(third, '/v1/accounts', {
        accountId: first?.id,
        customerId: 'somebody',
        accountType: 'INDIVIDUAL',
        currency: 'EUR',
      });
      expect(await restore(third, folder, everything)).toBe(1);
      await expect(third.json(`/v1/accounts/${second?.id}`)).rejects.toThrow('404');
      expect(await restore(third, folder, { ...everything, except: [`account/${first?.id}`] })).toBe(0);
      expect(await headOf(third, second?.id as string)).toEqual(await headOf(client, second?.id as string));
    } finally {
      await empty.stop();
    }
  });

  it('fills up logs that have lost their end where they are, if asked, and none that went on without it', async () => {
    const platform = await startPlatform({
      port: 0,
      stateDir: path.join(root, 'fourth'),
      logLevel: 'warn',
      vars: { RESTORE: 'open' },
    });
    const lines: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
    try {
      const fourth = new ArchiveClient(platform.url, platform.token);
      const open = reports().filter(({ status, version }) => status === 'OPEN' && version > 3);
      const [first, second] = open.map(({ id }) => id) as [string, string];
      await begin(fourth, first, 3);
      await begin(fourth, second, 2);
      expect(await restore(fourth, folder, everything)).toBe(1);
      const names = [`account/${first}`, `account/${second}`];
      for (const [index, name] of names.entries())
        expect(
          lines.filter((line) =>
            line.startsWith(`${name}: the log has lost its end: it has ${3 - index} of`),
          ),
        ).toHaveLength(1);
      const inPlace = { ...everything, isInPlace: true };
      await post(fourth, `/v1/accounts/${second}/deposits`, { amount: '1' });
      expect(await restore(fourth, folder, inPlace)).toBe(1);
      expect(lines).toContain(
        `account/${second}: the log went on differently: its event of version 3 is another one`,
      );
      expect(await headOf(fourth, first), 'nothing was touched').toMatchObject({ version: 3 });
      expect(await restore(fourth, folder, { ...inPlace, except: [`account/${second}`] })).toBe(0);
      expect(await headOf(fourth, first)).toEqual(await headOf(client, first));
      expect(await headOf(fourth, second)).toMatchObject({ version: 3, ok: true });
    } finally {
      log.mockRestore();
      await platform.stop();
    }
  });

  /** The account as a storage that has lost its end has it: the archive's first events, and in use. */
  async function begin(of: ArchiveClient, id: string, toVersion: number): Promise<void> {
    const archive = new ArchiveFolder(folder);
    const manifest = await manifestAt(archive, 1);
    const [range] = rangesOf(manifest, (name) => name === `account/${id}`) as [WantedRange];
    const rows = await readRows(await objectOf(archive, manifest.segment.key));
    const [request] = restoreRequests(rows, { ...range, toVersion }, '0'.repeat(64));
    await of.json(`/v1/restore/account/${id}`, { method: 'POST', body: request?.body as string });
    const hash = rows.hash(range.row + toVersion - 1).toString('hex');
    await post(of, `/v1/restore/account/${id}/release`, { version: toVersion, hash });
  }

  it('takes nothing from an archive that somebody has been at', async () => {
    const [manifest] = new ArchiveFolder(folder).keys('manifests/');
    const file = path.join(folder, manifest as string);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.toString().replace('"events":', '"events":1'));
    expect(await restore(restored, folder, everything)).toBe(1);
    writeFileSync(file, bytes);
  });
});
