/**
 * A void counted as done once it had been asked for, and sagas were not told what the bank said to it. Where the bank declined,
 * the fulfilment ended COMPENSATED and the cancellation COMPLETED while the money was held, and nobody was asked.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { CANCELLATION_DEFINITION, FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { orderInput, PaidSaga } from '../support/paidSaga.ts';
import { authorize, notice } from '../support/payment.ts';

const VOID_DECLINES = 'tok_void_decline';
const INPUT = orderInput(VOID_DECLINES);

/** An order that was paid and could not be confirmed. */
async function undone(definitions = DEFINITIONS): Promise<PaidSaga> {
  const shop = new PaidSaga('fulfil-o', { refused: 'ConfirmOrder', definitions });
  await shop.toSaga('StartSaga', { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input: INPUT });
  return shop;
}

/** An order that was cancelled after it had been paid. */
async function cancelled(definitions = DEFINITIONS): Promise<PaidSaga> {
  const shop = new PaidSaga('cancel-o', { definitions });
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token: VOID_DECLINES }));
  await shop.toSaga('StartSaga', { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: INPUT });
  return shop;
}

const operator = { reason: 'I asked the bank' };
const letGo = (shop: PaidSaga) => {
  const { reference } = shop.payment.state as { reference: string };
  return shop.toPayment(notice({ notice: 'voided', reference }));
};

it.each([
  ['fulfilment', undone, 'authorize-payment', 'undo authorize-payment', 'COMPENSATED'],
  ['cancellation', cancelled, 'void-payment', 'void-payment', 'COMPLETED'],
] as const)(
  'a %s whose void was declined waits for an operator while the money is held',
  async (_, begin, step, sent, ended) => {
    const shop = await begin();
    expect([shop.money, shop.status]).toEqual(['AUTHORIZED', 'PARKED']);
    expect(shop.saga.state.reason).toBe(`${step}: VoidFailed`);
    expect(shop.saga.events.at(-1)).toMatchObject({ type: 'SagaParked', data: { steps: [step] } });
    // Another try is another void, which the bank declines as well.
    await shop.toSaga('RetrySaga', operator);
    expect([shop.money, shop.status, shop.voids.size]).toEqual(['AUTHORIZED', 'PARKED', 2]);
    expect([...shop.voids].every((id) => id.startsWith(`saga ${shop.saga.state.sagaId} ${sent}`))).toBe(true);
    expect(shop.payment.events.filter(({ type }) => type === 'VoidFailed')).toHaveLength(2);
    await letGo(shop);
    if (shop.status === 'PARKED') await shop.toSaga('RetrySaga', operator);
    expect([shop.money, shop.status]).toEqual(['VOIDED', ended]);
  },
);

it.each([
  ['fulfilment', undone, 'COMPENSATED'],
  ['cancellation', cancelled, 'COMPLETED'],
] as const)('a %s ends where the money was taken otherwise meanwhile', async (_, begin, ended) => {
  const shop = await begin();
  await shop.toPayment({ type: 'CapturePayment', data: {} });
  await shop.toSaga('CompensateSaga', operator);
  await shop.toSaga('RetrySaga', operator);
  expect(shop.status).toBe(ended);
});

it.each([
  ['fulfilment', undone, 'COMPENSATED'],
  ['cancellation', cancelled, 'COMPLETED'],
] as const)('a %s of the version before ends as it began', async (_, begin, ended) => {
  const first = { ...DEFINITIONS, newest: (name: string) => DEFINITIONS.find(name, 1) };
  const shop = await begin(first);
  expect([shop.saga.state.definitionVersion, shop.status, shop.voids.size]).toEqual([1, ended, 1]);
});
