/** How long a single command takes at half of what each side can take at most. */
import { pairedFigure } from '../compare.ts';
import { closedLoop, type LoadResult, openLoop } from '../load/loops.ts';
import { inTurn, type RequestSource } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median, quantile } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, singleTemplates } from '../workload/commands.ts';
import { SINGLE_CONNECTIONS } from './single.ts';

const DEFAULT_SECONDS = 5;

const WARM_UP_SECONDS = 2;

/** How long the saturation load is measured, as a share of the time of the half load. */
const SATURATION_SHARE = 0.5;

/** Share of the saturation load that is offered. */
const LOAD_SHARE = 0.5;

const P99_TARGETS: readonly Target[] = [
  { of: 'value', atMost: 10 },
  { of: 'ratio', atMost: 1 },
];

/** One side. */
interface Side {
  readonly server: Server;
  readonly source: RequestSource;
}

/** Half of what a side took at most, just before, and how it did then. */
interface HalfLoad {
  readonly offered: number;
  readonly load: LoadResult;
}

export const latency: Benchmark = {
  name: 'latency',
  summary: 'latency of single commands at half of the saturation load, against the baseline at its own half',
  run(options: BenchOptions): Promise<Figure[]> {
    const kinds = ['product without views', 'product', 'baseline'] as const;
    return withServers(kinds, options.servers, async (withoutViews, withViews, baseline) => {
      for (const server of [withoutViews, withViews]) await openAccounts(server.url, ACCOUNTS);
      const figures: Figure[] = [];
      for (const accounts of [1, ACCOUNTS]) {
        const name = accounts === 1 ? 'one account' : `${accounts} accounts`;
        const side = (server: Server): Side => ({
          server,
          source: inTurn(singleTemplates(server === baseline ? 'baseline' : 'product', accounts, 'trade id')),
        });
        figures.push(
          ...(await compareLatency(name, side(withoutViews), side(baseline), P99_TARGETS, options)),
          ...(await compareLatency(`${name}, views running`, side(withViews), side(baseline), [], options)),
        );
      }
      return figures;
    });
  },
};

/** Measures what a side takes at most, and then how long a command takes at half of it. */
async function atHalfLoad({ server, source }: Side, seconds: number): Promise<HalfLoad> {
  const connections = SINGLE_CONNECTIONS;
  const full = await closedLoop(server.port, source, { connections, seconds: seconds * SATURATION_SHARE });
  const offered = (full.commands / full.seconds) * LOAD_SHARE;
  // What the full load has left in queues is not this load's.
  if (server.kind === 'product') await viewsCaughtUp(server, ACCOUNTS);
  await server.quiet();
  const load = await openLoop(server.port, source, { connections, seconds, requestsPerSecond: offered });
  if (server.kind === 'product') await viewsCaughtUp(server, ACCOUNTS);
  await server.quiet();
  return { offered, load };
}

async function compareLatency(
  name: string,
  product: Side,
  baseline: Side,
  targets: readonly Target[],
  { seconds = DEFAULT_SECONDS, rounds, progress }: BenchOptions,
): Promise<Figure[]> {
  const taken: { product: HalfLoad[]; baseline: HalfLoad[] } = { product: [], baseline: [] };
  for (const side of [product, baseline]) await atHalfLoad(side, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    taken.product.push(await atHalfLoad(product, seconds));
    taken.baseline.push(await atHalfLoad(baseline, seconds));
    const [own, bare] = [taken.product, taken.baseline].map((all) => summary(all.at(-1)));
    progress(`${name}: ${own} against ${bare}`);
  }
  const figure = (share: number, label: string, of: readonly Target[]): Figure => {
    const quantiles = (all: readonly HalfLoad[]) => all.map(({ load }) => quantile(load.latencies, share));
    return pairedFigure(`${label}, ${name}`, 'ms', quantiles(taken.product), quantiles(taken.baseline), {
      targets: of,
      detail: {
        offeredPerSecond: median(taken.product.map(({ offered }) => offered)),
        baselineOfferedPerSecond: median(taken.baseline.map(({ offered }) => offered)),
        unsent: taken.product.reduce((sum, { load }) => sum + load.unsent, 0),
        baselineUnsent: taken.baseline.reduce((sum, { load }) => sum + load.unsent, 0),
      },
    });
  };
  return [figure(0.5, 'p50', []), figure(0.99, 'p99', targets)];
}

function summary(half: HalfLoad | undefined): string {
  if (half === undefined) return '';
  return `p99 ${quantile(half.load.latencies, 0.99).toFixed(1)} ms at ${Math.round(half.offered)}/s`;
}
