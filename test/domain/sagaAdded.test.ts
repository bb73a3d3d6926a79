/** Steps that events add: they begin with their stage or at once, the stage waits for them, and nothing is undone any more. */
import { describe, expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { type SagaDefinition, sagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { evolve, findStep, initial, type SagaState } from '../../actors/saga/state.ts';
import { type StepState, unbegun } from '../../actors/saga/step.ts';
import type { CommandRequest } from '../../schemas/envelope.ts';
import type { SagaEvent } from '../../schemas/saga.ts';
import { ModelActor } from '../support/modelActor.ts';

const START = Date.UTC(2026, 0, 5, 9);
const USUAL = { timeoutMs: () => 60_000, retry: { firstMs: 1_000, maxMs: 4_000, attemptsMax: 3 } };
const command = (type: string, data: object = {}) => ({
  aggregateType: 'thing',
  aggregateId: 'x',
  type,
  data,
});

/** Waits for parcels until the last one, and puts each away as it comes. */
const parcels: SagaDefinition<object> = {
  name: 'parcels',
  version: 1,
  description: 'For the tests.',
  stages: [
    [{ name: 'order', command: () => command('Order'), ...USUAL }],
    [
      {
        name: 'wait',
        awaits: {
          eventTypes: ['Come', 'Burnt'],
          verdict: ({ eventType, data }) => {
            if (eventType === 'Burnt') return 'given up';
            return data.last === true ? 'completed' : undefined;
          },
        },
        ...USUAL,
        compensation: {
          command: () => command('Cancel'),
          retry: USUAL.retry,
          calledOffOn: ['on_its_way'],
        },
      },
      {
        name: 'put-away',
        pivot: true,
        addedBy: {
          eventTypes: ['Come'],
          steps: ({ data }) =>
            (data.parcels as string[]).map((parcel) => ({
              key: parcel,
              given: { parcel, shelf: data.shelf },
            })),
        },
        command: ({ key, given }) => command('PutAway', { key, ...given }),
        ...USUAL,
      },
      {
        name: 'thank',
        addedBy: {
          eventTypes: ['Come'],
          steps: ({ data }) => (data.last === true ? [{ key: '', given: {} }] : []),
        },
        command: () => command('Thank'),
        ...USUAL,
      },
    ],
    [{ name: 'eat', command: () => command('Eat'), ...USUAL }],
  ],
};

class Saga {
  readonly actor = new ModelActor<SagaState>(sagaDecider(sagaDefinitions([parcels])));
  #commands = 0;
  now = START;

  constructor(isOrdered = true) {
    this.tell('StartSaga', { sagaId: 's', definition: 'parcels', input: {} });
    if (isOrdered) this.answer('do order');
  }

  tell(type: string, data: object): string {
    const outcome = this.actor.execute(`c-${this.#commands++}`, { type, data }, this.now);
    return outcome.status === 'refused' ? outcome.code : outcome.status;
  }

  answer(effect: string): void {
    this.tell('RecordAnswer', { effect, answer: { answer: 'accepted' } });
  }

  refuse(effect: string, code: string): void {
    this.tell('RecordAnswer', { effect, answer: { answer: 'refused', code, detail: 'No.', unheard: false } });
  }

  observe(eventType: string, data: object = {}): string {
    return this.tell('ObserveEvent', { eventType, aggregateId: 'x', data });
  }

  come(parcels: readonly string[], last = false): string {
    return this.observe('Come', { parcels, shelf: 'top', last });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.actor.fireTimers(this.now);
  }

  get state(): SagaState {
    return this.actor.state;
  }

  status(name: string): string | undefined {
    return findStep(this.state, name)?.status;
  }

  get wants(): string[] {
    return Array.from(this.actor.decider.effects?.(this.state) ?? [], ({ effect }) => effect);
  }

  get requests(): object[] {
    return Array.from(
      this.actor.decider.effects?.(this.state) ?? [],
      ({ request }) => (request as CommandRequest).data,
    );
  }
}

describe('steps that events add', () => {
  it('begin at once where their stage has begun, with what the event said, and the stage waits for them', () => {
    const saga = new Saga();
    expect(saga.wants).toEqual([]);
    expect(saga.come(['a', 'b'])).toBe('accepted');
    expect(saga.wants).toEqual(['do put-away:a', 'do put-away:b']);
    expect(saga.requests[0]).toEqual({ key: 'a', parcel: 'a', shelf: 'top' });
    saga.answer('do put-away:a');
    saga.come(['c'], true);
    expect(saga.wants).toEqual(['do put-away:b', 'do put-away:c', 'do thank']);
    expect(saga.status('wait')).toBe('COMPLETED');
    for (const effect of saga.wants) saga.answer(effect);
    expect(saga.wants).toEqual(['do eat']);
    saga.answer('do eat');
    expect(saga.state.status).toBe('COMPLETED');
  });

  it('begin with their stage where the event came before it', () => {
    const saga = new Saga(false);
    saga.come(['a'], true);
    expect([saga.wants, saga.status('put-away:a')]).toEqual([['do order'], 'PENDING']);
    saga.answer('do order');
    expect(saga.wants).toEqual(['do put-away:a', 'do thank']);
  });

  it('are tried again and given up like any other, and then an operator is asked', () => {
    const saga = new Saga();
    saga.come(['a']);
    saga.refuse('do put-away:a', 'shelf_full');
    expect([saga.state.status, saga.status('put-away:a')]).toEqual(['RUNNING', 'REFUSED']);
    saga.come(['b'], true);
    saga.answer('do put-away:b');
    saga.answer('do thank');
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'put-away:a: shelf_full' });
    saga.tell('RetrySaga', { reason: 'made room' });
    expect(saga.wants).toEqual(['do put-away:a']);
    saga.answer('do put-away:a');
    expect(saga.wants).toEqual(['do eat']);
  });

  it('begin after a retry where the saga was parked as their event came', () => {
    const saga = new Saga();
    saga.come(['a']);
    saga.answer('do put-away:a');
    saga.pass(60_000);
    expect([saga.state.status, saga.state.reason]).toEqual(['PARKED', 'wait: timed_out']);
    saga.come(['b'], true);
    expect([saga.state.status, saga.wants]).toEqual(['PARKED', []]);
    saga.tell('RetrySaga', { reason: 'it came' });
    expect(saga.wants).toEqual(['do put-away:b', 'do thank']);
  });

  it('are the point of no return from the moment on at which the event is heard', () => {
    const saga = new Saga();
    expect(new Saga().tell('CompensateSaga', { reason: 'r' })).toBe('accepted');
    saga.come(['a']);
    expect(saga.tell('CompensateSaga', { reason: 'r' })).toBe('saga_past_pivot');
    saga.refuse('do put-away:a', 'shelf_full');
    expect(saga.tell('CompensateSaga', { reason: 'r' })).toBe('saga_past_pivot');
    saga.observe('Burnt');
    expect(saga.state).toMatchObject({ status: 'PARKED', backward: false });
  });

  it('that come on the way back begin once that is called off', () => {
    const saga = new Saga();
    saga.observe('Burnt');
    expect(saga.wants).toEqual(['undo wait 1']);
    expect(saga.come(['a'])).toBe('accepted');
    expect(saga.wants).toEqual(['undo wait 1']);
    saga.refuse('undo wait 1', 'on_its_way');
    expect([saga.state.status, saga.wants]).toEqual(['RUNNING', ['do put-away:a']]);
  });

  it('are forgotten when they are done and there are more than a thousand of them', () => {
    const saga = new Saga();
    const few = Array.from({ length: 600 }, (_, index) => `p${index}`);
    saga.come(few.map((name) => `${name}a`));
    for (const effect of saga.wants) saga.answer(effect);
    saga.come(few.map((name) => `${name}b`));
    for (const effect of saga.wants) saga.answer(effect);
    expect(saga.state.stages[1]).toHaveLength(1 + 1_200);
    saga.come(['last'], true);
    expect(saga.state.stages[1]).toHaveLength(1 + 1_000 + 2);
    expect([saga.status('put-away:p0a'), saga.status('put-away:p599b')]).toEqual([undefined, 'COMPLETED']);
    expect(saga.wants).toEqual(['do put-away:last', 'do thank']);
    for (const effect of saga.wants) saga.answer(effect);
    expect(saga.wants).toEqual(['do eat']);
  });

  it('are forgotten as well where they came faster than they were done', () => {
    const saga = new Saga();
    const many = Array.from({ length: 1_300 }, (_, index) => `p${index}`);
    for (const part of ['a', 'b', 'c']) saga.come(many.map((name) => `${name}${part}`));
    const wanted = saga.wants;
    expect(wanted).toHaveLength(3_900);
    for (const effect of wanted) saga.answer(effect);
    const [, stage = []] = saga.state.stages;
    expect(stage.length).toBeLessThanOrEqual(1 + 2_000);
    expect([saga.status('put-away:p0a'), saga.status('put-away:p1299c')]).toEqual([undefined, 'COMPLETED']);
    saga.come(['last'], true);
    for (const effect of saga.wants) saga.answer(effect);
    expect(saga.wants).toEqual(['do eat']);
  });

  it('are looked at one by one, however many there are, as their answers come', () => {
    let looks = 0;
    const step = (index: number): StepState =>
      Object.defineProperty({ ...unbegun(`put-away:${index}`) }, 'given', {
        enumerable: true,
        get: () => {
          looks++;
          return {};
        },
      });
    const many = Array.from({ length: 50_000 }, (_, index) => step(index));
    const at = new Date(START).toISOString();
    let state: SagaState = { ...initial(), stages: [many] };
    const answer = (index: number) => {
      const data = { step: `put-away:${index}`, attempts: 1, at };
      state = evolve(state, { type: 'StepCompleted', data } as SagaEvent);
    };
    answer(0);
    looks = 0;
    for (let index = 1; index <= 1_000; index++) answer(index);
    expect(looks).toBeLessThan(5_000);
    for (let index = 1_001; index <= 2_000; index++) answer(index);
    // The one that is too many for it has half of those that are done forgotten.
    expect(state.stages[0]).toHaveLength(50_000 - 1_001);
  });
});
