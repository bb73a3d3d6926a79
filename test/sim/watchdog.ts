/**
 * Ends the process where product code never returns: no timer of the same thread could. A second thread watches a counter
 * that every run moves.
 */
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/**
 * Milliseconds of processor time, more than any run of sensible length takes. Not of the clock: a run that others leave no
 * processor for is slow and does not hang.
 */
const HANG_MS = 120_000;
/** Between two looks at the counter. */
const LOOK_MS = 5_000;

/** Begins to watch; the function returned is told of every run that begins. */
export function startWatchdog(): (seed: number) => void {
  const counter = new Int32Array(new SharedArrayBuffer(8));
  new Worker(fileURLToPath(import.meta.url), { workerData: counter }).unref();
  return (seed) => {
    Atomics.store(counter, 0, seed);
    Atomics.add(counter, 1, 1);
  };
}

function watch(counter: Int32Array): void {
  let seen = -1;
  let since = processorMs();
  setInterval(() => {
    const runs = Atomics.load(counter, 1);
    if (runs !== seen) since = processorMs();
    seen = runs;
    if (processorMs() - since < HANG_MS) return;
    writeSync(2, `seed ${Atomics.load(counter, 0)} hangs: some code of the product never returns\n`);
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS);
}

/** What the whole process has used. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

if (!isMainThread) watch(workerData as Int32Array);
