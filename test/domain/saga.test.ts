/** The rules of every saga: stages, answers, timeouts, what is tried again, what is undone, what waits for an operator. */
import { describe, expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import {
  type SagaDefinition,
  type SagaDefinitions,
  type StepDefinition,
  sagaDefinitions,
} from '../../actors/saga/definitions/definition.ts';
import { retryDelay } from '../../actors/saga/retry.ts';
import { findStep, type SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { SAGA_REFUSALS, type SagaCommand, type SagaRefusal } from '../../schemas/saga.ts';
import { ModelActor, type ModelOutcome } from '../support/modelActor.ts';

const START = Date.UTC(2026, 0, 5, 9);
const TIMEOUT_MS = 60_000;
const RETRY = { firstMs: 1_000, maxMs: 4_000, attemptsMax: 3 };

interface Input {
  readonly keys: readonly string[];
}

const command = (aggregateId: string, type: string) => ({
  aggregateType: 'thing',
  aggregateId,
  type,
  data: {},
});

/** A step of an aggregate of its own, which can be undone. */
function step(name: string, more: Partial<StepDefinition<Input>> = {}): StepDefinition<Input> {
  return {
    name,
    command: ({ key }) => command(`${name}${key}`, 'Do'),
    timeoutMs: () => TIMEOUT_MS,
    retry: RETRY,
    compensation: {
      command: ({ key }) => command(`${name}${key}`, 'Undo'),
      retry: RETRY,
      undoneOn: ['nothing_there'],
    },
    ...more,
  };
}

/** Something for each key, then one thing, then one more. */
const errand = (version: number, more: Partial<SagaDefinition<Input>> = {}): SagaDefinition<Input> => ({
  name: 'errand',
  version,
  description: 'For the tests.',
  stages: [[step('fetch', { each: ({ keys }) => keys })], [step('pay')], [step('send')]],
  ...more,
});

/** One saga as its rules leave it, and the time. */
class Saga {
  readonly actor: ModelActor<SagaState>;
  now = START;
  #commands = 0;

  constructor(definitions: SagaDefinitions, keys: readonly string[] = ['1', '2']) {
    this.actor = new ModelActor<SagaState>(sagaDecider(definitions));
    this.tell({ type: 'StartSaga', data: { sagaId: 's', definition: 'errand', input: { keys } } });
  }

  get state(): SagaState {
    return this.actor.state;
  }

  tell(sent: SagaCommand): ModelOutcome {
    return this.actor.execute(`c-${this.#commands++}`, sent, this.now);
  }

  /** The refusal of a command. */
  refusal(sent: SagaCommand): string {
    const outcome = this.tell(sent);
    return outcome.status === 'refused' ? outcome.code : outcome.status;
  }

  answer(effect: string, answer: ReceiverAnswer = { answer: 'accepted' }): ModelOutcome {
    return this.tell({ type: 'RecordAnswer', data: { effect, answer } });
  }

  refuse(effect: string, code: string, unheard = false): ModelOutcome {
    return this.answer(effect, { answer: 'refused', code, detail: 'No.', unheard });
  }

  /** No answer. */
  lose(effect: string): ModelOutcome {
    return this.answer(effect, { answer: 'none', detail: 'lost' });
  }

  timeOut(name: string): ModelOutcome {
    return this.tell({ type: 'TimeOutStep', data: { step: name } });
  }

  observe(eventType: string, data: object = {}): ModelOutcome {
    return this.tell({ type: 'ObserveEvent', data: { eventType, aggregateId: 'x', data } });
  }

  operator(type: 'RetrySaga' | 'CompensateSaga' | 'SettleSaga'): string {
    return this.refusal({ type, data: { reason: 'I say so' } });
  }

  /** What it wants sent, by effect. */
  get wants(): string[] {
    return [...(this.actor.decider.effects?.(this.state) ?? [])].map(({ effect }) => effect);
  }

  request(effect: string): CommandRequest {
    const found = [...(this.actor.decider.effects?.(this.state) ?? [])].find((one) => one.effect === effect);
    return found?.request as CommandRequest;
  }

  /** Milliseconds from now until an effect is sent. */
  wait(effect: string): number {
    const found = [...(this.actor.decider.effects?.(this.state) ?? [])].find((one) => one.effect === effect);
    return (found?.dueAt ?? Number.NaN) - this.now;
  }

  get timers(): string[] {
    return [...(this.actor.decider.timers?.(this.state) ?? [])].map(({ timer }) => timer);
  }

  status(name: string): string | undefined {
    return findStep(this.state, name)?.status;
  }

  get statuses(): string[] {
    return this.state.stages.flat().map(({ name, status }) => `${name} ${status}`);
  }

  get events(): string[] {
    return this.actor.events.map(({ type }) => type);
  }

  /** Everything of the first stage is done. */
  fetched(): this {
    this.answer('do fetch:1');
    this.answer('do fetch:2');
    return this;
  }
}

const one = sagaDefinitions([errand(1)]);

describe('a saga that goes well', () => {
  it('does the steps of a stage side by side, and begins the next when all of them are done', () => {
    const saga = new Saga(one);
    expect(saga.wants).toEqual(['do fetch:1', 'do fetch:2']);
    saga.answer('do fetch:2');
    expect(saga.wants).toEqual(['do fetch:1']);
    saga.answer('do fetch:1');
    expect(saga.wants).toEqual(['do pay']);
    saga.answer('do pay');
    saga.answer('do send');
    expect(saga.state).toMatchObject({
      status: 'COMPLETED',
      reason: null,
      endedAt: new Date(START).toISOString(),
    });
    expect([saga.wants, saga.timers]).toEqual([[], []]);
  });

  it('leaves out steps for nothing, and stages of nothing', () => {
    expect(new Saga(one, []).wants).toEqual(['do pay']);
  });

  it('takes a refusal that says so for done', () => {
    const done = sagaDefinitions([errand(1, { stages: [[step('pay', { doneOn: ['paid_before'] })]] })]);
    const saga = new Saga(done);
    saga.refuse('do pay', 'paid_before');
    expect(saga.state.status).toBe('COMPLETED');
  });

  it('keeps a trace of when each step began and ended, and how often it was tried', () => {
    const saga = new Saga(one).fetched();
    saga.now += 5_000;
    saga.lose('do pay');
    saga.now += 1_000;
    saga.answer('do pay');
    const at = (milliseconds: number) => new Date(START + milliseconds).toISOString();
    expect(findStep(saga.state, 'pay')).toMatchObject({
      status: 'COMPLETED',
      attempts: 2,
      startedAt: at(0),
      endedAt: at(6_000),
      error: null,
    });
  });
});

describe('an attempt without an answer', () => {
  it('is made again under the same id, after growing pauses with jitter, up to a cap and a number', () => {
    const saga = new Saga(one).fetched();
    const { commandId } = saga.request('do pay');
    expect(commandId).toBe('saga s pay');
    for (const longest of [1_000, 2_000]) {
      saga.lose('do pay');
      expect(saga.wait('do pay')).toBeGreaterThanOrEqual(longest / 2);
      expect(saga.wait('do pay')).toBeLessThanOrEqual(longest);
      expect(saga.request('do pay').commandId).toBe(commandId);
      saga.now += longest;
    }
    saga.lose('do pay');
    // It may have been done all the same: it is undone with the rest.
    expect(saga.status('pay')).toBe('COMPENSATING');
    expect(saga.state).toMatchObject({ status: 'COMPENSATING', reason: 'pay: no_answer' });
  });

  it('waits as long on every replay, and not as long as another saga', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((attempt) => retryDelay(RETRY, attempt, 'saga pay'));
    expect(delays).toEqual([1, 2, 3, 4, 5, 6].map((attempt) => retryDelay(RETRY, attempt, 'saga pay')));
    expect(Math.max(...delays)).toBeLessThanOrEqual(RETRY.maxMs);
    const spread = new Set(Array.from({ length: 50 }, (_, saga) => retryDelay(RETRY, 3, `${saga} pay`)));
    expect(spread.size).toBeGreaterThan(40);
  });

  it('and one that is refused for now are alike; any other refusal is for good', () => {
    const busy = sagaDefinitions([errand(1, { stages: [[step('pay', { retryOn: ['busy'] })]] })]);
    const saga = new Saga(busy);
    saga.refuse('do pay', 'busy');
    expect([saga.status('pay'), saga.wants]).toEqual(['RUNNING', ['do pay']]);
    saga.refuse('do pay', 'never');
    expect(saga.state).toMatchObject({ status: 'COMPENSATED', reason: 'pay: never' });
  });

  it('leaves a doubt that a refusal does not clear, unless it is one for good', () => {
    const lost = (more: Partial<StepDefinition<Input>>) => {
      const saga = new Saga(sagaDefinitions([errand(1, { stages: [[step('pay', more)]] })]));
      saga.lose('do pay');
      saga.refuse('do pay', 'no');
      return saga.wants;
    };
    expect(lost({})).toEqual(['undo pay 1']);
    expect(lost({ finalOn: ['no'] })).toEqual([]);
  });
});

describe('a timeout and a late answer', () => {
  it.each(['accepted', 'refused'] as const)('of which the answer (%s) is first: it counts', (kind) => {
    const saga = new Saga(one).fetched();
    if (kind === 'accepted') saga.answer('do pay');
    else saga.refuse('do pay', 'no');
    const { length } = saga.events;
    expect(saga.timeOut('pay')).toMatchObject({ status: 'refused', code: 'step_not_running' });
    expect(saga.events).toHaveLength(length);
  });

  it('of which the timeout is first: it counts, and what was done late is undone', () => {
    const saga = new Saga(one).fetched();
    saga.timeOut('pay');
    expect([saga.state.status, saga.wants]).toEqual(['COMPENSATING', ['undo pay 1']]);
    // The receiver had heard of neither: there was nothing to undo.
    saga.refuse('undo pay 1', 'nothing_there');
    expect(saga.wants).toEqual(['undo fetch:1 1', 'undo fetch:2 1']);
    saga.answer('do pay');
    expect(saga.wants).toContain('undo pay 2');
    expect(saga.request('undo pay 2').commandId).not.toBe('saga s undo pay 1');
    for (const effect of ['undo pay 2', 'undo fetch:1 1', 'undo fetch:2 1']) saga.answer(effect);
    expect(saga.state.status).toBe('COMPENSATED');
  });

  it('that succeeds after everything was undone is undone as well', () => {
    const saga = new Saga(sagaDefinitions([errand(1, { stages: [[step('pay')]] })]));
    saga.timeOut('pay');
    saga.refuse('undo pay 1', 'nothing_there');
    expect(saga.state.status).toBe('COMPENSATED');
    saga.answer('do pay');
    expect([saga.state.status, saga.wants, saga.state.endedAt]).toEqual([
      'COMPENSATING',
      ['undo pay 2'],
      null,
    ]);
    saga.answer('undo pay 2');
    expect(saga.state.status).toBe('COMPENSATED');
    expect(saga.answer('do pay')).toMatchObject({ code: 'step_not_running' });
  });

  it('has a timer for every step that runs, and for no other', () => {
    const saga = new Saga(one);
    expect(saga.timers).toEqual(['timeout fetch:1', 'timeout fetch:2']);
    saga.answer('do fetch:1');
    expect(saga.timers).toEqual(['timeout fetch:2']);
    saga.now += TIMEOUT_MS;
    saga.actor.fireTimers(saga.now);
    expect(saga.status('fetch:2')).toBe('COMPENSATING');
    expect(saga.timers).toEqual([]);
  });
});

describe('what a saga did', () => {
  it('is undone in reverse, stage after stage, those of one stage side by side', () => {
    const saga = new Saga(one).fetched();
    saga.answer('do pay');
    saga.refuse('do send', 'no');
    expect(saga.wants).toEqual(['undo pay 1']);
    saga.answer('undo pay 1');
    expect(saga.wants).toEqual(['undo fetch:1 1', 'undo fetch:2 1']);
    saga.answer('undo fetch:2 1');
    saga.answer('undo fetch:1 1');
    expect(saga.state).toMatchObject({ status: 'COMPENSATED', reason: 'send: no' });
    expect(saga.statuses).toEqual([
      'fetch:1 COMPENSATED',
      'fetch:2 COMPENSATED',
      'pay COMPENSATED',
      'send REFUSED',
    ]);
  });

  it('is not undone before what is on its way has been heard of', () => {
    const saga = new Saga(one);
    saga.refuse('do fetch:1', 'no');
    expect([saga.state.status, saga.wants]).toEqual(['COMPENSATING', ['do fetch:2']]);
    saga.answer('do fetch:2');
    expect(saga.wants).toEqual(['undo fetch:2 1']);
  });

  it('is undone with retries, and waits for an operator when they are used up', () => {
    const saga = new Saga(one).fetched();
    saga.refuse('do pay', 'no');
    saga.answer('undo fetch:1 1');
    for (let attempt = 1; attempt < RETRY.attemptsMax; attempt++) {
      saga.lose('undo fetch:2 1');
      expect(saga.state.status).toBe('COMPENSATING');
      saga.now += RETRY.maxMs;
    }
    saga.lose('undo fetch:2 1');
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'fetch:2: no_answer', endedAt: null });
    expect(saga.events.at(-1)).toBe('SagaParked');
    expect([saga.wants, saga.timers]).toEqual([[], []]);
    expect(saga.operator('RetrySaga')).toBe('accepted');
    expect(saga.wants).toEqual(['undo fetch:2 1']);
    saga.answer('undo fetch:2 1');
    expect(saga.state.status).toBe('COMPENSATED');
  });

  it('that cannot be undone, parks at once; undoing goes on where an operator says so, as often as at first', () => {
    const saga = new Saga(one).fetched();
    saga.refuse('do pay', 'no');
    saga.answer('undo fetch:1 1');
    saga.refuse('undo fetch:2 1', 'on_fire');
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'fetch:2: on_fire' });
    expect(saga.operator('CompensateSaga')).toBe('accepted');
    saga.lose('undo fetch:2 1');
    expect(saga.state.status).toBe('COMPENSATING');
    saga.answer('undo fetch:2 1');
    expect(saga.state.status).toBe('COMPENSATED');
  });
});

