/** Batches at a steady rate with the views running, against the same bytes through a queue into one table. */
import { measured, pairedFigure, type Round } from '../compare.ts';
import { openLoop } from '../load/loops.ts';
import { inTurn, type RequestSource } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median, quantile } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { ViewWatch } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates } from '../workload/commands.ts';

/** Seconds of load before the first round. */
const WARM_UP_SECONDS = 3;

/** Enough that a batch waits for an idle one only where the server is slower than the load. */
const CONNECTIONS = 32;

/** The rate of the issue, and what is offered so that a request lost at the edge does not miss it. */
const SUSTAINED_TRADES = 20_000;
const SUSTAINED_OFFERED = 20_400;

const LAG_TRADES = 5_000;

/** A steady load. */
interface Pace {
  readonly tradesPerSecond: number;
  readonly batch: number;
  readonly seconds: number;
}

/** What one round of one side has seen. */
interface PacedRound extends Round {
  readonly delays: readonly number[];
  readonly catchUpMs: number;
  readonly mostBehind: number;
}

interface PacedRounds {
  readonly product: PacedRound[];
  readonly baseline: PacedRound[];
}

export const sustained: Benchmark = {
  name: 'sustained',
  summary:
    '20,000 trades a second in batches of 100 with the views keeping up; 20 s, --seconds 60 for the minute',
  async run(options) {
    const pace = { tradesPerSecond: SUSTAINED_OFFERED, batch: 100, seconds: options.seconds ?? 20 };
    const rounds = await runPaced('sustained', pace, options);
    const target: Target = { of: 'value', atLeast: SUSTAINED_TRADES };
    const throughViews = ({ load, catchUpMs }: PacedRound) =>
      load.commands / (load.seconds + catchUpMs / 1_000);
    return [
      paired('accepted at 20,000 offered', 'commands/s', rounds, (round) => round.perSecond, [target]),
      paired('accepted and in every view', 'commands/s', rounds, throughViews, [target]),
      paired('views caught up after the load', 'ms', rounds, (round) => round.catchUpMs),
      paired('most that views were behind', 'events', rounds, (round) => round.mostBehind),
      paired('answered to visible, p99', 'ms', rounds, (round) => quantile(round.delays, 0.99)),
    ];
  },
};

export const lag: Benchmark = {
  name: 'lag',
  summary:
    'how long a trade takes from its answer to every view, under 5,000 trades a second in batches of 50',
  async run(options) {
    const pace = { tradesPerSecond: LAG_TRADES, batch: 50, seconds: options.seconds ?? 15 };
    const rounds = await runPaced('lag', pace, options);
    const target: Target = { of: 'value', atMost: 2_000 };
    return [
      paired('answered to visible, p50', 'ms', rounds, (round) => quantile(round.delays, 0.5)),
      paired('answered to visible, p99', 'ms', rounds, (round) => quantile(round.delays, 0.99), [target]),
      paired('views caught up after the load', 'ms', rounds, (round) => round.catchUpMs),
      paired('accepted at 5,000 offered', 'commands/s', rounds, (round) => round.perSecond),
    ];
  },
};

async function runPaced(name: string, pace: Pace, options: BenchOptions): Promise<PacedRounds> {
  return await withServers(['product', 'baseline'], options.servers, async (product, baseline) => {
    await openAccounts(product.url, ACCOUNTS);
    const sources = {
      product: inTurn(batchTemplates('product', pace.batch, ACCOUNTS, 'trade id')),
      baseline: inTurn(batchTemplates('relay', pace.batch, ACCOUNTS, 'trade id')),
    };
    const rounds: PacedRounds = { product: [], baseline: [] };
    const warmUp = { ...pace, seconds: WARM_UP_SECONDS };
    await runRound(product, sources.product, warmUp);
    await runRound(baseline, sources.baseline, warmUp);
    for (let round = 0; round < options.rounds; round++) {
      rounds.product.push(await runRound(product, sources.product, pace));
      rounds.baseline.push(await runRound(baseline, sources.baseline, pace));
      const [own, bare] = [rounds.product, rounds.baseline].map((all) => summary(all.at(-1)));
      options.progress(`${name}: ${own} against ${bare}`);
    }
    return rounds;
  });
}

async function runRound(server: Server, source: RequestSource, pace: Pace): Promise<PacedRound> {
  const watch = new ViewWatch(server);
  watch.start();
  const round = await measured(server, () =>
    openLoop(server.port, source, {
      connections: CONNECTIONS,
      seconds: pace.seconds,
      requestsPerSecond: pace.tradesPerSecond / pace.batch,
      onReply: (request, _, reply) => watch.answered(request.target, reply.start, request.commands),
    }),
  );
  const catchUpMs = await watch.finish();
  await server.quiet();
  return { ...round, catchUpMs, delays: watch.delays, mostBehind: watch.mostBehind };
}

function summary(round: PacedRound | undefined): string {
  if (round === undefined) return '';
  const { perSecond, delays, catchUpMs } = round;
  const p99 = Math.round(quantile(delays, 0.99));
  return `${Math.round(perSecond)}/s, visible p99 ${p99} ms, caught up in ${Math.round(catchUpMs)} ms`;
}

function paired(
  name: string,
  unit: string,
  rounds: PacedRounds,
  value: (round: PacedRound) => number,
  targets: readonly Target[] = [],
): Figure {
  const requestP99 = (all: readonly PacedRound[]) =>
    Math.max(...all.map((round) => quantile(round.load.latencies, 0.99)));
  return pairedFigure(name, unit, rounds.product.map(value), rounds.baseline.map(value), {
    targets,
    detail: {
      ...(unit === 'commands/s' ? processor(rounds) : {}),
      otherCores: Math.max(...[...rounds.product, ...rounds.baseline].map((round) => round.otherCores)),
      unsent: rounds.product.reduce((sum, round) => sum + round.load.unsent, 0),
      requestP99Ms: requestP99(rounds.product),
      baselineRequestP99Ms: requestP99(rounds.baseline),
    },
  });
}

/** Processor time a command, its projection included as far as that happened during the load. */
function processor(rounds: PacedRounds): Record<string, number> {
  const micros = (all: readonly PacedRound[]) => median(all.map((round) => round.processorMicros));
  return { processorMicros: micros(rounds.product), baselineProcessorMicros: micros(rounds.baseline) };
}
