/** What an accepted trade costs in rows and bytes, in batches of 100: the platform bills rows written. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop } from '../load/loops.ts';
import { inTurn } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import type { StoredSize } from '../worker.ts';
import { openAccounts } from '../workload/accounts.ts';
import { accountId, batchTemplates, type CommandIds } from '../workload/commands.ts';

const DEFAULT_SECONDS = 5;

/** Fewer than elsewhere, so that each sees enough batches for snapshots and alarms to show. */
const ROW_ACCOUNTS = 20;

const BATCH_COMMANDS = 100;

/** Longer than the alarm after the last batch takes to come: its rows count too. */
const ALARM_WAIT_MS = 12_000;

const ROWS: Target = { of: 'value', atMost: 2.1 };
const BYTES: Target = { of: 'value', atMost: 600 };

export const rows: Benchmark = {
  name: 'rows',
  summary: 'rows written and bytes stored per accepted trade, in batches of 100',
  async run({ servers, progress, seconds = DEFAULT_SECONDS }): Promise<Figure[]> {
    const variants: readonly CommandIds[] = ['trade id', 'own id'];
    const figures: Figure[] = [];
    for (const ids of variants) {
      figures.push(...(await withServers(['product'], servers, (server) => measure(server, ids, seconds))));
      progress(`rows, command id = ${ids}: done`);
    }
    return figures;
  },
};

async function measure(server: Server, ids: CommandIds, seconds: number): Promise<Figure[]> {
  await openAccounts(server.url, ROW_ACCOUNTS);
  const accounts = Array.from({ length: ROW_ACCOUNTS }, (_, index) => accountId(index));
  const sum = async (route: string) =>
    (await Promise.all(accounts.map((id) => server.ask<number>(`bench/${route}/${id}`)))).reduce(
      (a, b) => a + b,
      0,
    );
  const before = await sum('rows-written');
  const source = inTurn(batchTemplates('product', BATCH_COMMANDS, ROW_ACCOUNTS, ids));
  const load = await closedLoop(server.port, source, { connections: 8, seconds });
  await viewsCaughtUp(server, ROW_ACCOUNTS);
  await sleep(ALARM_WAIT_MS);
  const written = (await sum('rows-written')) - before;
  const sizes = await Promise.all(accounts.map((id) => server.ask<StoredSize>(`bench/stored-size/${id}`)));
  const total = (key: keyof StoredSize) => sizes.reduce((all, size) => all + size[key], 0);
  const suffix = ids === 'trade id' ? '' : ', command ids of their own';
  const detail = { trades: load.commands, accounts: ROW_ACCOUNTS };
  const figure = (name: string, unit: string, value: number, targets: readonly Target[]): Figure => ({
    name: `${name}${suffix}`,
    unit,
    value,
    rounds: [value],
    targets,
    detail,
  });
  return [
    figure('rows written per trade', 'rows', written / load.commands, ids === 'trade id' ? [ROWS] : []),
    figure('stored bytes per TradeExecuted', 'bytes', total('tradeBytes') / total('trades'), [BYTES]),
    figure('database bytes per event', 'bytes', total('databaseBytes') / total('events'), []),
  ];
}
