/**
 * The life of an archive: trades over many accounts archived while they come in, copied, verified offline, added up by
 * DuckDB, and an empty platform filled from them. Whatever does not agree with the logs to the last digit ends the run.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Analytics } from '../../local/archive/analytics.ts';
import { ArchiveClient, inParallel } from '../../local/archive/client.ts';
import { type Ran, runCommand } from '../archive/command.ts';
import { type AccountSums, mustAgree, sumsOfArchive } from '../archive/sums.ts';
import { fill } from '../load/fill.ts';
import { BENCH_TOKEN } from '../load/token.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { accountId } from '../workload/commands.ts';
import { uuidBatches } from '../workload/uuidBatches.ts';

/** Less than a minute on a quiet machine; the issue speaks of a million over a thousand accounts: `--events 1000000`. */
const DEFAULT_EVENTS = 20_000;

/** An account for so many trades, up to so many accounts: new objects cost more than trades do. */
const TRADES_PER_ACCOUNT = 100;
const ACCOUNTS_MAX = 1_000;

/** Trades of a request. */
const BATCH_MAX = 1_000;

const SECONDS_PER_MINUTE = 60;

/** Interval at which the archive is asked how far it is, and how long it is waited for after the last trade. */
const POLL_MS = 500;
const ARCHIVED_WITHIN_MS = 900_000;

const VERIFIED: Target = { of: 'value', atLeast: 1_000_000 };
const BYTES: Target = { of: 'value', atMost: 150 };

