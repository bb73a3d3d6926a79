/** `npm run chaos [-- --scenario orders]`: kill -9 of the server in mid-run, N times, and then the proof. */
import { parseArgs } from 'node:util';
import { duration } from '../../demo/figures.ts';
import { runOrderChaos } from './chaos/orders.ts';
import { runChaos } from './chaos/run.ts';

const HELP = `Kills npm run serve with SIGKILL in mid-run, again and again, and proves that nothing was lost or done twice.

  npm run chaos [-- OPTIONS]

  --scenario trades|orders   clients that trade (the default), or orders with their sagas, stock and payments
  --kills N                  how often (default 20; of orders 10)
  --seed N                   another choice of commands and moments (default: from the clock)
  --clients N                of trades: clients at a time (default 24)
  --invoices N               of orders: invoices of the generated order book (default 150)
  --help                     this text`;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    scenario: text,
    kills: text,
    seed: text,
    clients: text,
    invoices: text,
    help: { type: 'boolean', short: 'h' },
  },
});

function whole(name: 'kills' | 'seed' | 'clients' | 'invoices', fallback: number): number {
  const given = values[name];
  const value = given === undefined ? fallback : Number(given);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Error(`--${name} has to be a whole number, not "${given}"`);
}

const onProgress = (line: string) => console.log(`  ${line}`);
// It repeats the choices, not the moments: those are the machine's.
const seed = whole('seed', Date.now() % 2 ** 32);

/** Prints what was found and answers the exit code. */
function closing(faults: readonly string[], holds: string, again: string, startedAt: number): number {
  for (const fault of faults) console.log(`✗ ${fault}`);
  const took = duration(performance.now() - startedAt);
  console.log(
    faults.length === 0 ? `✓ ${holds} (${took})` : `✗ ${faults.length} faults; npm run chaos -- ${again}`,
  );
  return faults.length === 0 ? 0 : 1;
}

async function trades(): Promise<number> {
  const [kills, clients] = [whole('kills', 20), whole('clients', 24)];
  console.log(`seed ${seed}: ${clients} clients, ${kills} kills`);
  const startedAt = performance.now();
  const result = await runChaos({ kills, clients, seed, onProgress });
  const { commands, acknowledged, unanswered, repeats, accounts, events } = result;
  console.log(
    `${commands} commands, ${acknowledged} acknowledged; ${unanswered} attempts without an answer, ${repeats} repeats\n` +
      `${accounts} accounts, ${events} events; views recovered by themselves ${duration(result.recovery.ms)} after the last ` +
      `restart, the rest was answered ${duration(result.answeredMs)} later and in the views after ${duration(result.catchUp.ms)}`,
  );
  const holds = 'every acknowledged command is there once, every view equals its log';
  return closing(result.faults, holds, `--kills ${kills} --seed ${seed}`, startedAt);
}

async function orders(): Promise<number> {
  const [kills, invoices] = [whole('kills', 10), whole('invoices', 150)];
  console.log(`seed ${seed}: ${invoices} invoices, ${kills} kills`);
  const startedAt = performance.now();
  const result = await runOrderChaos({ kills, invoices, seed, onProgress });
  for (const line of result.holds) console.log(`✓ ${line}`);
  if (result.kills < kills)
    console.log(`  the orders were through after ${result.kills} kills: take more invoices`);
  const holds = `all ${result.orders} orders ended through ${result.kills} kills; the bank has what the books have`;
  const again = `--scenario orders --kills ${kills} --invoices ${invoices} --seed ${seed}`;
  return closing(result.faults, holds, again, startedAt);
}

const SCENARIOS: Readonly<Record<string, () => Promise<number>>> = { trades, orders };

const { scenario = 'trades', help = false } = values;
if (help) console.log(HELP);
else {
  const run = SCENARIOS[scenario];
  if (run === undefined) throw new Error(`--scenario has to be trades or orders, not "${scenario}"`);
  process.exit(await run());
}
