/** Where the processor's time goes under the batch load: a CPU profile of the runtime, by its own inspector. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fillPortfolios, portfoliosByGraphQl } from '../benchmarks/portfolio.ts';
import { SAGA_CONNECTIONS } from '../benchmarks/sagas.ts';
import { SINGLE_CONNECTIONS } from '../benchmarks/single.ts';
import { listen, SUBSCRIPTIONS_MAX } from '../benchmarks/subscribers.ts';
import { fill } from '../load/fill.ts';
import { frameLoop } from '../load/frames.ts';
import { closedLoop, type LoadResult } from '../load/loops.ts';
import { inTurn, type RequestTemplate } from '../load/requests.ts';
import type { ServerKind } from '../servers/config.ts';
import { Server } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure } from '../types.ts';
import { rebuildViews, viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates, frameTexts, singleTemplates } from '../workload/commands.ts';
import { orderTemplates, stockProducts } from '../workload/orders.ts';
import { Inspector, isolates, isWorker } from './inspector.ts';
import { recordNative } from './native.ts';
import { busySamples, type CpuProfile, hottest } from './summary.ts';

const DEFAULT_SECONDS = 5;
const WARM_UP_SECONDS = 3;

/** Events that are rebuilt, unless `--events` says otherwise: a rebuild of some seconds. */
const REBUILT_EVENTS = 150_000;
const BATCH_COMMANDS = 100;
const CONNECTIONS = 16;

/** Frames of one command under way over the one socket. */
const STREAM_DEPTH = 16;

/** Between two samples: workerd's stacks are shallow, so this costs little. */
const SAMPLE_MICROS = 200;

/** Between two samples where every isolate is profiled at once. */
const COARSE_SAMPLE_MICROS = 2_000;

/** Where profiles are written; git ignores it. */
const FOLDER = 'dist/profiles';

/** What a profile runs on, how that is made ready, and what is put on it. */
interface Subject {
  readonly name: string;
  readonly kind: ServerKind;
  prepare(server: Server): Promise<void>;
  load(server: Server, seconds: number): Promise<LoadResult>;
}

export const profile: Benchmark = {
  name: 'profile',
  summary: `where the time goes under batches of ${BATCH_COMMANDS}; also ${FOLDER}/*.cpuprofile for DevTools`,
  run: (options) => profiled({ ...BATCHES, name: 'batch', kind: 'product without views' }, options),
};

export const profileSingle: Benchmark = {
  name: 'profile-single',
  summary: `the same under single commands over ${SINGLE_CONNECTIONS} connections`,
  run: (options) =>
    profiled(
      {
        name: 'single',
        kind: 'product without views',
        prepare: openAllAccounts,
        load: requests(singleTemplates('product', ACCOUNTS, 'trade id'), SINGLE_CONNECTIONS),
      },
      options,
    ),
};

export const profileViews: Benchmark = {
  name: 'profile-views',
  summary: `the same under batches of ${BATCH_COMMANDS} with the views running`,
  run: (options) => profiled({ ...BATCHES, name: 'views', kind: 'product' }, options),
};

export const profileStream: Benchmark = {
  name: 'profile-stream',
  summary: 'the same under frames of one command over a socket, each told to a subscriber',
  run: (options) =>
    profiled(
      { name: 'stream', kind: 'product without views', prepare: openAllAccounts, load: toldCommands },
      options,
    ),
};

export const profileSagas: Benchmark = {
  name: 'profile-sagas',
  summary: 'the same under orders of three lines, placed to confirmed',
  run: (options) =>
    profiled(
      {
        name: 'sagas',
        kind: 'product with sagas',
        prepare: stockProducts,
        load: requests(orderTemplates(), SAGA_CONNECTIONS),
      },
      options,
    ),
};

export const profilePortfolio: Benchmark = {
  name: 'profile-portfolio',
  summary: 'the same under portfolios by GraphQL',
  run: (options) =>
    profiled(
      {
        name: 'portfolio',
        kind: 'product',
        prepare: fillPortfolios,
        load: ({ port }, seconds) =>
          closedLoop(port, portfoliosByGraphQl(), { connections: CONNECTIONS, seconds }),
      },
      options,
    ),
};

export const profileRebuild: Benchmark = {
  name: 'profile-rebuild',
  summary: 'the same under a rebuild of every view, an event of the logs for a command',
  run: (options) =>
    profiled(
      {
        name: 'rebuild',
        kind: 'product',
        async prepare(server) {
          await openAllAccounts(server);
          await fill(server, inTurn(tradeBatches()), options.events ?? REBUILT_EVENTS);
          await viewsCaughtUp(server, ACCOUNTS);
        },
        load: rebuilt,
      },
      options,
    ),
};

const BATCHES = {
  prepare: openAllAccounts,
  load: requests(tradeBatches(), CONNECTIONS),
};

