/** Orders of three lines from placement to confirmation, against bare commits in as many new objects. */
import { type Contender, compareThroughput } from '../compare.ts';
import { inTurn } from '../load/requests.ts';
import { withServers } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { bareTemplates, orderTemplates, sagaExtent, stockProducts } from '../workload/orders.ts';

const DEFAULT_SECONDS = 5;

/** Orders under way at a time: a saga waits for others most of its time. */
export const SAGA_CONNECTIONS = 64;

const TARGET: Target = { of: 'ratio', atLeast: 0.5 };

export const sagas: Benchmark = {
  name: 'sagas',
  summary: 'orders of three lines a second, placed to confirmed, against bare commits in as many new objects',
  run({ servers, rounds, progress, seconds = DEFAULT_SECONDS }: BenchOptions): Promise<Figure[]> {
    const kinds = ['product with sagas', 'product', 'baseline'] as const;
    return withServers(kinds, servers, async (sagasAlone, withViews, baseline) => {
      for (const server of [sagasAlone, withViews]) await stockProducts(server);
      const extent = await sagaExtent(sagasAlone);
      progress(`an order: ${extent.fresh.join(' + ')} commits in new objects, ${extent.shared} in others`);
      const bare: Contender = { server: baseline, source: inTurn(bareTemplates(extent)) };
      const contender = (server: Contender['server']) => ({ server, source: inTurn(orderTemplates()) });
      const options = { connections: SAGA_CONNECTIONS, seconds, rounds, progress };
      return [
        await compareThroughput('order sagas', contender(sagasAlone), bare, {
          ...options,
          targets: [TARGET],
        }),
        await compareThroughput('order sagas, views running', contender(withViews), bare, options),
      ];
    });
  },
};
