/** Waiting for calls: one timer of the runtime for all that an object waits for. */
import { describe, expect, it } from 'vitest';
import { inTime, SHARED_TIMER_MS, sharedTimers, Unanswered } from '../../actors/kernel/inTime.ts';

/** A clock that a test moves, and the timers that were started on it. */
function clock() {
  let time = 0;
  let starts = 0;
  const started: { readonly task: () => void; readonly at: number }[] = [];
  return {
    started,
    now: () => time,
    startTimer: (task: () => void, milliseconds: number) => {
      const timer = { task, at: time + milliseconds };
      started.push(timer);
      starts++;
      return () => void (started.includes(timer) && started.splice(started.indexOf(timer), 1));
    },
    starts: () => starts,
    /** To a time, with whatever is due on the way. */
    moveTo(to: number) {
      for (
        let due = started.find(({ at }) => at <= to);
        due !== undefined;
        due = started.find(({ at }) => at <= to)
      ) {
        started.splice(started.indexOf(due), 1);
        time = Math.max(time, due.at);
        due.task();
      }
      time = to;
    },
  };
}

const never = new Promise<never>(() => undefined);

describe('calls that share a timer', () => {
  it('are given up each at its own time, and not much later', async () => {
    const time = clock();
    const timers = sharedTimers(time.startTimer, time.now);
    const lost: string[] = [];
    const wait = (who: string, milliseconds: number) =>
      inTime(timers, who, never, milliseconds).catch((error: Unanswered) => void lost.push(error.message));
    const both = [wait('a', 5_000), wait('b', 7_500)];
    time.moveTo(4_999);
    await Promise.resolve();
    expect(lost).toEqual([]);
    time.moveTo(5_000 + SHARED_TIMER_MS);
    await both[0];
    expect(lost).toEqual(['a did not answer within 5000 ms']);
    time.moveTo(7_500 + SHARED_TIMER_MS);
    await both[1];
    expect(lost).toHaveLength(2);
  });

  it('start one timer while others are on their way, and leave none behind', async () => {
    const time = clock();
    const timers = sharedTimers(time.startTimer, time.now);
    const last = Promise.withResolvers<void>();
    const waiting = inTime(timers, 'a', last.promise, 5_000);
    for (let call = 0; call < 1_000; call++) {
      expect(await inTime(timers, 'a', Promise.resolve(call), 5_000)).toBe(call);
    }
    expect([time.starts(), time.started.length]).toEqual([1, 1]);
    last.resolve();
    await waiting;
    expect(time.started).toEqual([]);
    // And begin again.
    const late = inTime(timers, 'b', never, 5_000);
    time.moveTo(5_000 + SHARED_TIMER_MS);
    await expect(late).rejects.toThrow(Unanswered);
    expect(time.started).toEqual([]);
  });

  it('fail as the call does, and are not given up then', async () => {
    const time = clock();
    const failing = inTime(
      sharedTimers(time.startTimer, time.now),
      'a',
      Promise.reject(new Error('reset')),
      5_000,
    );
    await expect(failing).rejects.toThrow('reset');
    time.moveTo(10_000);
    expect(time.started).toEqual([]);
  });
});
