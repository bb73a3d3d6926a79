/** `npm run chaos [-- --scenario orders]`: kill -9 of the server in mid-run, N times, and then the proof. */
import { duration } from '../../demo/figures.ts';
import { readCommandLine } from '../../local/commandLine.ts';
import { LocalServerError } from '../../local/errors.ts';
import { SHARDS_MAX } from '../../local/shards/count.ts';
import { plural } from '../../verifier/counts.ts';
import { runOrderChaos } from './chaos/orders.ts';
import { runChaos } from './chaos/run.ts';

const HELP = `Kills npm run serve with SIGKILL in mid-run, again and again, and proves that nothing was lost or done twice.

  npm run chaos [-- OPTIONS]

  --scenario trades|orders   clients that trade (the default), or orders with their sagas, stock and payments
  --kills N                  how often (default 20; of orders 10)
  --seed N                   another choice of commands and moments (default: from the clock)
  --clients N                of trades: clients at a time (default 24)
  --invoices N               of orders: invoices of the generated order book (default 150)
  --shards N                 the server's objects in so many runtimes, which are killed as well (default 1)
  --help                     this text`;

const NUMBERS = ['kills', 'seed', 'clients', 'invoices', 'shards'] as const;

interface Arguments extends Readonly<Record<(typeof NUMBERS)[number], number | undefined>> {
  readonly scenario: string;
}

function readArguments(): Arguments | 'help' {
  const text = { type: 'string' } as const;
  const options = {
    scenario: text,
    kills: text,
    seed: text,
    clients: text,
    invoices: text,
    shards: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = readCommandLine({ options }, HELP);
  if (values.help === true) return 'help';
  const { scenario = 'trades' } = values;
  if (!Object.hasOwn(SCENARIOS, scenario))
    throw new LocalServerError(`--scenario has to be trades or orders, not "${scenario}"`);
  const [kills, seed, clients, invoices, shards] = NUMBERS.map((name) => whole(name, values[name]));
  if (shards !== undefined && (shards < 1 || shards > SHARDS_MAX))
    throw new LocalServerError(`--shards has to be a number from 1 to ${SHARDS_MAX}, not "${shards}"`);
  return { scenario, kills, seed, clients, invoices, shards };
}

function whole(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (/^\d{1,10}$/.test(given) && value < 2 ** 32) return value;
  throw new LocalServerError(`--${name} has to be a whole number, not "${given}"`);
}

const onProgress = (line: string) => console.log(`  ${line}`);

/** Prints what was found and answers the exit code. */
function closing(faults: readonly string[], holds: string, again: string, startedAt: number): number {
  for (const fault of faults) console.log(`✗ ${fault}`);
  const took = duration(performance.now() - startedAt);
  console.log(
    faults.length === 0
      ? `✓ ${holds} (${took})`
      : `✗ ${plural(faults.length, 'fault')}; npm run chaos -- ${again}`,
  );
  return faults.length === 0 ? 0 : 1;
}

async function trades({ kills = 20, clients = 24, shards = 1 }: Arguments, seed: number): Promise<number> {
  console.log(`seed ${seed}: ${plural(clients, 'client')}, ${plural(kills, 'kill')}`);
  const startedAt = performance.now();
  const result = await runChaos({ kills, clients, shards, seed, onProgress });
  const { commands, acknowledged, unanswered, repeats, accounts, events } = result;
  console.log(
    `${commands} commands, ${acknowledged} acknowledged; ${unanswered} attempts without an answer, ${repeats} repeats\n` +
      `${accounts} accounts, ${events} events; views recovered by themselves ${duration(result.recovery.ms)} after the last ` +
      `restart, the rest was answered ${duration(result.answeredMs)} later and in the views after ${duration(result.catchUp.ms)}`,
  );
  const holds = 'every acknowledged command is there once, every view equals its log';
  return closing(result.faults, holds, `${inShards(shards)}--kills ${kills} --seed ${seed}`, startedAt);
}

async function orders({ kills = 10, invoices = 150, shards = 1 }: Arguments, seed: number): Promise<number> {
  console.log(`seed ${seed}: ${plural(invoices, 'invoice')}, ${plural(kills, 'kill')}`);
  const startedAt = performance.now();
  const result = await runOrderChaos({ kills, invoices, shards, seed, onProgress });
  for (const line of result.holds) console.log(`✓ ${line}`);
  if (result.kills < kills)
    console.log(`  the orders were through after ${result.kills} kills: take more invoices`);
  const holds = `all ${result.orders} orders ended through ${result.kills} kills; the bank has what the books have`;
  const again = `--scenario orders ${inShards(shards)}--kills ${kills} --invoices ${invoices} --seed ${seed}`;
  return closing(result.faults, holds, again, startedAt);
}

/** As an option, where it is no default. */
const inShards = (shards: number) => (shards === 1 ? '' : `--shards ${shards} `);

const SCENARIOS: Readonly<Record<string, typeof trades>> = { trades, orders };

async function main(): Promise<number> {
  const given = readArguments();
  if (given === 'help') {
    console.log(HELP);
    return 0;
  }
  // It repeats the choices, not the moments: those are the machine's.
  const { seed = Date.now() % 2 ** 32 } = given;
  return (SCENARIOS[given.scenario] as typeof trades)(given, seed);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof LocalServerError ? error.message : error);
    process.exit(error instanceof LocalServerError ? 2 : 1);
  },
);
