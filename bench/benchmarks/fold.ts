/** Rebuilding one account from all of its events, against reading and parsing the same number of bare rows. */
import { pairedFigure } from '../compare.ts';
import { fill } from '../load/fill.ts';
import { inTurn } from '../load/requests.ts';
import { withServers } from '../servers/server.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { accountId, batchTemplates } from '../workload/commands.ts';

/** Enough for a steady rate; the issue speaks of a million: `--events 1000000`. */
const DEFAULT_EVENTS = 200_000;

/** Batches that fill the logs fastest. */
const SEED_BATCH = 1_000;

const SECONDS_PER_MINUTE = 60;

const TARGET: Target = { of: 'value', atLeast: 10_000_000 };

export const fold: Benchmark = {
  name: 'fold',
  summary:
    'events a minute rebuilding one account from its events alone, against reading and parsing bare rows',
  run({ servers, rounds, progress, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product without views', 'baseline'], servers, async (product, baseline) => {
      await openAccounts(product.url, 1);
      const id = accountId(0);
      for (const [server, side] of [
        [product, 'product'],
        [baseline, 'baseline'],
      ] as const) {
        await fill(server, inTurn(batchTemplates(side, SEED_BATCH, 1, 'trade id')), events);
        progress(`fold: ${events} events on the ${side}`);
      }
      const rates: { product: number[]; baseline: number[] } = { product: [], baseline: [] };
      const run = async (ask: () => Promise<number>) => {
        const started = performance.now();
        const count = await ask();
        if (count < events) throw new Error(`${count} events were read of ${events}`);
        return (count / (performance.now() - started)) * 1_000 * SECONDS_PER_MINUTE;
      };
      for (let round = 0; round < rounds; round++) {
        rates.product.push(await run(() => product.ask(`bench/fold/${id}`)));
        rates.baseline.push(await run(() => baseline.ask(`read/${id}`)));
        progress(
          `fold: ${rates.product.at(-1)?.toFixed()} against ${rates.baseline.at(-1)?.toFixed()} events/min`,
        );
      }
      const more = {
        targets: [TARGET],
        detail: { events, runtimeMemoryMb: product.memoryMb() ?? Number.NaN },
      };
      return [pairedFigure('rebuilding one account', 'events/min', rates.product, rates.baseline, more)];
    });
  },
};
