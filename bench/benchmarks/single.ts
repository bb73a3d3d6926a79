/** One command a request over 64 connections against one bare row a request. */
import { type Contender, compareThroughput } from '../compare.ts';
import { inTurn } from '../load/requests.ts';
import { withServers } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, type CommandIds, singleTemplates } from '../workload/commands.ts';

const DEFAULT_SECONDS = 3;

/** Connections of the figure. */
export const SINGLE_CONNECTIONS = 64;

interface Scenario {
  readonly name: string;
  readonly accounts: number;
  readonly ids: CommandIds;
  readonly views?: boolean;
  readonly targets?: readonly Target[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'one account', accounts: 1, ids: 'trade id', targets: [{ of: 'ratio', atLeast: 2 }] },
  {
    name: '100 accounts',
    accounts: ACCOUNTS,
    ids: 'trade id',
    targets: [{ of: 'ratio', atLeast: 0.85 }],
  },
  { name: 'one account, no Idempotency-Key', accounts: 1, ids: 'own id' },
  { name: 'one account, views running', accounts: 1, ids: 'trade id', views: true },
  { name: '100 accounts, views running', accounts: ACCOUNTS, ids: 'trade id', views: true },
];

export const single: Benchmark = {
  name: 'single',
  summary:
    'single commands a second over 64 connections, one account and 100, against one bare row a request',
  run({ servers, rounds, progress, seconds = DEFAULT_SECONDS }: BenchOptions): Promise<Figure[]> {
    return withServers(
      ['product without views', 'product', 'baseline'],
      servers,
      async (withoutViews, withViews, baseline) => {
        for (const server of [withoutViews, withViews]) await openAccounts(server.url, ACCOUNTS);
        const figures: Figure[] = [];
        for (const { name, accounts, ids, views = false, targets = [] } of SCENARIOS) {
          const server = views ? withViews : withoutViews;
          const product: Contender = {
            server,
            source: inTurn(singleTemplates('product', accounts, ids)),
            ...(views ? { settle: async () => void (await viewsCaughtUp(server, accounts)) } : {}),
          };
          const bare = { server: baseline, source: inTurn(singleTemplates('baseline', accounts, ids)) };
          const options = { connections: SINGLE_CONNECTIONS, seconds, rounds, targets, progress };
          figures.push(await compareThroughput(name, product, bare, options));
        }
        return figures;
      },
    );
  },
};
