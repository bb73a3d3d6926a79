/** What the gateway costs a single command: the product against itself without authentication, access and limits. */
import { compareThroughput } from '../compare.ts';
import { inTurn } from '../load/requests.ts';
import { withServers } from '../servers/server.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, singleTemplates } from '../workload/commands.ts';
import { SINGLE_CONNECTIONS } from './single.ts';

const DEFAULT_SECONDS = 3;

/** At most 15 % of the throughput. */
const TARGET: Target = { of: 'ratio', atLeast: 0.85 };

export const gateway: Benchmark = {
  name: 'gateway',
  summary: 'single commands a second over 64 connections, with the gateway against the same without one',
  run({ servers, rounds, progress, seconds = DEFAULT_SECONDS }): Promise<Figure[]> {
    return withServers(['product without views', 'product without gateway'], servers, async (...servers) => {
      for (const server of servers) await openAccounts(server.url, ACCOUNTS);
      const [guarded, open] = servers.map((server) => ({
        server,
        source: inTurn(singleTemplates('product', ACCOUNTS, 'trade id')),
      }));
      if (guarded === undefined || open === undefined) throw new Error('a server is missing');
      const options = { connections: SINGLE_CONNECTIONS, seconds, rounds, progress, targets: [TARGET] };
      return [await compareThroughput('gateway', guarded, open, options)];
    });
  },
};
