/** Long reads, in pieces. */
import type { Paced } from './decider.ts';

/** Does the work to its end, and waits for `pause` wherever it lets go. */
export async function runPaced<Result>(work: Paced<Result>, pause: () => Promise<void>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await pause();
  }
}
