/** Batches of trades against the same bytes as bare rows. */
import { type Contender, compareThroughput } from '../compare.ts';
import { inTurn } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates, type CommandIds, mixedTemplates } from '../workload/commands.ts';

const DEFAULT_SECONDS = 3;

/** Commands of the mixed batch: the most that the contract takes. */
const MIXED_COMMANDS = 10_000;

const FASTEST: Target = { of: 'value', atLeast: 50_000 };

interface Scenario {
  readonly name: string;
  readonly size: number;
  readonly connections: number;
  readonly ids: CommandIds;
  readonly mixed?: boolean;
  readonly views?: boolean;
  readonly targets?: readonly Target[];
}

/** The connections are as many as keep the server busy; more only make batches wait. */
const SCENARIOS: readonly Scenario[] = [
  { name: 'batches of 1', size: 1, connections: 64, ids: 'trade id' },
  { name: 'batches of 10', size: 10, connections: 32, ids: 'trade id' },
  {
    name: 'batches of 100',
    size: 100,
    connections: 16,
    ids: 'trade id',
    targets: [FASTEST, { of: 'ratio', atLeast: 0.35 }],
  },
  { name: 'batches of 1,000', size: 1_000, connections: 8, ids: 'trade id', targets: [FASTEST] },
  {
    name: 'batches of 10,000, mixed accounts',
    size: MIXED_COMMANDS,
    connections: 4,
    ids: 'trade id',
    mixed: true,
    targets: [FASTEST],
  },
  { name: 'batches of 100, command ids of their own', size: 100, connections: 16, ids: 'own id' },
  { name: 'batches of 100, views running', size: 100, connections: 16, ids: 'trade id', views: true },
];

export const batch: Benchmark = {
  name: 'batch',
  summary: 'trades a second in batches of 1 to 10,000 over 100 accounts, against bare rows',
  run(options: BenchOptions): Promise<Figure[]> {
    return withServers(
      ['product without views', 'product', 'baseline'],
      options.servers,
      async (withoutViews, withViews, baseline) => {
        for (const server of [withoutViews, withViews]) await openAccounts(server.url, ACCOUNTS);
        const figures: Figure[] = [];
        for (const scenario of SCENARIOS) {
          const server = scenario.views === true ? withViews : withoutViews;
          figures.push(await runScenario(scenario, server, baseline, options));
        }
        return figures;
      },
    );
  },
};

function runScenario(
  { name, size, connections, ids, mixed, views, targets = [] }: Scenario,
  server: Server,
  baseline: Server,
  { seconds = DEFAULT_SECONDS, rounds, progress }: BenchOptions,
): Promise<Figure> {
  const templates = mixed === true ? mixedTemplates : batchTemplates;
  const product: Contender = {
    server,
    source: inTurn(templates('product', size, ACCOUNTS, ids)),
    ...(views === true ? { settle: async () => void (await viewsCaughtUp(server, ACCOUNTS)) } : {}),
  };
  const bare: Contender = { server: baseline, source: inTurn(templates('baseline', size, ACCOUNTS, ids)) };
  return compareThroughput(name, product, bare, { connections, seconds, rounds, targets, progress });
}
