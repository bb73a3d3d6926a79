/** What an operator may say was taken care of otherwise: money that a saga could not take, or give back. */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { findStep } from '../../actors/saga/state.ts';
import { CANCELLATION_DEFINITION, FULFILMENT_DEFINITION, TRANSFER_DEFINITION } from '../../schemas/saga.ts';
import { Fulfilment } from '../support/fulfilment.ts';
import { orderInput, PaidSaga } from '../support/paidSaga.ts';
import { authorize, capture } from '../support/payment.ts';

const otherwise = { reason: 'paid by bank transfer' };

/** A fulfilment whose goods have left and whose stock is off the books. */
function shipped(): Fulfilment {
  const saga = new Fulfilment(DEFINITIONS);
  saga.toConfirmed();
  saga.ship('2', 'SHIPPED');
  saga.answer('IssueStock');
  return saga;
}

it('an order that was paid otherwise is fulfilled, whatever the bank says later', () => {
  const saga = shipped();
  saga.refuse('CapturePayment', 'payment_voided');
  expect([saga.status, saga.operator('RetrySaga', otherwise)]).toEqual(['PARKED', 'accepted']);
  saga.refuse('CapturePayment', 'payment_voided');
  expect([saga.status, saga.operator('SettleSaga', otherwise), saga.status]).toEqual([
    'PARKED',
    'accepted',
    'COMPLETED',
  ]);
  expect(saga.actor.events.slice(-2)).toMatchObject([
    { type: 'SagaSettled', data: { steps: ['capture-payment'], status: 'RUNNING', ...otherwise } },
    { type: 'SagaCompleted' },
  ]);
  expect(findStep(saga.actor.state, 'capture-payment')).toMatchObject({
    status: 'SETTLED',
    error: { code: 'payment_voided' },
  });
  expect(saga.observe('CaptureFailed', {})).toBe('saga_ended');
});

it('so is one whose capture the bank declines for good', () => {
  const saga = shipped();
  saga.answer('CapturePayment');
  saga.observe('CaptureFailed', {});
  expect([saga.status, saga.operator('SettleSaga', otherwise), saga.status]).toEqual([
    'PARKED',
    'accepted',
    'COMPLETED',
  ]);
});

it('what is undone goes on being undone once a refund was paid otherwise', () => {
  const saga = new Fulfilment(DEFINITIONS);
  saga.toConfirmed();
  saga.operator('CompensateSaga', otherwise);
  saga.answer('CancelOrder');
  saga.refuse('VoidPayment', 'nothing_to_void');
  saga.answer('RefundPayment');
  saga.observe('RefundFailed', { standing: { captured: '2', refunded: '0' } });
  expect([saga.status, saga.operator('SettleSaga', otherwise), saga.status]).toEqual([
    'PARKED',
    'accepted',
    'COMPENSATING',
  ]);
  saga.answer('ReleaseReservation');
  saga.refuse('CancelOrder', 'order_cancelled');
  expect(saga.status).toBe('COMPENSATED');
  expect(findStep(saga.actor.state, 'allow-payment')?.status).toBe('SETTLED');
  // It is not begun again by what the bank says of the refund that it declined.
  expect([saga.observe('RefundFailed', {}), saga.status]).toEqual(['saga_ended', 'COMPENSATED']);
});

it('a cancellation ends once its refund was paid otherwise', async () => {
  const shop = new PaidSaga('cancel-o');
  const token = 'tok_refund_decline';
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token }));
  await shop.toPayment(capture('1', false));
  const data = { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: orderInput(token) };
  await shop.toSaga('StartSaga', data);
  expect(shop.status).toBe('PARKED');
  await shop.toSaga('SettleSaga', otherwise);
  expect(shop.status).toBe('COMPLETED');
});

it('what the bank never lets go of can be taken by hand, and goes back with the next try', async () => {
  const token = 'tok_void_decline';
  for (const [sagaId, ended] of [
    ['cancel-o', 'COMPLETED'],
    ['fulfil-o', 'COMPENSATED'],
  ] as const) {
    const shop = new PaidSaga(sagaId);
    if (sagaId === 'cancel-o') {
      await shop.toPayment(authorize({ orderId: 'o', amount: '2', token }));
      const data = { sagaId, definition: CANCELLATION_DEFINITION, input: orderInput(token) };
      await shop.toSaga('StartSaga', data);
    } else {
      const data = { sagaId, definition: FULFILMENT_DEFINITION, input: orderInput(token) };
      await shop.toSaga('StartSaga', data);
      await shop.toSaga('CompensateSaga', otherwise);
    }
    await shop.toSaga('RetrySaga', otherwise);
    expect([shop.status, shop.money]).toEqual(['PARKED', 'AUTHORIZED']);
    await shop.toPayment(capture());
    await shop.toSaga('RetrySaga', otherwise);
    expect([shop.status, shop.money]).toEqual([ended, 'REFUNDED']);
  }
});

it('nothing else can be settled, and nothing beside it', () => {
  const held = new Fulfilment(DEFINITIONS);
  held.toConfirmed();
  held.operator('CompensateSaga', otherwise);
  held.answer('CancelOrder');
  held.answer('VoidPayment');
  held.observe('VoidFailed', { standing: { status: 'AUTHORIZED' } });
  expect([held.status, held.operator('SettleSaga', otherwise)]).toEqual(['PARKED', 'step_not_settleable']);

  const saga = new Fulfilment(DEFINITIONS);
  saga.toConfirmed();
  saga.ship('2', 'SHIPPED');
  saga.refuse('IssueStock', 'insufficient_stock');
  saga.refuse('CapturePayment', 'payment_voided');
  const before = saga.actor.events.length;
  expect([saga.status, saga.operator('SettleSaga', otherwise)]).toEqual(['PARKED', 'step_not_settleable']);
  expect([saga.status, saga.actor.events.length]).toEqual(['PARKED', before]);
  // With the stock received, only the money is left.
  saga.operator('RetrySaga', otherwise);
  saga.answer('IssueStock');
  saga.refuse('CapturePayment', 'payment_voided');
  expect([saga.operator('SettleSaga', otherwise), saga.status]).toEqual(['accepted', 'COMPLETED']);
});

it('money between accounts is never settled', () => {
  const transfer = DEFINITIONS.newest(TRANSFER_DEFINITION)?.stages.flat() ?? [];
  expect(transfer.map(({ settleable }) => settleable)).toEqual(transfer.map(() => undefined));
});

it('a saga that does not wait for an operator is not settled', () => {
  const saga = shipped();
  expect(saga.operator('SettleSaga', otherwise)).toBe('saga_not_parked');
  saga.refuse('CapturePayment', 'nothing_to_capture');
  expect([saga.status, saga.operator('SettleSaga', otherwise)]).toEqual(['COMPLETED', 'saga_not_parked']);
});