function tradeBatches(): readonly RequestTemplate[] {
  return batchTemplates('product', BATCH_COMMANDS, ACCOUNTS, 'trade id');
}

/** One rebuild of every view, however long it takes. */
async function rebuilt(server: Server): Promise<LoadResult> {
  await server.quiet();
  const started = performance.now();
  const events = await rebuildViews(server);
  const seconds = (performance.now() - started) / 1_000;
  return { requests: 1, commands: events, seconds, latencies: [], clientCores: 0, unsent: 0 };
}

function openAllAccounts({ url }: Server): Promise<void> {
  return openAccounts(url, ACCOUNTS);
}

function requests(templates: readonly RequestTemplate[], connections: number): Subject['load'] {
  const source = inTurn(templates);
  return ({ port }, seconds) => closedLoop(port, source, { connections, seconds });
}

/** As many commands over one socket as are answered, while each account has a subscriber. */
async function toldCommands(server: Server, seconds: number): Promise<LoadResult> {
  const listeners = await Promise.all(
    Array.from({ length: ACCOUNTS / SUBSCRIPTIONS_MAX }, (_, index) =>
      listen(server, { index, accounts: ACCOUNTS, perListener: SUBSCRIPTIONS_MAX }, () => undefined),
    ),
  );
  try {
    return await frameLoop(
      server,
      { texts: frameTexts('product', 1), size: 1, sockets: 1, depth: STREAM_DEPTH },
      seconds,
    );
  } finally {
    for (const listener of listeners) listener.close();
  }
}

async function profiled(
  { name, kind, prepare, load: put }: Subject,
  { servers, seconds = DEFAULT_SECONDS, progress }: BenchOptions,
): Promise<Figure[]> {
  const inspectorPort = await freePort();
  const server = await Server.start(kind, servers, inspectorPort);
  try {
    await prepare(server);
    const load = (time: number) => put(server, time);
    await load(WARM_UP_SECONDS);
    mkdirSync(FOLDER, { recursive: true });
    const file = join(FOLDER, `${name}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`);
    // One after the other: each slows down what the other sees.
    const native = recordNative(server.runtimePid, `${file}.perf`);
    const undisturbed = await load(seconds);
    if (native !== undefined) console.log(await native.finish(undisturbed.commands));
    const again = () => load(seconds);
    console.log(`\n${await workerProfile(server, inspectorPort, `${file}.cpuprofile`, again)}`);
    console.log(`\n${await isolateShares(inspectorPort, again)}`);
    progress(`profile: ${file}.cpuprofile`);
    const perSecond = undisturbed.commands / undisturbed.seconds;
    return [{ name: 'meanwhile', unit: 'commands/s', value: perSecond, rounds: [perSecond] }];
  } finally {
    await server.stop();
  }
}

/** Profiles the Worker's isolate in detail. */
async function workerProfile(
  server: Server,
  inspectorPort: number,
  file: string,
  load: () => Promise<LoadResult>,
): Promise<string> {
  const worker = (await isolates(inspectorPort)).find(isWorker);
  if (worker === undefined) throw new Error('the runtime has no isolate of a Worker');
  const inspector = await startProfiler(inspectorPort, worker, SAMPLE_MICROS);
  const { commands } = await load();
  const taken = await stopProfiler(inspector);
  writeFileSync(file, JSON.stringify(taken));
  return hottest(taken, commands, server.sourceMapFile);
}

/** How the JavaScript's time divides over the isolates; many profilers at once are coarse, and slow everything down. */
async function isolateShares(inspectorPort: number, load: () => Promise<unknown>): Promise<string> {
  const names = await isolates(inspectorPort);
  const inspectors: Inspector[] = [];
  for (const name of names) inspectors.push(await startProfiler(inspectorPort, name, COARSE_SAMPLE_MICROS));
  await load();
  const busy: (readonly [name: string, samples: number])[] = [];
  for (const [index, inspector] of inspectors.entries()) {
    busy.push([names[index] as string, busySamples(await stopProfiler(inspector))]);
  }
  const all = busy.reduce((sum, [, samples]) => sum + samples, 0);
  const lines = busy
    .filter(([, samples]) => samples > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, samples]) => `${((samples / all) * 100).toFixed(1).padStart(6)} %  ${name}`);
  return ["JavaScript by isolate (queues and d1 are Miniflare's simulators):", ...lines].join('\n');
}

async function startProfiler(port: number, isolate: string, interval: number): Promise<Inspector> {
  const inspector = await Inspector.attach(port, isolate);
  await inspector.call('Profiler.enable');
  await inspector.call('Profiler.setSamplingInterval', { interval });
  await inspector.call('Profiler.start');
  return inspector;
}

async function stopProfiler(inspector: Inspector): Promise<CpuProfile> {
  const { profile: taken } = await inspector.call<{ profile: CpuProfile }>('Profiler.stop');
  inspector.close();
  return taken;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