describe('the point of no return', () => {
  const pivot = sagaDefinitions([
    errand(1, {
      stages: [[step('fetch', { each: ({ keys }) => keys })], [step('pay', { pivot: true })], [step('send')]],
    }),
  ]);

  it('turns a failure into a wait for an operator, who can only go on', () => {
    const saga = new Saga(pivot).fetched();
    saga.answer('do pay');
    saga.refuse('do send', 'no');
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'send: no', backward: false });
    expect(saga.operator('CompensateSaga')).toBe('saga_past_pivot');
    expect(saga.operator('RetrySaga')).toBe('accepted');
    expect(saga.request('do send').commandId).toBe('saga s send');
    saga.answer('do send');
    expect(saga.state).toMatchObject({ status: 'COMPLETED', reason: null });
  });

  it('may have been passed where nobody knows: then nothing is undone either', () => {
    const saga = new Saga(pivot).fetched();
    saga.lose('do pay');
    saga.refuse('do pay', 'no');
    expect(saga.state.status).toBe('PARKED');
    const heard = new Saga(pivot).fetched();
    heard.refuse('do pay', 'no');
    expect(heard.state.status).toBe('COMPENSATING');
  });
});

describe('a step that waits for an event', () => {
  const waiting = sagaDefinitions([
    errand(1, {
      stages: [
        [step('fetch', { each: ({ keys }) => keys })],
        [
          step('pay', {
            awaits: {
              eventTypes: ['Paid', 'Declined', 'GivenUp', 'Lost'],
              verdict: ({ eventType }, { round }) => {
                if (eventType === 'GivenUp') return 'ends the saga';
                if (eventType === 'Lost') return 'given up';
                return eventType === 'Paid' || round > 0 ? 'completed' : 'refused';
              },
            },
          }),
        ],
        [step('send')],
      ],
    }),
  ]);

  it('is done when it comes, and not when its command is taken', () => {
    const saga = new Saga(waiting).fetched();
    saga.answer('do pay');
    expect([saga.status('pay'), saga.wants]).toEqual(['WAITING', []]);
    expect(saga.timers).toEqual(['timeout pay']);
    saga.observe('Paid');
    expect(saga.wants).toEqual(['do send']);
  });

  it('is done when it came before its command was heard of, and before the step began', () => {
    const early = new Saga(waiting).fetched();
    early.observe('Paid');
    expect(early.wants).toEqual(['do send']);
    const earlier = new Saga(waiting);
    earlier.observe('Paid');
    earlier.fetched();
    earlier.answer('do pay');
    expect(earlier.wants).toEqual(['do send']);
  });

  it('is refused by an event that says so, and what came before is undone', () => {
    const saga = new Saga(waiting).fetched();
    saga.answer('do pay');
    saga.observe('Declined');
    expect(saga.state).toMatchObject({ status: 'COMPENSATING', reason: 'pay: Declined' });
    expect(saga.wants).toEqual(['undo fetch:1 1', 'undo fetch:2 1']);
  });

  it('is given up by an event that says so: what it stands for is undone, though its command was taken', () => {
    const saga = new Saga(waiting).fetched();
    saga.answer('do pay');
    saga.observe('Lost');
    expect([saga.state.status, saga.status('pay'), saga.wants]).toEqual([
      'COMPENSATING',
      'COMPENSATING',
      ['undo pay 1'],
    ]);
  });

  it('which was given up before it began is done all the same where an event says so by then', () => {
    const saga = new Saga(waiting);
    saga.observe('Lost');
    saga.observe('Paid');
    saga.fetched();
    saga.answer('do pay');
    expect(saga.wants).toEqual(['do send']);
    const lost = new Saga(waiting);
    lost.observe('Paid');
    expect(
      lost.refusal({ type: 'ObserveEvent', data: { eventType: 'Lost', aggregateId: 'x', data: {} } }),
    ).toBe('event_not_awaited');
  });

  it('ends the saga where the event says that others take care of the rest', () => {
    const saga = new Saga(waiting).fetched();
    saga.answer('do pay');
    saga.observe('GivenUp');
    expect([saga.state.status, saga.status('send')]).toEqual(['COMPLETED', 'SKIPPED']);
  });

  it('has no use for an event of another kind, or for one that comes twice', () => {
    const saga = new Saga(waiting).fetched();
    saga.answer('do pay');
    const about = (eventType: string): SagaCommand => ({
      type: 'ObserveEvent',
      data: { eventType, aggregateId: 'x', data: {} },
    });
    expect(saga.refusal(about('Shipped'))).toBe('event_not_awaited');
    saga.observe('Paid');
    expect(saga.refusal(about('Paid'))).toBe('event_not_awaited');
  });
});

