/**
 * While an alarm's handler ran, a drain that failed set the next alarm to its own retry, up to a minute away. That replaced
 * the alarm whose handler was running: had the object died then, its due timers would have waited for the queue.
 */
import { expect, it } from 'vitest';
import { ActorCore } from '../../actors/kernel/actorCore.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

it('the alarm set by a failing drain is not later than what timers need', async () => {
  let now = 0;
  let alarmAt = Number.POSITIVE_INFINITY;
  let turns: (() => void)[] = [];
  let drain = () => undefined as unknown;
  let failSend = (_: Error) => undefined as unknown;
  const core = new ActorCore<ToyState>({
    source: { aggregateType: 'toy', aggregateId: 'local' },
    decider: toyDecider,
    storage: sqliteStorage(),
    logger: createLogger('actor', 'error', () => undefined),
    now: () => now,
    nextTurn: (task) => void turns.push(task),
    after: (task) => {
      drain = task;
    },
    setAlarm: (at) => {
      alarmAt = at;
    },
    groups: [{ name: 'views', send: () => new Promise((_, reject) => (failSend = reject)) }],
    register: async () => undefined,
    uniqueId: () => 'unique',
  });
  const runTurns = async () => {
    for (const turn of turns.splice(0)) turn();
    await settled();
  };
  const start = { commandId: 's', type: 'Start', data: { timer: 'ring', dueAt: 5_000_000 } };
  void core.execute([start], { userId: 'u', correlationId: 'c', causationId: null });
  // It is entered in the directory first.
  await settled();
  await runTurns();
  // Enough failures for the longest pause between drains.
  for (let failure = 0; failure < 8; failure++) {
    now += 100_000;
    const alarm = core.alarm();
    await settled();
    failSend(new Error('queue is unavailable'));
    await alarm;
  }

  drain();
  await settled();
  now = 5_000_000;
  void core.alarm();
  await settled();
  turns = [];
  failSend(new Error('queue is unavailable'));
  await settled();
  expect(alarmAt).toBeLessThanOrEqual(now + 10_000);
});
