/**
 * A fulfilment whose order was shipped in part, and never in whole, waited for two weeks, came to cancel the order, was told
 * that goods have left, and waited for two weeks more: for ever, and no operator saw it.
 */
import { expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { FULFILMENT_DEFINITION, type SagaCommand } from '../../schemas/saga.ts';
import { ModelActor } from '../support/modelActor.ts';

const WEEK_MS = 7 * 86_400_000;

/** A fulfilment, a command at a time. */
class Fulfilment {
  readonly actor = new ModelActor<SagaState>(sagaDecider(DEFINITIONS));
  now = Date.UTC(2026, 0, 5, 9);

  constructor() {
    const items = [{ line: 1, productId: 'p', quantity: '2' }];
    const payment = { method: 'card', token: 'tok_ok' };
    const input = { orderId: 'o', customerId: 'c', currency: 'GBP', total: '2', payment, items };
    this.tell({ type: 'StartSaga', data: { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input } });
    this.answer({ answer: 'accepted' });
    this.answer({ answer: 'accepted' });
    this.observe('PaymentAuthorized', { standing: { status: 'AUTHORIZED' } });
    this.answer({ answer: 'accepted' });
    this.observe('OrderShipped', { status: 'CONFIRMED' });
  }

  get status(): string {
    return this.actor.state.status;
  }

  get wants(): string[] {
    const { decider, state } = this.actor;
    return Array.from(decider.effects?.(state) ?? [], ({ request }) => (request as CommandRequest).type);
  }

  tell(command: SagaCommand): string {
    const outcome = this.actor.execute(`c-${this.now++}`, command, this.now);
    return outcome.status === 'refused' ? outcome.code : outcome.status;
  }

  /** Answers what it wants first. */
  answer(answer: ReceiverAnswer): void {
    const { decider, state } = this.actor;
    const [wanted] = [...(decider.effects?.(state) ?? [])];
    this.tell({ type: 'RecordAnswer', data: { effect: wanted?.effect ?? '', answer } });
  }

  observe(eventType: string, data: Record<string, string | object>): void {
    this.tell({ type: 'ObserveEvent', data: { eventType, aggregateId: 'o', data } });
  }

  /** Two weeks pass, and whatever is due by then happens. */
  waitTwoWeeks(): void {
    this.now += 2 * WEEK_MS;
    this.actor.fireTimers(this.now);
  }
}

const TOO_LATE: ReceiverAnswer = {
  answer: 'refused',
  code: 'order_already_shipped',
  detail: 'Some of it has left.',
  unheard: false,
};

it('an operator is asked where an order that was shipped in part is not shipped in whole', () => {
  const saga = new Fulfilment();
  saga.waitTwoWeeks();
  expect([saga.status, saga.wants]).toEqual(['COMPENSATING', ['CancelOrder']]);
  saga.answer(TOO_LATE);
  expect([saga.status, saga.wants]).toEqual(['RUNNING', []]);
  const operator = { reason: 'where is the rest?' };
  expect(saga.tell({ type: 'CompensateSaga', data: operator })).toBe('saga_past_pivot');
  saga.waitTwoWeeks();
  expect(saga.actor.state).toMatchObject({ status: 'PARKED', reason: 'await-shipment: timed_out' });
  // The rest leaves at last: the saga has heard of it, and goes on once it may.
  saga.observe('OrderShipped', { status: 'SHIPPED' });
  expect(saga.tell({ type: 'RetrySaga', data: operator })).toBe('accepted');
  expect([saga.status, saga.wants]).toEqual(['RUNNING', ['CommitReservation', 'CapturePayment']]);
});
