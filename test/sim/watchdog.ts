/**
 * Ends the process where product code never returns: no timer of the same thread could. A second thread watches a counter
 * that every run moves.
 */
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** Longer than any run of sensible length takes, on a busy machine too. */
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
  let since = performance.now();
  setInterval(() => {
    const runs = Atomics.load(counter, 1);
    if (runs !== seen) since = performance.now();
    seen = runs;
    if (performance.now() - since < HANG_MS) return;
    writeSync(2, `seed ${Atomics.load(counter, 0)} hangs: some code of the product never returns\n`);
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS);
}

if (!isMainThread) watch(workerData as Int32Array);
