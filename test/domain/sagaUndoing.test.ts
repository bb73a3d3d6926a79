/** Undoings whose end is an event: a command that was taken is not yet done, and one that came to nothing waits for an operator. */
import { describe, expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import {
  type Compensation,
  type SagaDefinition,
  type StepDefinition,
  sagaDefinitions,
} from '../../actors/saga/definitions/definition.ts';
import { findStep, type SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { ModelActor, type ModelOutcome } from '../support/modelActor.ts';

const START = Date.UTC(2026, 0, 5, 9);
const UNDO_MS = 60_000;
const RETRY = { firstMs: 1_000, maxMs: 4_000, attemptsMax: 3 };

function step(name: string, compensation?: Compensation<object>): StepDefinition<object> {
  const command = (type: string) => () => ({ aggregateType: 'thing', aggregateId: name, type, data: {} });
  return {
    name,
    command: command('Do'),
    timeoutMs: () => UNDO_MS,
    retry: RETRY,
    compensation: compensation ?? {
      command: command('Undo'),
      retry: RETRY,
      undoneOn: ['nothing_there'],
      retryOn: ['busy'],
      awaits: { undoneBy: ['Freed'], failedBy: ['Kept'], timeoutMs: UNDO_MS },
    },
  };
}

/** What an answer ends. */
const PLAIN = {
  command: () => ({ aggregateType: 'thing', aggregateId: 'fetch', type: 'Undo', data: {} }),
  retry: RETRY,
};

const errand: SagaDefinition<object> = {
  name: 'errand',
  version: 1,
  description: 'For the tests.',
  stages: [[step('fetch', PLAIN)], [step('pay')], [step('send', PLAIN)]],
};

/** A saga that was refused its last step, and is about to undo the one before. */
class Saga {
  readonly actor = new ModelActor<SagaState>(sagaDecider(sagaDefinitions([errand])));
  now = START;
  #commands = 0;

  constructor() {
    this.#tell('StartSaga', { sagaId: 's', definition: 'errand', input: {} });
    this.answer('do fetch');
  }

  get state(): SagaState {
    return this.actor.state;
  }

  get effects() {
    return [...(this.actor.decider.effects?.(this.state) ?? [])];
  }

  /** What it wants sent, by the ids of the commands. */
  get wants(): string[] {
    return this.effects.map(({ request }) => (request as CommandRequest).commandId);
  }

  get pay(): string | undefined {
    return findStep(this.state, 'pay')?.status;
  }

  paid(): this {
    this.answer('do pay');
    this.refuse('do send', 'no');
    return this;
  }

  /** Paid, turned back, and the undoing taken. */
  asked(): this {
    this.paid();
    this.answer('undo pay 1');
    return this;
  }

  answer(effect: string, answer: ReceiverAnswer = { answer: 'accepted' }): ModelOutcome {
    return this.#tell('RecordAnswer', { effect, answer });
  }

  refuse(effect: string, code: string): ModelOutcome {
    return this.answer(effect, { answer: 'refused', code, detail: 'No.', unheard: false });
  }

  observe(eventType: string): ModelOutcome {
    return this.#tell('ObserveEvent', { eventType, aggregateId: 'x', data: {} });
  }

  retry(): ModelOutcome {
    return this.#tell('RetrySaga', { reason: 'I say so' });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.actor.fireTimers(this.now);
  }

  #tell(type: string, data: object): ModelOutcome {
    return this.actor.execute(`c-${this.#commands++}`, { type, data }, this.now);
  }
}

describe('an undoing that an event ends', () => {
  it('is not done when its command was taken: nothing before it is undone, and nothing is sent again', () => {
    const saga = new Saga().asked();
    expect([saga.pay, saga.state.status, saga.wants]).toEqual(['COMPENSATING', 'COMPENSATING', []]);
    expect(saga.answer('undo pay 1')).toMatchObject({ code: 'step_not_running' });
    saga.observe('Freed');
    expect([saga.pay, saga.wants]).toEqual(['COMPENSATED', ['saga s undo fetch 1']]);
    saga.answer('undo fetch 1');
    expect(saga.state.status).toBe('COMPENSATED');
  });

  it.each([
    ['Freed', 'COMPENSATED'],
    ['Kept', 'UNDO_FAILED'],
  ])('is over when the event (%s) comes before the answer', (eventType, status) => {
    const saga = new Saga().paid();
    saga.observe(eventType);
    expect(saga.pay).toBe(status);
    expect(saga.answer('undo pay 1')).toMatchObject({ code: 'step_not_running' });
    expect(saga.pay).toBe(status);
  });

  it('parks the saga where it failed; an operator has it asked for again under an id of its own', () => {
    const saga = new Saga().asked();
    saga.observe('Kept');
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'pay: Kept', endedAt: null });
    expect(saga.actor.events.at(-1)).toMatchObject({ type: 'SagaParked', data: { steps: ['pay'] } });
    expect(saga.observe('Kept')).toMatchObject({ code: 'event_not_awaited' });
    saga.retry();
    expect(saga.wants).toEqual(['saga s undo pay 2']);
    saga.refuse('undo pay 2', 'busy');
    saga.answer('undo pay 2');
    saga.observe('Kept');
    saga.retry();
    expect(saga.wants).toEqual(['saga s undo pay 3']);
    saga.refuse('undo pay 3', 'nothing_there');
    expect([saga.pay, saga.wants]).toEqual(['COMPENSATED', ['saga s undo fetch 1']]);
  });

  it('goes on without an operator where it was done after all', () => {
    const saga = new Saga().asked();
    saga.observe('Kept');
    saga.observe('Freed');
    expect(saga.state).toMatchObject({ status: 'COMPENSATING', reason: 'send: no' });
    expect([saga.pay, saga.wants]).toEqual(['COMPENSATED', ['saga s undo fetch 1']]);
  });

  it('is not waited for longer than its time', () => {
    const saga = new Saga().asked();
    saga.pass(UNDO_MS - 1);
    expect(saga.state.status).toBe('COMPENSATING');
    saga.pass(1);
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'pay: timed_out' });
    expect([...(saga.actor.decider.timers?.(saga.state) ?? [])]).toEqual([]);
    saga.retry();
    expect(saga.wants).toEqual(['saga s undo pay 2']);
  });

  it('keeps its id where its command was not heard of', () => {
    const saga = new Saga().paid();
    for (let attempt = 0; attempt < RETRY.attemptsMax; attempt++)
      saga.answer('undo pay 1', { answer: 'none', detail: 'lost' });
    expect(saga.state).toMatchObject({ status: 'PARKED', reason: 'pay: no_answer' });
    saga.retry();
    expect(saga.wants).toEqual(['saga s undo pay 1']);
  });
});

