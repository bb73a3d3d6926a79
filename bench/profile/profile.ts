/** Where the processor's time goes under the batch load: a CPU profile of the runtime, by its own inspector. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SINGLE_CONNECTIONS } from '../benchmarks/single.ts';
import { closedLoop, type LoadResult } from '../load/loops.ts';
import { inTurn, type RequestTemplate } from '../load/requests.ts';
import { Server } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates, singleTemplates } from '../workload/commands.ts';
import { Inspector } from './inspector.ts';
import { recordNative } from './native.ts';
import { type CpuProfile, hottest } from './summary.ts';

const DEFAULT_SECONDS = 5;
const WARM_UP_SECONDS = 3;
const BATCH_COMMANDS = 100;
const CONNECTIONS = 16;

/** Between two samples: workerd's stacks are shallow, so this costs little. */
const SAMPLE_MICROS = 200;

/** Where profiles are written; git ignores it. */
const FOLDER = 'dist/profiles';

export const profile: Benchmark = {
  name: 'profile',
  summary: `where the time goes under batches of ${BATCH_COMMANDS}; also ${FOLDER}/*.cpuprofile for DevTools`,
  run: (options) =>
    profiled('batch', CONNECTIONS, batchTemplates('product', BATCH_COMMANDS, ACCOUNTS, 'trade id'), options),
};

export const profileSingle: Benchmark = {
  name: 'profile-single',
  summary: `the same under single commands over ${SINGLE_CONNECTIONS} connections`,
  run: (options) =>
    profiled('single', SINGLE_CONNECTIONS, singleTemplates('product', ACCOUNTS, 'trade id'), options),
};

async function profiled(
  name: string,
  connections: number,
  templates: readonly RequestTemplate[],
  { stateDir, seconds = DEFAULT_SECONDS, progress }: BenchOptions,
): Promise<Figure[]> {
  const inspectorPort = await freePort();
  const server = await Server.start('product without views', stateDir, inspectorPort);
  try {
    await openAccounts(server.url, ACCOUNTS);
    const source = inTurn(templates);
    const load = (time: number) => closedLoop(server.port, source, { connections, seconds: time });
    await load(WARM_UP_SECONDS);
    mkdirSync(FOLDER, { recursive: true });
    const file = join(FOLDER, `${name}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`);
    // One after the other: each slows down what the other sees.
    const native = recordNative(server.runtimePid, `${file}.perf`);
    const undisturbed = await load(seconds);
    if (native !== undefined) console.log(await native.finish(undisturbed.commands));
    console.log(`\n${await scriptProfile(server, inspectorPort, `${file}.cpuprofile`, () => load(seconds))}`);
    progress(`profile: ${file}.cpuprofile`);
    const perSecond = undisturbed.commands / undisturbed.seconds;
    return [{ name: 'meanwhile', unit: 'commands/s', value: perSecond, rounds: [perSecond] }];
  } finally {
    await server.stop();
  }
}

async function scriptProfile(
  server: Server,
  inspectorPort: number,
  file: string,
  load: () => Promise<LoadResult>,
): Promise<string> {
  const inspector = await Inspector.attach(inspectorPort);
  await inspector.call('Profiler.enable');
  await inspector.call('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
  await inspector.call('Profiler.start');
  const { commands } = await load();
  const { profile: taken } = await inspector.call<{ profile: CpuProfile }>('Profiler.stop');
  inspector.close();
  writeFileSync(file, JSON.stringify(taken));
  return hottest(taken, commands, server.sourceMapFile);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
