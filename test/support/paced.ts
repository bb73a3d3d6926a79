/** Long work, done in one go. */
import type { Paced } from '../../actors/kernel/decider.ts';

export function finished<Result>(work: Paced<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