describe('what is kept though it was taken for undone, or never done', () => {
  it('is undone once more, also after the end of the saga', () => {
    const saga = new Saga().paid();
    saga.refuse('undo pay 1', 'nothing_there');
    saga.answer('undo fetch 1');
    expect(saga.state.status).toBe('COMPENSATED');
    saga.observe('Kept');
    expect([saga.state.status, saga.wants]).toEqual(['COMPENSATING', ['saga s undo pay 2']]);
    saga.answer('undo pay 2');
    saga.observe('Freed');
    expect(saga.state.status).toBe('COMPENSATED');
  });

  it('is undone also where its step was refused', () => {
    const saga = new Saga();
    saga.refuse('do pay', 'no');
    saga.answer('undo fetch 1');
    saga.observe('Kept');
    expect([saga.state.status, saga.wants]).toEqual(['COMPENSATING', ['saga s undo pay 1']]);
  });

  it('is no business of a saga that goes forward, or has gone through', () => {
    const saga = new Saga();
    expect(saga.observe('Kept')).toMatchObject({ code: 'event_not_awaited' });
    saga.answer('do pay');
    saga.answer('do send');
    expect(saga.state.status).toBe('COMPLETED');
    expect(saga.observe('Kept')).toMatchObject({ code: 'saga_ended' });
  });
});
