/** Rebuilding the read models from the logs by the product's own endpoint, against the same bytes as rows of one table. */
import { pairedFigure } from '../compare.ts';
import { fill } from '../load/fill.ts';
import { inTurn } from '../load/requests.ts';
import { withServers } from '../servers/server.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { rebuildViews, viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates, mixedBodies } from '../workload/commands.ts';

/** Events in the logs, unless `--events` says otherwise. */
const DEFAULT_EVENTS = 100_000;

/** Rows that the baseline inserts at a time, under the 2 MB of a parameter. */
const BASELINE_BATCH = 5_000;

const SECONDS_PER_MINUTE = 60;

const TARGET: Target = { of: 'value', atLeast: 1_000_000 };

export const rebuild: Benchmark = {
  name: 'rebuild',
  summary: 'events a minute by which POST /v1/views/rebuild brings every view back from the logs',
  run({ servers, rounds, progress, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product', 'baseline'], servers, async (product, baseline) => {
      await openAccounts(product.url, ACCOUNTS);
      await fill(product, inTurn(batchTemplates('product', 100, ACCOUNTS, 'trade id')), events);
      await viewsCaughtUp(product, ACCOUNTS);
      progress(`rebuild: ${events} events in the logs and in the views`);
      const bodies = mixedBodies(BASELINE_BATCH, Math.ceil(events / BASELINE_BATCH));
      const rates: { product: number[]; baseline: number[] } = { product: [], baseline: [] };
      for (let round = 0; round < rounds; round++) {
        // The archive is still at what was filled in.
        await product.quiet();
        const rebuilding = performance.now();
        await rebuildViews(product);
        rates.product.push(perMinute(events, rebuilding));
        const inserting = performance.now();
        for (const body of bodies) await baseline.ask<number>('project/-', body);
        rates.baseline.push(perMinute(events, inserting));
        progress(
          `rebuild: ${rates.product.at(-1)?.toFixed()} against ${rates.baseline.at(-1)?.toFixed()} events/min`,
        );
      }
      const more = { targets: [TARGET], detail: { events } };
      return [pairedFigure('views rebuilt from the logs', 'events/min', rates.product, rates.baseline, more)];
    });
  },
};

function perMinute(count: number, started: number): number {
  return (count / (performance.now() - started)) * 1_000 * SECONDS_PER_MINUTE;
}
