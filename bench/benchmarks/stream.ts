/** Pipelined commands over WebSockets against the same bytes over a WebSocket into rows. */
import { type Contender, compareThroughput, pairedFigure } from '../compare.ts';
import { frameLoop } from '../load/frames.ts';
import { type Server, withServers } from '../servers/server.ts';
import { quantile } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, frameTexts } from '../workload/commands.ts';

const DEFAULT_SECONDS = 3;

/** Sockets of the figure. */
const SOCKETS = 8;

/** Frames under way over a socket: with half as many a runtime of two waits for frames at times. */
const DEPTH = 4;

/** Frames that wait at most for their turn in an open loop. */
const OPEN_DEPTH = 16;

const FRAME_SIZES = [10, 100, 150, 250, 500, 1_000] as const;

/** Sizes at which results are timed: a result waits for the whole of its frame, and small frames cost more a command. */
const TIMED_SIZES = [1_000, 500, 250, 100] as const;

/** Commands a second that are asked for. */
const THROUGHPUT_MIN = 50_000;

const THROUGHPUT: readonly Target[] = [
  { of: 'value', atLeast: THROUGHPUT_MIN },
  { of: 'ratio', atLeast: 0.35 },
];

const RESULT_P99: Target = { of: 'value', atMost: 50 };

/** Share of that at which results are timed, or of the best throughput where this is less. */
const LOAD_SHARE = 0.5;

export const stream: Benchmark = {
  name: 'stream',
  summary: 'trades a second as frames over 8 WebSockets and 100 accounts, against rows; results at half load',
  run(options: BenchOptions): Promise<Figure[]> {
    return withServers(['product without views', 'baseline'], options.servers, async (product, baseline) => {
      await openAccounts(product.url, ACCOUNTS);
      const figures: Figure[] = [];
      for (const size of FRAME_SIZES) figures.push(await throughput(size, product, baseline, options));
      const best = figures.reduce((a, b) => (b.value > a.value ? b : a));
      const bestSize = FRAME_SIZES[figures.indexOf(best)] as number;
      figures.push(await throughputOfSameFrames(bestSize, product, baseline, options));
      for (const size of TIMED_SIZES)
        figures.push(await resultLatency(size, best, product, baseline, options));
      return figures;
    });
  },
};

function throughput(size: number, product: Server, baseline: Server, options: BenchOptions): Promise<Figure> {
  const lines = contender(baseline, frameTexts('baseline', size), size);
  return compared(`frames of ${size}`, product, lines, size, THROUGHPUT, options);
}

/** Against rows that come in the very frames that the product takes: parsing them is the least that any API does. */
function throughputOfSameFrames(
  size: number,
  product: Server,
  baseline: Server,
  options: BenchOptions,
): Promise<Figure> {
  const frames = contender(baseline, frameTexts('product', size), size);
  return compared(`frames of ${size}, the same to rows`, product, frames, size, THROUGHPUT, options);
}

function compared(
  name: string,
  product: Server,
  baseline: Contender,
  size: number,
  targets: readonly Target[],
  { seconds = DEFAULT_SECONDS, rounds, progress }: BenchOptions,
): Promise<Figure> {
  const options = { connections: SOCKETS, seconds, rounds, progress, targets };
  return compareThroughput(name, contender(product, frameTexts('product', size), size), baseline, options);
}

function contender(server: Server, texts: readonly string[], size: number): Contender {
  const load = { texts, size, sockets: SOCKETS, depth: DEPTH };
  return { server, source: (seconds) => frameLoop(server, load, seconds) };
}

/** How long a result takes at half load, in frames of this size; the baseline has the same load. */
async function resultLatency(
  size: number,
  best: Figure,
  product: Server,
  baseline: Server,
  { seconds = DEFAULT_SECONDS, rounds, progress }: BenchOptions,
): Promise<Figure> {
  const offeredPerSecond = Math.min(best.value, THROUGHPUT_MIN) * LOAD_SHARE;
  const run = async (server: Server) => {
    const texts = frameTexts(server.kind === 'baseline' ? 'baseline' : 'product', size);
    // What is late waits on the client's side and counts as late.
    const load = {
      texts,
      size,
      sockets: SOCKETS,
      depth: OPEN_DEPTH,
      framesPerSecond: offeredPerSecond / size,
    };
    const { latencies } = await frameLoop(server, load, seconds);
    await server.quiet();
    return quantile(latencies, 0.99);
  };
  const own: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    own.push(await run(product));
    bare.push(await run(baseline));
    progress(
      `result p99, frames of ${size}: ${own.at(-1)?.toFixed(1)} ms against ${bare.at(-1)?.toFixed(1)} ms`,
    );
  }
  return pairedFigure(`result p99 at half load, frames of ${size}`, 'ms', own, bare, {
    targets: [RESULT_P99],
    detail: { offeredPerSecond },
  });
}
