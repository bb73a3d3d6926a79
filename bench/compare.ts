/** Measures the product and its baseline in turn, so that whatever else the machine does happens to both. */
import { cpus } from 'node:os';
import { closedLoop, type LoadResult } from './load/loops.ts';
import type { RequestSource } from './load/requests.ts';
import type { Server } from './servers/server.ts';
import { median, quantile } from './statistics.ts';
import type { Figure, Target } from './types.ts';

/** A warm-up before the first round: a platform runs for days, and the runtime takes seconds to compile what is hot. */
const WARM_UP_SECONDS = 5;

/** One side of a comparison. */
export interface Contender {
  readonly server: Server;
  /** Requests over HTTP, or another way to load the server for some seconds. */
  readonly source: RequestSource | ((seconds: number) => Promise<LoadResult>);
  /** Waits for what the server still has to do after a round, beyond its runtime becoming quiet. */
  readonly settle?: () => Promise<void>;
}

/** One measurement. */
export interface Round {
  readonly perSecond: number;
  readonly load: LoadResult;
  /** Microseconds of processor time that the runtime used for a command. */
  readonly processorMicros: number;
  /** Cores that neither the runtime nor the client used, but somebody did: what the rounds had to share. */
  readonly otherCores: number;
}

/** Runs a load and charges it for the processor time that the server used meanwhile. */
export async function measured(server: Server, run: () => Promise<LoadResult>): Promise<Round> {
  const before = server.processorSeconds();
  const machineBefore = machineSeconds();
  const started = performance.now();
  const load = await run();
  const seconds = (performance.now() - started) / 1_000;
  const machine = machineSeconds() - machineBefore;
  const after = server.processorSeconds();
  const used = before === undefined || after === undefined ? Number.NaN : after - before;
  return {
    perSecond: load.commands / load.seconds,
    load,
    processorMicros: (used * 1e6) / load.commands,
    otherCores: (machine - used) / seconds - load.clientCores,
  };
}

/** Seconds of work that all processors together have done. */
function machineSeconds(): number {
  const milliseconds = cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
  return milliseconds / 1_000;
}

/** Commands a second of both sides, closed loop, A B A B …. */
export async function compareThroughput(
  name: string,
  product: Contender,
  baseline: Contender,
  options: {
    readonly connections: number;
    readonly seconds: number;
    readonly rounds: number;
    readonly targets?: readonly Target[];
    readonly progress: (line: string) => void;
  },
): Promise<Figure> {
  const rounds: { product: Round[]; baseline: Round[] } = { product: [], baseline: [] };
  const run = async (contender: Contender, seconds: number) => {
    const { server, source, settle } = contender;
    const round = await measured(server, () =>
      typeof source === 'function'
        ? source(seconds)
        : closedLoop(server.port, source, { connections: options.connections, seconds }),
    );
    await settle?.();
    await server.quiet();
    return round;
  };
  for (const contender of [product, baseline]) await run(contender, WARM_UP_SECONDS);
  for (let round = 0; round < options.rounds; round++) {
    rounds.product.push(await run(product, options.seconds));
    rounds.baseline.push(await run(baseline, options.seconds));
    options.progress(`${name}: ${summary(rounds.product.at(-1))} against ${summary(rounds.baseline.at(-1))}`);
  }
  return throughputFigure(name, rounds, options.targets);
}

function summary(round: Round | undefined): string {
  return round === undefined
    ? ''
    : `${Math.round(round.perSecond)}/s (${round.processorMicros.toFixed(1)} µs)`;
}

/** A figure from measurements of both sides. */
export function pairedFigure(
  name: string,
  unit: string,
  product: readonly number[],
  baseline: readonly number[],
  more: Pick<Figure, 'targets' | 'detail'> = {},
): Figure {
  return {
    name,
    unit,
    value: median(product),
    rounds: product,
    baseline: { value: median(baseline), rounds: baseline },
    ratio: median(product) / median(baseline),
    ...more,
  };
}

function throughputFigure(
  name: string,
  rounds: { product: readonly Round[]; baseline: readonly Round[] },
  targets: readonly Target[] = [],
): Figure {
  const perSecond = (all: readonly Round[]) => all.map((round) => round.perSecond);
  return pairedFigure(name, 'commands/s', perSecond(rounds.product), perSecond(rounds.baseline), {
    targets,
    detail: {
      processorMicros: median(rounds.product.map((round) => round.processorMicros)),
      baselineProcessorMicros: median(rounds.baseline.map((round) => round.processorMicros)),
      ...latencies('', rounds.product),
      ...latencies('baseline', rounds.baseline),
      otherCores: Math.max(...[...rounds.product, ...rounds.baseline].map((round) => round.otherCores)),
      clientCores: median(rounds.product.map((round) => round.load.clientCores)),
      baselineClientCores: median(rounds.baseline.map((round) => round.load.clientCores)),
    },
  });
}

function latencies(prefix: string, rounds: readonly Round[]): Record<string, number> {
  const name = (text: string) => (prefix === '' ? text : prefix + text[0]?.toUpperCase() + text.slice(1));
  const of = (share: number) => median(rounds.map((round) => quantile(round.load.latencies, share)));
  return { [name('p50Ms')]: of(0.5), [name('p99Ms')]: of(0.99) };
}
