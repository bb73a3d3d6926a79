/** Orders from placement to payment over HTTP, through the queue, the sagas, stock and the payment provider. */
import { describe, expect, it, vi } from 'vitest';
import { call, testEnv, verdict } from '../support/api.ts';
import { StreamClient } from '../support/stream.ts';

const WAIT = { timeout: 20_000, interval: 50 };

let products = 0;
/** A product of which some units are there. */
async function stocked(quantity: string): Promise<string> {
  const productId = `product-${++products}`;
  const reply = await call('POST', `/v1/inventory/${productId}/receipts`, { body: { quantity } });
  expect(verdict(reply)).toMatch(/^20[01]$/);
  return productId;
}

const place = (orderId: string, items: readonly (readonly [string, string, string])[], token = 'tok_ok') =>
  call('POST', '/v1/orders', {
    body: {
      orderId,
      customerId: 'c-1',
      currency: 'GBP',
      items: items.map(([productId, quantity, unitPrice]) => ({ productId, quantity, unitPrice })),
      payment: { method: 'card', token },
      shipTo: { line1: '1 High St', country: 'United Kingdom' },
    },
  });
const orderIs = (id: string, status: string) =>
  vi.waitFor(
    async () => expect((await call('GET', `/v1/orders/${id}`)).body).toMatchObject({ status }),
    WAIT,
  );
const sagaOf = async (id: string) => (await call('GET', `/v1/sagas/${id}`)).body;
const sagaIs = (id: string, status: string) =>
  vi.waitFor(async () => expect(await sagaOf(id)).toMatchObject({ status }), WAIT);
/** Until a saga has come to a step. */
const sagaWaits = (id: string, step: string) =>
  vi.waitFor(async () => {
    const { steps } = await sagaOf(id);
    expect(steps).toContainEqual(expect.objectContaining({ name: step, status: 'WAITING' }));
  }, WAIT);
const levelOf = async (id: string) => {
  const { onHand, reserved } = (await call('GET', `/v1/inventory/${id}`)).body;
  return [onHand, reserved];
};
const paymentOf = async (id: string) => (await call('GET', `/v1/payments/${id}`)).body;

describe('an order', () => {
  it('is reserved, paid, confirmed, and once it is shipped its money is taken', async () => {
    const [tea, cup] = [await stocked('10'), await stocked('5')];
    const reply = await place('o-1', [
      [tea, '3', '2.55'],
      [cup, '2', '4'],
      [tea, '1', '2.5'],
    ]);
    expect(verdict(reply)).toBe('202');
    expect(reply.body.sagaId).toBe('fulfil-o-1');
    await orderIs('o-1', 'CONFIRMED');
    expect([await levelOf(tea), await levelOf(cup)]).toEqual([
      ['10', '4'],
      ['5', '2'],
    ]);
    expect(await paymentOf('o-1')).toMatchObject({ status: 'AUTHORIZED', authorized: '18.15' });
    await call('POST', '/v1/orders/o-1/ship', { body: { carrier: 'Royal Mail', trackingNumber: 'RM1' } });
    await sagaIs('fulfil-o-1', 'COMPLETED');
    expect([await levelOf(tea), await levelOf(cup)]).toEqual([
      ['6', '0'],
      ['3', '0'],
    ]);
    expect(await paymentOf('o-1')).toMatchObject({ status: 'CAPTURED', captured: '18.15' });
  });

  it('that is shipped in parts leaves the stock part by part, and is paid with the last one', async () => {
    const tea = await stocked('10');
    await place('o-parts', [[tea, '3', '2']]);
    await orderIs('o-parts', 'CONFIRMED');
    const ship = (more: object) =>
      call('POST', '/v1/orders/o-parts/ship', {
        body: { carrier: 'Royal Mail', trackingNumber: 'RM1', ...more },
      });
    await ship({ items: [{ line: 1, quantity: '2' }] });
    await vi.waitFor(async () => expect(await levelOf(tea)).toEqual(['8', '1']), WAIT);
    expect(await paymentOf('o-parts')).toMatchObject({ status: 'AUTHORIZED', captured: '0' });
    await ship({});
    await sagaIs('fulfil-o-parts', 'COMPLETED');
    expect(await levelOf(tea)).toEqual(['7', '0']);
    expect(await paymentOf('o-parts')).toMatchObject({ status: 'CAPTURED', captured: '6' });
    const done = ['await-shipment', 'commit-stock:1-1', 'commit-stock:2-1', 'capture-payment'];
    const steps = done.map((name) => expect.objectContaining({ name, status: 'COMPLETED' }));
    expect((await sagaOf('fulfil-o-parts')).steps).toEqual(expect.arrayContaining(steps));
  });

  it('whose card is declined is cancelled, and its stock is free again', async () => {
    const tea = await stocked('10');
    await place('o-2', [[tea, '3', '2']], 'tok_decline');
    await orderIs('o-2', 'CANCELLED');
    await sagaIs('fulfil-o-2', 'COMPENSATED');
    expect(await levelOf(tea)).toEqual(['10', '0']);
    expect(await sagaOf('fulfil-o-2')).toMatchObject({ reason: 'authorize-payment: PaymentDeclined' });
  });

  it('of which a line is not there is cancelled, and nobody is charged', async () => {
    const [tea, cup] = [await stocked('10'), await stocked('1')];
    await place('o-3', [
      [tea, '3', '2'],
      [cup, '2', '4'],
    ]);
    await sagaIs('fulfil-o-3', 'COMPENSATED');
    await orderIs('o-3', 'CANCELLED');
    expect([await levelOf(tea), await levelOf(cup)]).toEqual([
      ['10', '0'],
      ['1', '0'],
    ]);
    expect(verdict(await call('GET', '/v1/payments/o-3'))).toBe('404 payment_not_found');
  });

  it('that is cancelled once it is confirmed is undone by a saga of its own', async () => {
    const tea = await stocked('10');
    await place('o-4', [[tea, '3', '2']]);
    await orderIs('o-4', 'CONFIRMED');
    const reply = await call('POST', '/v1/orders/o-4/cancel', { body: { reason: 'too dear' } });
    expect(reply.body.sagaId).toBe('cancel-o-4');
    await sagaIs('cancel-o-4', 'COMPLETED');
    await sagaIs('fulfil-o-4', 'COMPLETED');
    expect(await levelOf(tea)).toEqual(['10', '0']);
    await vi.waitFor(async () => expect(await paymentOf('o-4')).toMatchObject({ status: 'VOIDED' }), WAIT);
  });

  it('whose money an operator lets go before it is shipped is cancelled, and its stock is free again', async () => {
    const tea = await stocked('10');
    await place('o-unpaid', [[tea, '3', '2']]);
    await orderIs('o-unpaid', 'CONFIRMED');
    await sagaWaits('fulfil-o-unpaid', 'await-shipment');
    const letGo = {
      commandId: 'void-o-unpaid',
      aggregateType: 'payment',
      aggregateId: 'o-unpaid',
      type: 'VoidPayment',
    };
    const commands = [{ ...letGo, data: { reason: 'wrong card' } }];
    expect((await call('POST', '/v1/commands', { body: { commands } })).body).toMatchObject({ accepted: 1 });
    await orderIs('o-unpaid', 'CANCELLED');
    await sagaIs('fulfil-o-unpaid', 'COMPENSATED');
    expect(await levelOf(tea)).toEqual(['10', '0']);
    // It names the saga that undoes the rest of it, and not one of its own that nobody starts.
    await vi.waitFor(async () => {
      const feed = '/v1/events?aggregateType=order&aggregateId=o-unpaid&type=OrderCancelled';
      const { events } = (await call('GET', feed)).body;
      expect(events).toMatchObject([{ data: { statusBefore: 'CONFIRMED', sagaId: 'fulfil-o-unpaid' } }]);
    }, WAIT);
    expect(verdict(await call('GET', '/v1/sagas/cancel-o-unpaid'))).toBe('404 saga_not_found');
  });
});

