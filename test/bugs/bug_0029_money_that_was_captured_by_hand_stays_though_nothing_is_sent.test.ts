/**
 * A fulfilment that turned back let go of what was held of its order's money. What somebody had captured by hand stayed with
 * the shop, though nothing was sent, and nobody was asked.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { findStep } from '../../actors/saga/state.ts';
import { FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { Fulfilment } from '../support/fulfilment.ts';
import type { ModelCommand } from '../support/modelActor.ts';
import { orderInput, PaidSaga, type PaidSagaOptions } from '../support/paidSaga.ts';
import { notice } from '../support/payment.ts';

const capture = (data: object = {}): ModelCommand => ({ type: 'CapturePayment', data });
const refund = (refundId: string): ModelCommand => ({ type: 'RefundPayment', data: { refundId } });
const operator = { reason: 'I asked the bank' };

/** Does something by hand as a command of the saga arrives, the first time. */
function once(type: string, act: (shop: PaidSaga) => void): PaidSagaOptions {
  let isDone = false;
  return {
    arrives(arriving, shop) {
      if (arriving !== type || isDone) return;
      isDone = true;
      act(shop);
    },
  };
}

/** An order of 2 that was paid for and could not be confirmed. */
async function undone(options: PaidSagaOptions, token = 'tok_ok', begins?: (shop: PaidSaga) => void) {
  const shop = new PaidSaga('fulfil-o', { ...options, refused: 'ConfirmOrder' });
  begins?.(shop);
  const input = orderInput(token);
  await shop.toSaga('StartSaga', { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input });
  return shop;
}

const count = (shop: PaidSaga, type: string) =>
  shop.payment.events.filter((event) => event.type === type).length;
const figures = ({ standing: { captured, released, refunded } }: PaidSaga) => ({
  captured,
  released,
  refunded,
});
const compensated = ({ saga }: PaidSaga) =>
  saga.events
    .filter(({ type }) => type === 'StepCompensated')
    .map(({ data }) => (data as { step: string }).step);

const WAYS = [
  ['wholly', {}, { captured: '2', released: '0', refunded: '2' }],
  ['in part', { amount: '0.5', final: false }, { captured: '0.5', released: '1.5', refunded: '0.5' }],
  ['finally, in part', { amount: '0.5' }, { captured: '0.5', released: '1.5', refunded: '0.5' }],
] as const;

it.each(WAYS)(
  'money that was captured %s goes back, after what is held was let go',
  async (_, data, expected) => {
    const shop = await undone(once('ConfirmOrder', (one) => one.byHand(capture(data))));
    expect([shop.status, figures(shop), count(shop, 'RefundRequested')]).toEqual([
      'COMPENSATED',
      expected,
      1,
    ]);
    const order = ['authorize-payment', 'allow-payment', 'reserve-stock:1', 'place-order'];
    expect(compensated(shop)).toEqual(order);
  },
);

it.each(WAYS)('so does money that is captured %s as the void is on its way', async (_, data, expected) => {
  const shop = await undone(once('VoidPayment', (one) => one.byHand(capture(data))));
  expect([shop.status, figures(shop), count(shop, 'RefundRequested')]).toEqual(['COMPENSATED', expected, 1]);
});

it('nothing goes back where nothing was captured, and nothing can be captured once it was let go', async () => {
  const late: string[] = [];
  const tooLate = once('RefundPayment', (one) => {
    const outcome = one.byHand(capture());
    late.push(outcome.status === 'refused' ? outcome.code : outcome.status);
  });
  const shop = await undone(tooLate);
  expect([shop.status, late, count(shop, 'RefundRequested')]).toEqual(['COMPENSATED', ['payment_voided'], 0]);
});

it('a refund that the bank declines waits for an operator, and each try is another refund', async () => {
  const shop = await undone(
    once('ConfirmOrder', (one) => one.byHand(capture())),
    'tok_refund_decline',
  );
  expect([shop.status, shop.saga.state.reason]).toEqual(['PARKED', 'allow-payment: RefundFailed']);
  expect(findStep(shop.saga.state, 'reserve-stock:1')?.status, 'the stock waits').toBe('COMPLETED');
  await shop.toSaga('RetrySaga', operator);
  expect([shop.status, count(shop, 'RefundRequested'), count(shop, 'RefundFailed')]).toEqual([
    'PARKED',
    2,
    2,
  ]);
});

