/**
 * A confirmed order could wait two weeks for its shipment, while banks hold most authorisations for one: goods left that could
 * not be paid for any more.
 */
import { expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest } from '../../schemas/envelope.ts';
import { FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { ModelActor } from '../support/modelActor.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 5, 9);

/** What the fulfilment wants sent. */
function wanted({ decider, state }: ModelActor<SagaState>): CommandRequest[] {
  return Array.from(decider.effects?.(state) ?? [], ({ request }) => request as CommandRequest);
}

it('an order that has not left is given up while its money is still held', () => {
  const saga = new ModelActor<SagaState>(sagaDecider(DEFINITIONS));
  let sent = 0;
  const tell = (type: string, data: object) => saga.execute(`c-${sent++}`, { type, data }, START);
  const answer = (effect: string) => tell('RecordAnswer', { effect, answer: { answer: 'accepted' } });
  const payment = { method: 'card', token: 'tok_ok' };
  const items = [{ line: 1, productId: 'p', quantity: '2' }];
  const input = { orderId: 'o', customerId: 'c', currency: 'GBP', total: '2', payment, items };
  tell('StartSaga', { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input });
  const [{ data: reservation }] = wanted(saga) as [CommandRequest];
  answer('do reserve-stock:1');
  answer('do authorize-payment');
  const data = { standing: { status: 'AUTHORIZED' } };
  tell('ObserveEvent', { eventType: 'PaymentAuthorized', aggregateId: 'o', data });
  answer('do confirm-order');
  saga.fireTimers(START + 5 * DAY_MS);
  expect([saga.state.status, wanted(saga)]).toEqual(['RUNNING', []]);
  saga.fireTimers(START + 7 * DAY_MS - 1);
  expect([saga.state.status, wanted(saga).map(({ type }) => type)]).toEqual([
    'COMPENSATING',
    ['CancelOrder'],
  ]);
  // Where some of it has left, the rest is waited for as long again: until an operator is asked nothing else expires.
  expect(Date.parse((reservation as { expiresAt: string }).expiresAt)).toBeGreaterThan(
    START + 2 * 7 * DAY_MS,
  );
});
