/**
 * A cancellation was done once its own refund was, or once there was nothing (left) to refund. What the bank sent back after that, and
 * a refund by hand that was under way and then declined, left money of a cancelled order with the shop, and nobody was asked.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { CANCELLATION_DEFINITION } from '../../schemas/saga.ts';
import { orderInput, PaidSaga, type PaidSagaOptions } from '../support/paidSaga.ts';
import { authorize, capture, notice, refund, yes } from '../support/payment.ts';

const part = capture('1.5', false);
const sentBack = (refundId: string) =>
  notice({ notice: 'refund_failed', refundId, reference: 'r', code: 'closed', detail: 'It came back.' });
const operator = { reason: 'the customer has another account' };

/** An order of 2 of which 1.5 were captured by hand, cancelled. */
async function cancelled(options: PaidSagaOptions = {}, token = 'tok_ok'): Promise<PaidSaga> {
  const shop = new PaidSaga('cancel-o', options);
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token }));
  await shop.toPayment(part);
  const data = { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: orderInput(token) };
  await shop.toSaga('StartSaga', data);
  return shop;
}

/** What the queue says of a refund. */
const told = (standing: object, refundId: string, eventType = 'PaymentRefunded') => ({
  eventType,
  aggregateId: 'o',
  data: { refundId, standing },
});

const refunds = ({ payment }: PaidSaga) =>
  payment.events.filter(({ type }) => type === 'RefundRequested').length;

it('a refund that comes back after the end has an operator asked, whose retry asks for another one', async () => {
  const shop = await cancelled();
  expect([shop.status, shop.standing.refunded]).toEqual(['COMPLETED', '1.5']);
  await shop.toPayment(sentBack('cancellation'));
  expect([shop.status, shop.standing.refunded]).toEqual(['PARKED', '0']);
  expect(shop.saga.state).toMatchObject({ endedAt: null, reason: 'refund-payment: RefundFailed' });
  await shop.toSaga('RetrySaga', operator);
  // This bank does not know that it came back, and refuses to send more back than it took.
  expect([shop.status, refunds(shop)]).toEqual(['PARKED', 2]);
});

it('what was given back by hand meanwhile ends it', async () => {
  const shop = await cancelled();
  await shop.toPayment(sentBack('cancellation'));
  shop.byHand(refund('mine'));
  shop.byHand(yes('refund-mine'));
  await shop.settle();
  // Whoever gave it back says so.
  expect([shop.status, shop.standing.refunded]).toEqual(['PARKED', '1.5']);
  await shop.toSaga('RetrySaga', operator);
  expect([shop.status, shop.standing.refunded]).toEqual(['COMPLETED', '1.5']);
});

it('a refund by hand that is under way counts, and an operator is asked where it is declined after all', async () => {
  let isDone = false;
  const arrives: PaidSagaOptions['arrives'] = (type, shop) => {
    if (type === 'RefundPayment' && !isDone) shop.byHand(refund('mine'));
    isDone ||= type === 'RefundPayment';
  };
  const shop = await cancelled({ arrives }, 'tok_refund_decline');
  expect([shop.status, shop.standing.refunded, refunds(shop)]).toEqual(['PARKED', '0', 1]);
});

it('it waits for all that is under way, and not for its own refund alone', async () => {
  const shop = new PaidSaga('cancel-o');
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token: 'tok_ok' }));
  await shop.toPayment(part);
  const data = { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: orderInput('tok_ok') };
  shop.isHeldUp = true;
  await shop.toSaga('StartSaga', data);
  await shop.toSaga('ObserveEvent', told({}, '', 'PaymentVoided'));
  expect(shop.status).toBe('RUNNING');
  await shop.toSaga('ObserveEvent', told({ captured: '1.5', refunded: '1' }, 'cancellation'));
  expect(shop.status).toBe('RUNNING');
  await shop.toSaga('ObserveEvent', told({ captured: '1.5', refunded: '1.5' }, 'mine'));
  expect(shop.status).toBe('COMPLETED');
});

it.each([
  ['came back', told({ captured: '1.5', refunded: '0' }, 'mine', 'RefundFailed')],
  ['was all that had been captured then', told({ captured: '0.5', refunded: '0.5' }, 'mine')],
])('a refund by hand that %s before it asked for its own says nothing of that one', async (_, event) => {
  const shop = new PaidSaga('cancel-o');
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token: 'tok_ok' }));
  await shop.toPayment(part);
  const data = { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: orderInput('tok_ok') };
  shop.isHeldUp = true;
  await shop.toSaga('StartSaga', data);
  await shop.toSaga('ObserveEvent', event);
  await shop.toSaga('ObserveEvent', told({}, '', 'PaymentVoided'));
  expect([shop.status, refunds(shop)]).toEqual(['RUNNING', 1]);
  await shop.toSaga('ObserveEvent', told({ captured: '1.5', refunded: '1.5' }, 'cancellation'));
  expect(shop.status).toBe('COMPLETED');
});

it('whatever the queue tells twice, an operator is asked once', async () => {
  const shop = await cancelled();
  await shop.toPayment(sentBack('cancellation'));
  await shop.tellAgain();
  expect(shop.saga.events.filter(({ type }) => type === 'SagaParked')).toHaveLength(1);
  expect(shop.status).toBe('PARKED');
});

it('a cancellation of the version before ends as it began', async () => {
  const definitions = { ...DEFINITIONS, newest: (name: string) => DEFINITIONS.find(name, 2) };
  const shop = await cancelled({ definitions });
  await shop.toPayment(sentBack('cancellation'));
  expect([shop.saga.state.definitionVersion, shop.status, shop.standing.refunded]).toEqual([
    2,
    'COMPLETED',
    '0',
  ]);
});
