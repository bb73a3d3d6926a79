/** How fast the projector alone applies events to every view, against the same bytes as rows of one table. */
import { pairedFigure } from '../compare.ts';
import { fill } from '../load/fill.ts';
import { inTurn } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import type { Benchmark, Figure } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, accountId, batchTemplates, mixedBodies } from '../workload/commands.ts';

/** Events of all rounds together, unless `--events` says otherwise. */
const DEFAULT_EVENTS = 100_000;

/** Rows that the baseline inserts at a time, under the 2 MB of a parameter. */
const BASELINE_BATCH = 5_000;

const SECONDS_PER_MINUTE = 60;

export const views: Benchmark = {
  name: 'views',
  summary: 'events a minute that the projector applies to every view, reading the log and the queue left out',
  run({ servers, rounds, progress, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product without views', 'baseline'], servers, async (product, baseline) => {
      await openAccounts(product.url, ACCOUNTS);
      // One slice more than rounds: the first is the warm-up.
      const perAccount = Math.max(1, Math.floor(events / ACCOUNTS / (rounds + 1)));
      const needed = perAccount * (rounds + 1) * ACCOUNTS;
      await fill(product, inTurn(batchTemplates('product', 100, ACCOUNTS, 'trade id')), needed);
      progress(`views: ${needed} events to apply`);
      const bodies = mixedBodies(BASELINE_BATCH, Math.ceil((perAccount * ACCOUNTS) / BASELINE_BATCH));
      const rates: { product: number[]; baseline: number[] } = { product: [], baseline: [] };
      for (let round = 0; round <= rounds; round++) {
        const own = await projectSlice(product, round * perAccount + 1, perAccount);
        const bare = await insertBodies(baseline, bodies);
        if (round === 0) continue;
        rates.product.push(own);
        rates.baseline.push(bare);
        progress(`views: ${own.toFixed()} against ${bare.toFixed()} events/min`);
      }
      return [pairedFigure('applied to every view', 'events/min', rates.product, rates.baseline)];
    });
  },
};

/** Applies the next events of every account; answers events a minute. */
async function projectSlice(server: Server, from: number, perAccount: number): Promise<number> {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => accountId(index)).join(',');
  const events = await server.ask<number>(`bench/prefetch/${accounts}?from=${from}&events=${perAccount}`);
  const started = performance.now();
  const applied = await server.ask<number>('bench/project');
  if (applied === 0) throw new Error('the projector applied nothing');
  return perMinute(events, started);
}

async function insertBodies(server: Server, bodies: readonly string[]): Promise<number> {
  const started = performance.now();
  let rows = 0;
  for (const body of bodies) rows += await server.ask<number>('project/-', body);
  return perMinute(rows, started);
}

function perMinute(count: number, started: number): number {
  return (count / (performance.now() - started)) * 1_000 * SECONDS_PER_MINUTE;
}