export const archive: Benchmark = {
  name: 'archive',
  summary:
    'trades over up to 1,000 accounts archived, verified offline, added up by DuckDB, restored: each must equal the logs',
  run(options): Promise<Figure[]> {
    return withServers(
      ['product with archive', 'product to be restored'],
      options.servers,
      async (own, other) => {
        const folder = mkdtempSync(join(options.servers.stateDir, 'folio-bench-archive-'));
        try {
          return await measure(own, other, folder, options);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    );
  },
};

async function measure(own: Server, other: Server, folder: string, options: BenchOptions): Promise<Figure[]> {
  const { progress, events: trades = DEFAULT_EVENTS, rounds } = options;
  const accounts = Math.ceil(Math.min(ACCOUNTS_MAX, trades / TRADES_PER_ACCOUNT));
  const client = new ArchiveClient(own.url, BENCH_TOKEN);
  const started = performance.now();
  await openAccounts(own.url, accounts);
  await fill(own, uuidBatches(accounts, batchOf(trades / accounts)), trades);
  const filled = secondsSince(started);
  const logs = await sumsOfLogs(own, accounts);
  const total = { events: sum(logs, 'events'), trades: sum(logs, 'trades') };
  progress(`archive: ${total.trades} trades in ${filled.toFixed(1)} s`);
  const lagStarted = performance.now();
  await archived(client, total.events);
  const lag = secondsSince(lagStarted);
  progress(`archive: all of it archived ${lag.toFixed(1)} s later`);
  const platform = (server: Server) => ['--url', server.url, '--token', BENCH_TOKEN];
  const copied = await runCommand('local/archive.ts', ['export', folder, ...platform(own)]);
  const key = await publicKey(client);
  const verified: Ran[] = [];
  for (let round = 0; round < rounds; round++)
    verified.push(await verify(folder, key, total.events, accounts));
  progress(`archive: verified in ${verified.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(', ')}`);
  const queried = await query(folder, logs);
  progress(`archive: DuckDB says the same as ${logs.size} logs`);
  const restored = await runCommand('local/archive.ts', [
    'restore',
    folder,
    '--key',
    key,
    ...platform(other),
  ]);
  mustAgree(logs, await sumsOfLogs(other, accounts), 'the restored platform');
  progress(`archive: restored in ${restored.seconds.toFixed(1)} s, and every head is the same`);
  const detail = { ...total, accounts: logs.size };
  return [
    rate('archived while trades come in', total.events, [filled + lag], [], {
      ...detail,
      fillSeconds: filled,
      lagSeconds: lag,
    }),
    sizes(folder, total.trades),
    rate('copied', total.events, [copied.seconds], []),
    rate(
      'verified offline, on one core',
      total.events,
      verified.map(({ processorSeconds }) => processorSeconds),
      [VERIFIED],
      {
        seconds: median(verified.map(({ seconds }) => seconds)),
      },
    ),
    queried,
    rate('restored, every head equal', total.events, [restored.seconds], [], {
      clientProcessorSeconds: restored.processorSeconds,
    }),
  ];
}

/** Waits until the archive has been told of everything, and then until it has it, signed. */
async function archived(client: ArchiveClient, events: number): Promise<void> {
  for (const end = performance.now() + ARCHIVED_WITHIN_MS; performance.now() < end; await sleep(POLL_MS)) {
    const status = await client.json<{ events: number; waitingEvents: number }>('/v1/archive');
    // Sealing what waits before all of it does would make more segments than there are on a platform that runs on.
    if (status.events + status.waitingEvents < events) continue;
    await client.json('/v1/audit/checkpoints', { method: 'POST' });
    if ((await client.json<{ events: number }>('/v1/archive')).events === events) return;
  }
  throw new Error(`the archive does not have ${events} events`);
}

async function publicKey(client: ArchiveClient): Promise<string> {
  const { keys } = await client.json<{ keys: { key: { publicKey: string } }[] }>('/v1/audit/keys');
  return (keys[0] as { key: { publicKey: string } }).key.publicKey;
}

async function verify(folder: string, key: string, events: number, accounts: number): Promise<Ran> {
  const ran = await runCommand('verifier/main.ts', [folder, '--key', key]);
  const said = `${events.toLocaleString('en-US')} events of ${accounts.toLocaleString('en-US')} aggregates`;
  if (!ran.output.startsWith('clean: ') || !ran.output.includes(said))
    throw new Error(`the verifier did not find ${said}: ${ran.output}`);
  return ran;
}

async function query(folder: string, logs: ReadonlyMap<string, AccountSums>): Promise<Figure> {
  const analytics = await Analytics.open(folder);
  try {
    const started = performance.now();
    mustAgree(logs, await sumsOfArchive(analytics), 'the archive');
    const seconds = secondsSince(started);
    const detail: Record<string, number> = {};
    for (const name of analytics.names) {
      const asked = performance.now();
      const { rows } = await analytics.run(name, accountId(0));
      detail[name] = secondsSince(asked);
      if (name === 'faults' && rows.length > 0)
        throw new Error(`DuckDB found faults: ${JSON.stringify(rows[0])}`);
    }
    return { name: 'sums of every account by DuckDB', unit: 's', value: seconds, rounds: [seconds], detail };
  } finally {
    analytics.close();
  }
}

/** Bytes of the whole copy by trade, and of each column, as the manifests have them. */
function sizes(folder: string, trades: number): Figure {
  const detail: Record<string, number> = {};
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    bytes += statSync(file).size;
    if (entry.parentPath !== join(folder, 'manifests')) continue;
    const { columns } = JSON.parse(readFileSync(file, 'utf8')) as { columns: [string, number, number][] };
    for (const [name, , size] of columns) detail[name] = (detail[name] ?? 0) + size / trades;
  }
  const value = bytes / trades;
  return {
    name: 'bytes of the archive per trade',
    unit: 'bytes',
    value,
    rounds: [value],
    targets: [BYTES],
    detail,
  };
}

/** An even number of trades, so that what was opened can be closed. */
function batchOf(tradesOfAccount: number): number {
  return 2 * Math.ceil(Math.min(BATCH_MAX, tradesOfAccount) / 2);
}

async function sumsOfLogs(server: Server, accounts: number): Promise<Map<string, AccountSums>> {
  const sums = new Map<string, AccountSums>();
  const ids = Array.from({ length: accounts }, (_, index) => accountId(index));
  await inParallel(ids, async (id) => void sums.set(id, await server.ask<AccountSums>(`bench/sums/${id}`)));
  return sums;
}

function sum(logs: ReadonlyMap<string, AccountSums>, field: 'events' | 'trades'): number {
  return [...logs.values()].reduce((total, sums) => total + sums[field], 0);
}

function rate(
  name: string,
  events: number,
  seconds: readonly number[],
  targets: readonly Target[],
  detail: Figure['detail'] = {},
): Figure {
  const rounds = seconds.map((each) => (events / each) * SECONDS_PER_MINUTE);
  return { name, unit: 'events/min', value: median(rounds), rounds, targets, detail };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1_000;
}
