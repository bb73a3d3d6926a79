/** `npm run chaos [-- --kills N --clients N --seed N]`: kill -9 in mid-load, N times, and then the proof. */
import { parseArgs } from 'node:util';
import { duration } from '../../demo/figures.ts';
import { runChaos } from './chaos/run.ts';

const DEFAULT_KILLS = 20;
const DEFAULT_CLIENTS = 24;

function whole(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Error(`--${name} has to be a whole number, not "${text}"`);
}

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { kills: text, clients: text, seed: text } });
const options = {
  kills: whole('kills', values.kills, DEFAULT_KILLS),
  clients: whole('clients', values.clients, DEFAULT_CLIENTS),
  seed: whole('seed', values.seed, Date.now() % 2 ** 32),
};
// It repeats the choices, not the moments: those are the machine's.
console.log(`seed ${options.seed}: ${options.clients} clients, ${options.kills} kills`);
const startedAt = performance.now();
const result = await runChaos({ ...options, onProgress: (line) => console.log(`  ${line}`) });
const { commands, acknowledged, unanswered, repeats, accounts, events } = result;
console.log(
  [
    `${commands} commands, ${acknowledged} acknowledged; ${unanswered} attempts without an answer, ${repeats} repeats`,
    `${accounts} accounts, ${events} events; views recovered by themselves ${duration(result.recovery.ms)} after the last restart, the rest was answered ${duration(result.answeredMs)} later and in the views after ${duration(result.catchUp.ms)}`,
    ...result.faults.map((fault) => `✗ ${fault}`),
    result.faults.length === 0
      ? `✓ every acknowledged command is there once, every view equals its log (${duration(performance.now() - startedAt)})`
      : `✗ ${result.faults.length} faults; npm run chaos -- --kills ${options.kills} --seed ${options.seed}`,
  ].join('\n'),
);
process.exit(result.faults.length === 0 ? 0 : 1);
