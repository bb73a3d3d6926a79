/** Effects on a toy aggregate: performed after the commit, through crash and eviction, under one key, never forgotten. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { OutcomeCommand } from '../../actors/kernel/actorDeps.ts';
import type { Effect } from '../../actors/kernel/decider.ts';
import { EFFECT_LOST_MS, EFFECTS_AT_A_TIME_MAX } from '../../actors/kernel/effects.ts';
import type { CommandContext } from '../../schemas/envelope.ts';
import { type ErrandState, errandDecider, UNRECORDABLE } from '../support/errandDecider.ts';
import { type LocalWorld, localCore } from '../support/localCore.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const CONTEXT: CommandContext = { userId: 'alice', correlationId: 'request-1', causationId: null };
const START = 1_000_000;

interface Performing {
  readonly errand: string;
  readonly context: CommandContext;
  readonly answer: (outcome: OutcomeCommand) => void;
  readonly fail: (error: Error) => void;
}

let world: LocalWorld;
/** Performs that nobody has answered. */
let performing: Performing[];

beforeEach(() => {
  performing = [];
  world = {
    now: START,
    alarmAt: undefined,
    alarms: [],
    sent: [],
    onSend: () => undefined,
    lines: [],
    storage: sqliteStorage(),
  };
});

/** Another instance on the same storage, as after a crash: what the one before still does reaches nobody. */
function wake(decider = errandDecider) {
  const mine: Performing[] = [];
  performing = mine;
  world = {
    ...world,
    perform: (effect: Effect<unknown>, context) =>
      new Promise((answer, fail) => mine.push({ errand: effect.effect, context, answer, fail })),
  };
  return localCore<ErrandState>(decider, world).core;
}

type Core = ReturnType<typeof wake>;

/** Lets everything happen that happens without time going by. */
const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};
const want = (core: Core, ...errands: string[]) => wantAt(core, START, ...errands);
const wantAt = async (core: Core, dueAt: number, ...errands: string[]) => {
  await core.execute([{ commandId: `want ${errands}`, type: 'Want', data: { errands, dueAt } }], CONTEXT);
};
const done = (errand: string, how = 'well') => ({ type: 'RecordDone', data: { errand, how } });
const names = () => performing.map(({ errand }) => errand);
const take = () => performing.splice(0)[0] as Performing;
const stateOf = (core: Core) => core.read()?.state as ErrandState;
const eventsOf = (core: Core) => JSON.parse(core.events(1, 100)) as { metadata: Record<string, unknown> }[];
/** The alarm goes off at its time. */
const ring = async (core: Core) => {
  world.now = Math.max(world.now, world.alarmAt as number);
  world.alarmAt = undefined;
  await core.alarm();
  await settled();
};

describe('an effect', () => {
  it('is performed after the commit that wants it, and its outcome is a command of its own', async () => {
    const core = wake();
    await want(core, 'post');
    expect(names(), 'not within the turn').toEqual([]);
    await settled();
    expect(names()).toEqual(['post']);
    take().answer(done('post'));
    await settled();
    expect(stateOf(core)).toEqual({ wanted: {}, done: { post: 'well' } });
    const [wanted, recorded] = JSON.parse(core.events(1, 2));
    expect(recorded.metadata).toEqual({
      userId: 'effect',
      commandId: `effect post ${START}`,
      correlationId: 'request-1',
      causationId: wanted.eventId,
    });
    expect(performing).toEqual([]);
  });

  it('knows what it belongs to and which event led to it', async () => {
    const core = wake();
    await want(core, 'post');
    await settled();
    const [wanted] = JSON.parse(core.events(1, 1));
    expect(take().context).toMatchObject({ correlationId: 'request-1', causationId: wanted.eventId });
  });

  it('has an alarm from the very turn that wants it: a crash before it is performed forgets nothing', async () => {
    await want(wake(), 'post');
    expect(world.alarmAt, 'set in the turn').toBeLessThanOrEqual(START + 10_000);
    const core = wake();
    await settled();
    expect(names(), 'waking performs it at once').toEqual(['post']);
    take().answer(done('post'));
    await settled();
    expect(stateOf(core).done).toEqual({ post: 'well' });
  });

  it('is performed again after a crash before its outcome, and a second outcome changes nothing', async () => {
    const first = wake();
    await want(first, 'post');
    await settled();
    const lost = take();
    const core = wake();
    await settled();
    take().answer(done('post', 'the second time'));
    await settled();
    // The first one answers after all, through an instance that should be gone: the log has the last word.
    const late = { ...done('post', 'late'), commandId: `effect post ${START}` };
    expect(await core.execute([late], CONTEXT)).toMatchObject([{ code: 'command_id_reused' }]);
    const same = { ...done('post', 'the second time'), commandId: `effect post ${START}` };
    expect(await core.execute([same], CONTEXT)).toMatchObject([{ status: 'replayed' }]);
    expect(stateOf(core).done).toEqual({ post: 'the second time' });
    expect(lost.errand).toBe('post');
  });

  it('that is put off by its outcome is performed again, then and not before', async () => {
    const core = wake();
    await want(core, 'post');
    await settled();
    take().answer({ type: 'RecordFailure', data: { errand: 'post', retryAt: START + 30_000 } });
    await settled();
    expect(names()).toEqual([]);
    expect(world.alarmAt).toBeLessThanOrEqual(START + 30_000);
    while (world.now < START + 30_000) {
      expect(names()).toEqual([]);
      await ring(core);
    }
    expect(names()).toEqual(['post']);
    take().answer(done('post'));
    await settled();
    expect(eventsOf(core).map(({ metadata }) => metadata.commandId)).toEqual([
      'want post',
      `effect post ${START}`,
      `effect post ${START + 30_000}`,
    ]);
  });

  it('of another moment waits for it, through eviction and a lost alarm', async () => {
    await wantAt(wake(), START + 500_000, 'post');
    world.alarmAt = undefined;
    const core = wake();
    await settled();
    expect(world.alarmAt).toBeDefined();
    expect(names()).toEqual([]);
    while (world.now < START + 500_000) await ring(core);
    expect(names()).toEqual(['post']);
  });

  it('is not performed once it is no longer wanted, and its late outcome is refused', async () => {
    const core = wake();
    await want(core, 'post');
    await settled();
    const post = take();
    await core.execute([{ commandId: 'g', type: 'GiveUp', data: { errand: 'post' } }], CONTEXT);
    post.answer(done('post'));
    await settled();
    expect(stateOf(core)).toEqual({ wanted: {}, done: {} });
    await ring(core);
    expect(names()).toEqual([]);
    expect(world.lines.join()).not.toContain('failed');
  });
});