it('a void that the bank declines waits as well; what is captured meanwhile goes back with the next try', async () => {
  const shop = await undone({}, 'tok_void_decline');
  expect(shop.status).toBe('PARKED');
  await shop.toPayment(capture());
  expect([shop.status, count(shop, 'RefundRequested')]).toEqual(['PARKED', 0]);
  await shop.toSaga('RetrySaga', operator);
  expect([shop.status, figures(shop)]).toEqual([
    'COMPENSATED',
    { captured: '2', released: '0', refunded: '2' },
  ]);
});

it('a refund by hand counts, and where the bank declines it the saga asks for its own', async () => {
  const arrives: PaidSagaOptions['arrives'] = (type, shop) => {
    if (type === 'ConfirmOrder') shop.byHand(capture());
    if (type === 'RefundPayment') shop.byHand(refund('mine'));
  };
  const good = await undone({ arrives });
  expect([good.status, figures(good).refunded, count(good, 'RefundRequested')]).toEqual([
    'COMPENSATED',
    '2',
    1,
  ]);
  const declined = await undone({ arrives }, 'tok_refund_decline');
  expect([declined.status, declined.saga.state.reason]).toEqual(['PARKED', 'allow-payment: RefundFailed']);
  expect(declined.saga.events.map(({ type }) => type)).toContain('StepSucceededLate');
  expect(count(declined, 'RefundFailed')).toBe(2);
});

it('a refund that comes back after the end is asked for anew', async () => {
  const shop = await undone(once('ConfirmOrder', (one) => one.byHand(capture())));
  expect([shop.status, count(shop, 'RefundRequested')]).toEqual(['COMPENSATED', 1]);
  const failed = { code: 'closed', detail: 'The account is closed.' };
  await shop.toPayment(
    notice({ notice: 'refund_failed', refundId: 'fulfilment', reference: 'r', ...failed }),
  );
  // This bank does not know that it came back, and refuses to send more back than it took: an operator is asked.
  expect([shop.status, count(shop, 'RefundRequested')]).toEqual(['PARKED', 2]);
});

it('a part that goes back by hand ends nothing that is parked, and the rest does', () => {
  const saga = new Fulfilment(DEFINITIONS);
  saga.answer('ReserveStock');
  saga.answer('AuthorizePayment');
  saga.observe('PaymentAuthorized', { standing: { status: 'AUTHORIZED' } });
  saga.refuse('ConfirmOrder', 'no');
  saga.refuse('VoidPayment', 'nothing_to_void');
  saga.answer('RefundPayment');
  const refunded = (amount: string) => ({ standing: { captured: '2', refunded: amount } });
  saga.observe('RefundFailed', refunded('0'));
  expect([saga.observe('PaymentRefunded', refunded('1')), saga.status]).toEqual([
    'event_not_awaited',
    'PARKED',
  ]);
  expect([saga.observe('PaymentRefunded', refunded('2')), saga.wants]).toEqual([
    'accepted',
    ['ReleaseReservation'],
  ]);
});

it('whatever the queue tells twice, nothing goes back twice', async () => {
  const shop = await undone(once('ConfirmOrder', (one) => one.byHand(capture())));
  const before = shop.payment.events.length;
  await shop.tellAgain();
  expect([shop.status, shop.payment.events.length]).toEqual(['COMPENSATED', before]);
});

it('a capture that is heard of only as its refund is under way changes nothing', async () => {
  const shop = await undone(
    once('ConfirmOrder', (one) => {
      one.isHeldUp = true;
      one.byHand(capture());
    }),
  );
  expect([shop.status, figures(shop).refunded]).toEqual(['COMPENSATING', '2']);
  shop.isHeldUp = false;
  await shop.settle();
  expect([shop.status, count(shop, 'RefundRequested')]).toEqual(['COMPENSATED', 1]);
});

it('a fulfilment of the version before ends as it began, and what was captured stays', async () => {
  const definitions = { ...DEFINITIONS, newest: (name: string) => DEFINITIONS.find(name, 3) };
  const shop = await undone({ ...once('ConfirmOrder', (one) => one.byHand(capture())), definitions });
  expect([shop.saga.state.definitionVersion, shop.status]).toEqual([3, 'COMPENSATED']);
  expect(figures(shop)).toEqual({ captured: '2', released: '0', refunded: '0' });
});
