/**
 * The alarm sent the commands of all due timers as one request: one that threw failed them all, and the alarm left the
 * outbox undrained, every ten seconds again. And a timer that fell due while others ran counted as one that failed.
 */
import { expect, it } from 'vitest';
import { localCore } from '../support/localCore.ts';
import { BROKEN, STUCK, type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };

it.each([BROKEN, STUCK])('a timer that is %s fails alone', async (name) => {
  const { core, world } = localCore<ToyState>(toyDecider);
  const start = (timer: string, dueAt: number) => ({
    commandId: `start-${timer}`,
    type: 'Start',
    data: { timer, dueAt },
  });
  await core.execute([start(name, 100), start('fine', 101), start('later', 5_000)], context);
  world.now = 200;
  await core.alarm();
  expect(core.read()?.state).toMatchObject({ fired: ['fine'] });
  expect(world.sent).toHaveLength(1);
  expect(core.read()?.version).toBe(4);
  // The other one's own time, then the broken one's next try.
  expect(world.alarmAt).toBe(5_000);
  world.now = 5_000;
  await core.alarm();
  expect(core.read()?.state).toMatchObject({ fired: ['fine', 'later'] });
  expect(world.alarmAt).toBe(10_200);
});

it('a timer that falls due while others run fires at once', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  const start = (timer: string, dueAt: number) => ({
    commandId: timer,
    type: 'Start',
    data: { timer, dueAt },
  });
  await core.execute([start('first', 100), start('second', 101)], context);
  world.now = 100;
  world.onSend = () => {
    world.now = 150;
  };
  await core.alarm();
  expect(core.read()?.state).toMatchObject({ fired: ['first'] });
  expect(world.alarmAt).toBe(101);
  await core.alarm();
  expect(core.read()?.state).toMatchObject({ fired: ['first', 'second'] });
});