/** A platform whose queue has not yet brought anything to a saga. */
const BEFORE = {
  ...testEnv,
  SAGAS: { getByName: (id: string) => testEnv.SAGAS.getByName(`${id}-not-begun`) },
} as unknown as typeof testEnv;

describe('a saga whose id was given out and that has not begun', () => {
  const asked = async (sagaId: string, query = '') =>
    call('GET', `/v1/sagas/${sagaId}${query}`, { env: BEFORE });

  it('can be followed from its first event on, and no other saga can', async () => {
    const tea = await stocked('10');
    const client = await StreamClient.open();
    const follow = (id: string) => {
      const saga = { topic: 'events', aggregateType: 'saga', aggregateId: id, afterVersion: 0 };
      client.send({ type: 'subscribe', id, ...saga });
    };
    await place('o-followed', [[tea, '1', '2']]);
    follow('fulfil-o-followed');
    follow('fulfil-o-nobody');
    const [first] = (await client.next('events', WAIT.timeout)).events;
    expect(first).toMatchObject({ aggregateId: 'fulfil-o-followed', version: 1, eventType: 'SagaStarted' });
    expect(client.all('error')).toMatchObject([{ id: 'fulfil-o-nobody', code: 'aggregate_not_found' }]);
    client.close();
  });

  it('runs, with every step of its order to come', async () => {
    const tea = await stocked('10');
    const placed = await place('o-not-begun-1', [
      [tea, '3', '2'],
      [tea, '1', '2'],
    ]);
    expect(verdict(placed)).toBe('202');
    const { sagaId } = placed.body;
    const reply = await asked(`${sagaId}`);
    expect(verdict(reply)).toBe('200');
    expect(reply.headers.get('ETag')).toBe('"0"');
    expect(reply.body).toMatchObject({
      sagaId,
      definition: 'order-fulfilment',
      status: 'RUNNING',
      reason: null,
    });
    const steps = reply.body.steps as unknown as { name: string; status: string }[];
    expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(['PENDING']));
    await sagaIs('fulfil-o-not-begun-1', 'RUNNING');
    const begun = (await sagaOf('fulfil-o-not-begun-1')).steps as unknown as typeof steps;
    expect(steps.map(({ name }) => name)).toEqual(begun.map(({ name }) => name));
    expect(verdict(await asked(`${sagaId}`, '?version=1'))).toBe('404 saga_not_found');
    expect(verdict(await asked('cancel-o-not-begun-1'))).toBe('404 saga_not_found');
  });

  it('is there for a cancellation too, and for nothing that nobody has asked for', async () => {
    const tea = await stocked('10');
    await place('o-not-begun-2', [[tea, '3', '2']]);
    await orderIs('o-not-begun-2', 'CONFIRMED');
    const { sagaId } = (
      await call('POST', '/v1/orders/o-not-begun-2/cancel', { body: { reason: 'too dear' } })
    ).body;
    expect((await asked(`${sagaId}`)).body).toMatchObject({
      sagaId,
      definition: 'order-cancellation',
      status: 'RUNNING',
    });
    for (const id of ['fulfil-nobody', 'cancel-nobody', 'fulfil-', 'transfer-t-9', 'o-not-begun-2'])
      expect(verdict(await asked(id))).toBe('404 saga_not_found');
  });
});
