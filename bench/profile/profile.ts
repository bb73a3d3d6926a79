/** Where the processor's time goes under the batch load: a CPU profile of the runtime, by its own inspector. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { closedLoop } from '../load/loops.ts';
import { inTurn } from '../load/requests.ts';
import { Server } from '../servers/server.ts';
import type { Benchmark, BenchOptions, Figure } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates } from '../workload/commands.ts';
import { Inspector } from './inspector.ts';
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
  summary: `CPU profile of the runtime under batches of 100: top functions, and ${FOLDER}/*.cpuprofile for DevTools`,
  async run({ stateDir, seconds = DEFAULT_SECONDS, progress }: BenchOptions): Promise<Figure[]> {
    const inspectorPort = await freePort();
    const server = await Server.start('product without views', stateDir, inspectorPort);
    try {
      await openAccounts(server.url, ACCOUNTS);
      const source = inTurn(batchTemplates('product', BATCH_COMMANDS, ACCOUNTS, 'trade id'));
      const load = (time: number) =>
        closedLoop(server.port, source, { connections: CONNECTIONS, seconds: time });
      await load(WARM_UP_SECONDS);
      const inspector = await Inspector.attach(inspectorPort);
      await inspector.call('Profiler.enable');
      await inspector.call('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
      await inspector.call('Profiler.start');
      const result = await load(seconds);
      const { profile: taken } = await inspector.call<{ profile: CpuProfile }>('Profiler.stop');
      inspector.close();
      mkdirSync(FOLDER, { recursive: true });
      const file = join(FOLDER, `batch-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.cpuprofile`);
      writeFileSync(file, JSON.stringify(taken));
      console.log(hottest(taken, result.commands));
      progress(`profile: ${file}`);
      const perSecond = result.commands / result.seconds;
      return [{ name: 'under the profiler', unit: 'commands/s', value: perSecond, rounds: [perSecond] }];
    } finally {
      await server.stop();
    }
  },
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