describe('effects that fail', () => {
  it('are tried again with growing pauses, and are in the log of the operator', async () => {
    const core = wake();
    await want(core, 'post');
    await settled();
    const pauses: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      const failedAt = world.now;
      take().fail(new Error('nobody answers'));
      await settled();
      while (performing.length === 0) await ring(core);
      pauses.push(world.now - failedAt);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(world.lines.filter((line) => line.includes('effect post failed'))).toHaveLength(8);
    take().answer(done('post'));
    await settled();
    expect(stateOf(core).done).toEqual({ post: 'well' });
  });

  it('hold back neither others nor commands', async () => {
    const core = wake();
    await want(core, 'broken', 'fine');
    await settled();
    const [broken, fine] = performing.splice(0);
    broken?.fail(new Error('nobody answers'));
    fine?.answer(done('fine'));
    await want(core, 'another');
    await settled();
    expect(names()).toEqual(['another']);
    expect(stateOf(core).done).toEqual({ fine: 'well' });
  });

  it('are tried at once by the next instance', async () => {
    await want(wake(), 'post');
    await settled();
    for (let failure = 0; failure < 3; failure++) {
      take().fail(new Error('nobody answers'));
      await settled();
      wake();
      await settled();
      expect(names()).toEqual(['post']);
    }
  });

  it('to be recorded do not spin', async () => {
    const core = wake();
    await want(core, UNRECORDABLE);
    await settled();
    take().answer(done(UNRECORDABLE));
    await settled();
    expect(names()).toEqual([]);
    expect(world.lines.join()).toContain('wanted after its outcome was refused: not_wanted');
    expect(world.alarmAt).toBeLessThanOrEqual(START + 1_000);
    await ring(core);
    expect(names()).toEqual([UNRECORDABLE]);
  });

  it('whose outcome is taken and ends nothing do not spin', async () => {
    const stubborn: typeof errandDecider = {
      ...errandDecider,
      evolve: (state, event) => (event.type === 'Done' ? state : errandDecider.evolve(state, event)),
    };
    const core = wake(stubborn);
    await want(core, 'post');
    await settled();
    take().answer(done('post'));
    await settled();
    take().answer(done('post'));
    await settled();
    expect(names()).toEqual([]);
    expect(world.lines.join()).toContain('wanted after its outcome was replayed');
    expect(core.aggregate.log.head().version).toBe(2);
  });

  it('to answer are taken for lost after a while and begun again; whichever answers first counts', async () => {
    const core = wake();
    await want(core, 'post');
    await settled();
    const hanging = take();
    while (performing.length === 0) await ring(core);
    expect(world.now - START).toBeLessThanOrEqual(EFFECT_LOST_MS + 10_000);
    hanging.answer(done('post', 'at last'));
    await settled();
    take().answer(done('post', 'again'));
    await settled();
    expect(stateOf(core).done).toEqual({ post: 'at last' });
    expect(performing).toEqual([]);
  });
});

describe('many effects', () => {
  it(`run ${EFFECTS_AT_A_TIME_MAX} at a time, each once`, async () => {
    const core = wake();
    const errands = Array.from({ length: 20 }, (_, index) => `e-${index}`);
    await want(core, ...errands);
    const began: string[] = [];
    while (began.length < 20) {
      await settled();
      expect(performing.length).toBeLessThanOrEqual(EFFECTS_AT_A_TIME_MAX);
      const next = performing.shift() as Performing;
      began.push(next.errand);
      next.answer(done(next.errand));
    }
    await settled();
    expect(Object.keys(stateOf(core).done)).toHaveLength(20);
    expect(new Set(began).size).toBe(20);
  });
});

it('an aggregate with effects that nobody performs does not start', () => {
  const { perform: _, ...deaf } = world;
  expect(() => localCore(errandDecider, deaf)).toThrow('nobody performs the effects of errands');
});
