/**
 * A fulfilment whose order was shipped in part, and never in whole, waited for two weeks, came to cancel the order, was told
 * that goods have left, and waited for two weeks more: for ever, and no operator saw it.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { Fulfilment } from '../support/fulfilment.ts';

const TWO_WEEKS_MS = 14 * 86_400_000;
const operator = { reason: 'where is the rest?' };

/** One of two units has left. */
function shippedInPart(version: number): Fulfilment {
  const saga = new Fulfilment({ ...DEFINITIONS, newest: (name) => DEFINITIONS.find(name, version) });
  saga.toConfirmed();
  saga.ship('1', 'CONFIRMED');
  return saga;
}

it('an operator is asked where an order that was shipped in part is not shipped in whole', () => {
  const saga = shippedInPart(2);
  saga.pass(TWO_WEEKS_MS);
  expect([saga.status, saga.wants]).toEqual(['COMPENSATING', ['CancelOrder']]);
  saga.refuse('CancelOrder', 'order_already_shipped');
  expect([saga.status, saga.wants]).toEqual(['RUNNING', []]);
  expect(saga.operator('CompensateSaga', operator)).toBe('saga_past_pivot');
  saga.pass(TWO_WEEKS_MS);
  expect(saga.actor.state).toMatchObject({ status: 'PARKED', reason: 'await-shipment: timed_out' });
  // The rest leaves at last: the saga has heard of it, and goes on once it may.
  saga.ship('1', 'SHIPPED');
  expect(saga.operator('RetrySaga', operator)).toBe('accepted');
  expect([saga.status, saga.wants]).toEqual(['RUNNING', ['CommitReservation', 'CapturePayment']]);
});

it('since what has left is off the books by then, there is no way back to try first', () => {
  const saga = shippedInPart(3);
  expect(saga.operator('CompensateSaga', operator)).toBe('saga_past_pivot');
  saga.answer('IssueStock');
  saga.pass(TWO_WEEKS_MS);
  expect(saga.actor.state).toMatchObject({ status: 'PARKED', reason: 'await-shipment: timed_out' });
  saga.ship('1', 'SHIPPED');
  expect([saga.status, saga.wants]).toEqual(['PARKED', []]);
  expect(saga.operator('RetrySaga', operator)).toBe('accepted');
  expect([saga.status, saga.wants]).toEqual(['RUNNING', ['IssueStock', 'CapturePayment']]);
});
