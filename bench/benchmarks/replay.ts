/**
 * Replaying the logs into fresh views while commands are written at a steady rate: how fast that is, and how much longer a
 * command waits than without it, in the same run.
 */
import { type Round as LoadRound, measured, pairedFigure } from '../compare.ts';
import { fill } from '../load/fill.ts';
import { openLoop } from '../load/loops.ts';
import { inTurn, type RequestSource } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median, quantile } from '../statistics.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { rebuildViews, viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, batchTemplates, singleTemplates } from '../workload/commands.ts';

/** Events in the logs, unless `--events` says otherwise. */
const DEFAULT_EVENTS = 100_000;

/** Commands a second that are offered, each a request: with its views about a third of what the runtime does. */
const COMMANDS_PER_SECOND = 20;

/** Few, so that each is used every second; a command that waits for an idle one has its wait counted. */
const CONNECTIONS = 16;

/** Seconds of the load without a replay. */
const DEFAULT_SECONDS = 10;

const WARM_UP_SECONDS = 3;

const SECONDS_PER_MINUTE = 60;

const REPLAYED: Target = { of: 'value', atLeast: 1_000_000 };
const WAITED: Target = { of: 'ratio', atMost: 2 };

/** What a round has seen. */
interface Round {
  readonly alone: LoadRound;
  readonly beside: LoadRound;
  readonly eventsPerMinute: number;
  /** Processor time of the runtime for an event, beyond what the commands took before. */
  readonly processorMicros: number;
}

export const replay: Benchmark = {
  name: 'replay',
  summary:
    'events a minute replayed into fresh views while commands are written, and what these wait meanwhile',
  run({ servers, rounds, progress, seconds = DEFAULT_SECONDS, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product'], servers, async (product) => {
      await openAccounts(product.url, ACCOUNTS);
      await fill(product, inTurn(batchTemplates('product', 100, ACCOUNTS, 'trade id')), events);
      await viewsCaughtUp(product, ACCOUNTS);
      progress(`replay: ${events} events in the logs and in the views`);
      const commands = inTurn(singleTemplates('product', ACCOUNTS, 'trade id'));
      await writing(product, commands, WARM_UP_SECONDS);
      const taken: Round[] = [];
      for (let round = 0; round < rounds; round++) {
        const one = await runRound(product, commands, seconds);
        progress(`replay: ${summary(one)}`);
        taken.push(one);
      }
      return figures(taken, events);
    });
  },
};

async function runRound(server: Server, commands: RequestSource, seconds: number): Promise<Round> {
  await server.quiet();
  const alone = await writing(server, commands, seconds);
  await viewsCaughtUp(server, ACCOUNTS);
  await server.quiet();
  let isOver = false;
  const started = performance.now();
  let minutes = 0;
  const replaying = rebuildViews(server).finally(() => {
    minutes = (performance.now() - started) / 1_000 / SECONDS_PER_MINUTE;
    isOver = true;
  });
  const [beside, applied] = await Promise.all([
    writing(server, commands, Number.MAX_SAFE_INTEGER, () => isOver),
    replaying,
  ]);
  await viewsCaughtUp(server, ACCOUNTS);
  const micros = (beside.processorMicros - alone.processorMicros) * beside.load.commands;
  return { alone, beside, eventsPerMinute: applied / minutes, processorMicros: micros / applied };
}

/** Commands at the steady rate. */
function writing(
  server: Server,
  commands: RequestSource,
  seconds: number,
  until: () => boolean = () => false,
): Promise<LoadRound> {
  const load = { connections: CONNECTIONS, seconds, requestsPerSecond: COMMANDS_PER_SECOND, until };
  return measured(server, () => openLoop(server.port, commands, load));
}

const waited = ({ load }: LoadRound, share: number) => quantile(load.latencies, share);

function summary({ alone, beside, eventsPerMinute, processorMicros }: Round): string {
  const [p99, p99Alone] = [waited(beside, 0.99), waited(alone, 0.99)].map((time) => time.toFixed(1));
  const rate = `${Math.round(eventsPerMinute)} events/min (${processorMicros.toFixed(1)} µs)`;
  return `${rate}, commands p99 ${p99} ms against ${p99Alone} ms without`;
}

function figures(taken: readonly Round[], events: number): Figure[] {
  const rates = taken.map(({ eventsPerMinute }) => eventsPerMinute);
  const otherCores = Math.max(...taken.flatMap(({ alone, beside }) => [alone.otherCores, beside.otherCores]));
  const unsent = taken.reduce((sum, { beside }) => sum + beside.load.unsent, 0);
  const wait = (label: string, share: number, targets: readonly Target[]): Figure => {
    const beside = taken.map((round) => waited(round.beside, share));
    const alone = taken.map((round) => waited(round.alone, share));
    const detail = { commandsPerSecond: COMMANDS_PER_SECOND, unsent, otherCores };
    return pairedFigure(`commands meanwhile, ${label}`, 'ms', beside, alone, { targets, detail });
  };
  return [
    {
      name: 'replayed into fresh views, commands going on',
      unit: 'events/min',
      value: median(rates),
      rounds: rates,
      targets: [REPLAYED],
      detail: { events, otherCores, processorMicros: median(taken.map((round) => round.processorMicros)) },
    },
    wait('p50', 0.5, []),
    wait('p99', 0.99, [WAITED]),
    wait('longest', 1, []),
  ];
}