describe('an operator', () => {
  it('has a running saga undone, without waiting for what is put off', () => {
    const saga = new Saga(one).fetched();
    saga.lose('do pay');
    expect(saga.operator('CompensateSaga')).toBe('accepted');
    expect(saga.wants).toEqual(['undo pay 1']);
    expect(saga.state.reason).toBe('I say so');
  });

  it('cannot move what has ended, what runs, and what never was', () => {
    const saga = new Saga(sagaDefinitions([errand(1, { stages: [[step('pay')]] })]));
    expect(saga.operator('RetrySaga')).toBe('saga_not_parked');
    saga.answer('do pay');
    expect(saga.operator('CompensateSaga')).toBe('saga_ended');
    const nothing = new ModelActor<SagaState>(sagaDecider(one));
    const retry = { type: 'RetrySaga', data: { reason: 'r' } };
    expect(nothing.execute('r', retry, START)).toMatchObject({ code: 'saga_not_found' });
  });
});

describe('two versions of a definition', () => {
  /** The second one pays first, and has another command for it. */
  const first = errand(1);
  const second = errand(2, {
    stages: [[step('pay', { command: () => command('purse', 'PayNow') })], [step('send')]],
  });

  it('live side by side: each saga ends as it began, whichever is newest meanwhile', () => {
    const old = new Saga(sagaDefinitions([first]));
    const later = sagaDefinitions([first, second]);
    // The release with the second version takes over in the midst of the first saga.
    const moved = new ModelActor<SagaState>(sagaDecider(later));
    for (const event of structuredClone(old.actor.events))
      moved.state = moved.decider.evolve(moved.state, event);
    const young = new Saga(later);
    expect([moved.state.definitionVersion, young.state.definitionVersion]).toEqual([1, 2]);
    const sent: string[] = [];
    for (const actor of [moved, young.actor]) {
      for (let round = 0; actor.state.status === 'RUNNING'; round++) {
        const [wanted] = [...(actor.decider.effects?.(actor.state) ?? [])];
        if (wanted === undefined) throw new Error('the saga runs and wants nothing');
        const { aggregateId, type } = wanted.request as CommandRequest;
        sent.push(`${actor.state.definitionVersion}: ${type} ${aggregateId}`);
        const data = { effect: wanted.effect, answer: { answer: 'accepted' as const } };
        actor.execute(`answer ${round}`, { type: 'RecordAnswer', data }, START);
      }
    }
    expect(sent).toEqual([
      '1: Do fetch1',
      '1: Do fetch2',
      '1: Do pay',
      '1: Do send',
      '2: PayNow purse',
      '2: Do send',
    ]);
    expect([moved.state.status, young.state.status]).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('are undone each by its own compensations', () => {
    const undo = { command: () => command('purse', 'PayBack'), retry: RETRY };
    const third = errand(3, { stages: [[step('pay', { compensation: undo })], [step('send')]] });
    const old = new Saga(sagaDefinitions([first])).fetched();
    old.answer('do pay');
    const young = new Saga(sagaDefinitions([first, third]));
    young.answer('do pay');
    for (const saga of [old, young]) saga.refuse('do send', 'no');
    expect(old.request('undo pay 1')).toMatchObject({ aggregateId: 'pay', type: 'Undo' });
    expect(young.request('undo pay 1')).toMatchObject({ aggregateId: 'purse', type: 'PayBack' });
  });

  it('must both be there while a saga runs, and must not be two of the same', () => {
    const saga = new Saga(sagaDefinitions([first]));
    const gone = sagaDecider(sagaDefinitions([second]));
    expect(() => [...(gone.effects?.(saga.state) ?? [])]).toThrow('the saga definition errand 1 is unknown');
    expect(() => sagaDefinitions([first, errand(1)])).toThrow('the same name and version');
  });
});

it('has no refusal that is never given', () => {
  const given = new Set<string>();
  const note = (outcome: ModelOutcome) => void (outcome.status === 'refused' && given.add(outcome.code));
  const saga = new Saga(one);
  const startAgain = (definition: string, sagaId: string): SagaCommand => ({
    type: 'StartSaga',
    data: { sagaId, definition, input: { keys: [] } },
  });
  note(saga.tell(startAgain('errand', 'another')));
  note(saga.timeOut('nothing'));
  note(saga.observe('Anything'));
  given.add(saga.operator('RetrySaga'));
  saga.operator('CompensateSaga');
  for (const key of ['1', '2']) saga.answer(`do fetch:${key}`);
  for (const key of ['1', '2']) saga.answer(`undo fetch:${key} 1`);
  given.add(saga.operator('CompensateSaga'));
  const fresh = new ModelActor<SagaState>(sagaDecider(one));
  note(fresh.execute('1', startAgain('nothing', 's'), START));
  note(fresh.execute('2', { type: 'TimeOutStep', data: { step: 'pay' } }, START));
  const forward = new Saga(sagaDefinitions([errand(1, { forwardOnly: true, stages: [[step('pay')]] })]));
  given.add(forward.operator('CompensateSaga'));
  forward.refuse('do pay', 'no');
  given.add(forward.operator('SettleSaga'));
  const never = SAGA_REFUSALS.filter((code: SagaRefusal) => !given.has(code));
  expect(never).toEqual([]);
});
