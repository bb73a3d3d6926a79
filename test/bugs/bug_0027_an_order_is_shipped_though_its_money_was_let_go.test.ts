/**
 * Once an order was confirmed nobody heard that its money was let go, by an operator or by the bank itself: the goods were sent,
 * and the fulfilment failed at a capture that could never be made.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { Fulfilment } from '../support/fulfilment.ts';

const VOIDED = { amount: '2', reason: 'wrong card', standing: { status: 'VOIDED', captured: '0' } };
const operator = { reason: 'I asked them' };

function confirmed(definitions = DEFINITIONS): Fulfilment {
  const saga = new Fulfilment(definitions);
  saga.toConfirmed();
  return saga;
}

/** Answers whatever the way back asks for; what it asked for. */
function wayBack(saga: Fulfilment): string[] {
  const asked: string[] = [];
  for (let [type] = saga.wants; type !== undefined; [type] = saga.wants) {
    asked.push(type);
    if (type === 'VoidPayment') saga.refuse(type, 'payment_voided');
    else if (type === 'RefundPayment') saga.refuse(type, 'nothing_to_refund');
    else if (type === 'CancelOrder' && asked.length > 1) saga.refuse(type, 'order_cancelled');
    else saga.answer(type);
  }
  return asked;
}

it('an order whose money is let go while its shipment is waited for is cancelled, and its stock is free again', () => {
  const saga = confirmed();
  expect(saga.observe('PaymentVoided', VOIDED)).toBe('accepted');
  expect(saga.actor.state).toMatchObject({
    status: 'COMPENSATING',
    reason: 'await-shipment: PaymentVoided',
  });
  expect(wayBack(saga)).toEqual([
    'CancelOrder',
    'CancelOrder',
    'VoidPayment',
    'RefundPayment',
    'ReleaseReservation',
    'CancelOrder',
  ]);
  expect(saga.status).toBe('COMPENSATED');
});

it('it is heard as well where it comes before the order is known to be confirmed', () => {
  const saga = new Fulfilment(DEFINITIONS);
  saga.answer('ReserveStock');
  saga.answer('AuthorizePayment');
  saga.observe('PaymentAuthorized', { standing: { status: 'AUTHORIZED' } });
  expect(saga.observe('PaymentVoided', VOIDED)).toBe('accepted');
  saga.answer('ConfirmOrder');
  expect(wayBack(saga)[0]).toBe('CancelOrder');
  expect(saga.status).toBe('COMPENSATED');
});

it.each([true, false])(
  'goods that have left by then go on, and an operator sees what is not paid (early: %s)',
  (early) => {
    const saga = new Fulfilment(DEFINITIONS);
    saga.answer('ReserveStock');
    saga.answer('AuthorizePayment');
    saga.observe('PaymentAuthorized', { standing: { status: 'AUTHORIZED' } });
    if (early) saga.observe('PaymentVoided', VOIDED);
    saga.answer('ConfirmOrder');
    if (!early) saga.observe('PaymentVoided', VOIDED);
    saga.refuse('CancelOrder', 'order_already_shipped');
    saga.ship('2', 'SHIPPED');
    if (saga.status === 'PARKED') expect(saga.operator('RetrySaga', operator)).toBe('accepted');
    expect([saga.status, [...saga.wants].sort()[0]]).toEqual(['RUNNING', 'CapturePayment']);
    saga.refuse('CapturePayment', 'payment_voided');
    while (saga.wants.length > 0) saga.answer(saga.wants[0] as string);
    expect(saga.actor.state).toMatchObject({ status: 'PARKED', reason: 'capture-payment: payment_voided' });
  },
);

it('money of which some was captured before is the business of whoever did that', () => {
  const saga = confirmed();
  const standing = { status: 'CAPTURED', captured: '1' };
  expect(saga.observe('PaymentVoided', { ...VOIDED, standing })).toBe('event_not_awaited');
  expect(saga.status).toBe('RUNNING');
});

it.each([1, 2])('a fulfilment of version %i goes on as it began', (version) => {
  const saga = confirmed({ ...DEFINITIONS, newest: (name) => DEFINITIONS.find(name, version) });
  expect(saga.observe('PaymentVoided', VOIDED)).toBe('event_not_awaited');
  saga.ship('2', 'SHIPPED');
  expect(saga.wants).toEqual(['CommitReservation', 'CapturePayment']);
});
