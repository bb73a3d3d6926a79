/** The shop's views over HTTP: lists, histories and sales, as clients page through them and get them wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, verdict } from '../support/api.ts';
import { upTo } from '../support/projection.ts';
import { placed, SHIPPING } from '../support/shop.ts';

interface Listed {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: string;
}

/** Every item of a list, page after page. */
async function all<Item>(path: string, field: string, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await call('GET', `${path}limit=${limit}${cursor}`);
    items.push(...(body[field] as Item[]));
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

/** Waits until an order stands as its saga is to leave it. */
async function until(orderId: string, status: string): Promise<void> {
  await eventually(async () => {
    expect((await call('GET', `/v1/orders/${orderId}`)).body.status).toBe(status);
  });
}

/** Gives back some of what was captured for an order. */
async function refund(orderId: string, amount: string): Promise<void> {
  await eventually(async () => {
    expect((await call('GET', `/v1/payments/${orderId}`)).body.captured).toBe('15.65');
  });
  const data = { refundId: 'broken', amount };
  const one = { commandId: 'refund', aggregateType: 'payment', aggregateId: orderId, type: 'RefundPayment' };
  const { body } = await call('POST', '/v1/commands', { body: { commands: [{ ...one, data }] } });
  expect(body).toMatchObject({ accepted: 1 });
}

beforeAll(async () => {
  for (const product of ['tea', 'cup', ...upTo(3).map((number) => `product-${number}`)]) {
    await call('POST', `/v1/inventory/${product}/receipts`, { body: { quantity: '100' } });
  }
  for (const number of upTo(8)) {
    const token = number % 4 === 0 ? 'tok_decline' : 'tok_ok';
    await placed(`o-${number}`, { customerId: `customer-${number % 2}`, payment: { method: 'card', token } });
  }
  for (const number of upTo(8)) await until(`o-${number}`, number % 4 === 0 ? 'CANCELLED' : 'CONFIRMED');
  await call('POST', '/v1/orders/o-1/ship', { body: SHIPPING });
  await call('POST', '/v1/orders/o-2/cancel', { body: { reason: 'changed my mind' } });
  await refund('o-1', '2.55');
  await eventually(async () => {
    expect((await call('GET', '/v1/orders?status=SHIPPED')).body.orders).toHaveLength(1);
    expect((await call('GET', '/v1/orders?status=CANCELLED')).body.orders).toHaveLength(3);
    expect((await call('GET', '/v1/orders')).body.orders).toHaveLength(8);
    expect((await call('GET', '/v1/sales')).body.totals).toMatchObject([{ orders: 5, revenue: '75.7' }]);
    expect((await call('GET', '/v1/payments?status=VOIDED')).body.payments).toHaveLength(1);
    expect((await call('GET', '/v1/orders/o-1/history')).body.events).toHaveLength(12);
    const { body } = await call('GET', '/v1/inventory');
    expect(body.inventory).toMatchObject([
      { productId: 'cup', onHand: '98', reserved: '8', available: '90' },
      { productId: 'product-1' },
      { productId: 'product-2' },
      { productId: 'product-3' },
      { productId: 'tea', onHand: '97', reserved: '12', available: '85' },
    ]);
  }, 30_000);
}, 90_000);

describe('orders', () => {
  it('are listed newest first, and by customer and status', async () => {
    const listed = await all<Listed>('/v1/orders?', 'orders', 3);
    expect(listed.map(({ orderId }) => orderId)).toEqual(upTo(8).map((number) => `o-${9 - number}`));
    const own = await all<Listed>('/v1/orders?customerId=customer-1&', 'orders', 2);
    expect(own.map(({ orderId }) => orderId)).toEqual(['o-7', 'o-5', 'o-3', 'o-1']);
    expect(await all('/v1/orders?customerId=customer-0&status=CONFIRMED&', 'orders', 1)).toMatchObject([
      { orderId: 'o-6', total: '15.65', lines: 2, units: '5', country: 'United Kingdom', reason: null },
    ]);
    const { body } = await call('GET', '/v1/orders?to=2020-01-01T00:00:00Z');
    expect(body).toEqual({ orders: [], nextCursor: null });
  });

  it('tell what happened to them, and to what was paid and sent for them', async () => {
    const events = await all<{ words: string; eventType: string }>('/v1/orders/o-1/history?', 'events', 5);
    const words = new Map(events.map((event) => [event.eventType, event.words]));
    expect(events[0]?.words).toBe('Placed: 5 units in 2 lines for 15.65 GBP');
    expect([...words]).toEqual(
      expect.arrayContaining([
        ['PaymentAuthorized', 'Payment authorised: 15.65 held'],
        ['OrderConfirmed', 'Confirmed: stock and payment are sure'],
        ['OrderShipped', 'Shipped: 5 units with Royal Mail, tracking number RM123456785GB, shipment o-1-1'],
        ['ShipmentCreated', 'Packed for Royal Mail: 5 units, tracking number RM123456785GB'],
        ['PaymentCaptured', '15.65 captured'],
        ['PaymentRefunded', '2.55 refunded'],
      ]),
    );
    expect(events.length).toBe(12);
  });

  it('tell of a write at once to whoever asks for its version', async () => {
    const { body } = await call('POST', '/v1/orders/o-1/deliver');
    const version = Number(body.version);
    const reply = await call('GET', `/v1/orders/o-1/history?minVersion=${version}`);
    expect(
      (reply.body.events as { eventType: string }[]).some(({ eventType }) => eventType === 'OrderDelivered'),
    ).toBe(true);
    await eventually(async () => {
      const { headers } = await call('GET', `/v1/orders/o-1/history?minVersion=${version}`);
      expect(headers.get('X-Read-Source')).toBe('view');
      expect(Number(headers.get('X-View-Version'))).toBeGreaterThanOrEqual(version);
    });
    const ahead = await call('GET', '/v1/orders/o-1/history?minVersion=1000');
    expect(ahead.headers.get('X-Read-Source')).toBe('actor');
    const unheard = await call('GET', '/v1/orders/nobody/history');
    expect(verdict(unheard)).toBe('404 order_not_found');
  });
});

describe('stock, payments and sales', () => {
  it('are listed page after page', async () => {
    const levels = await all<{ productId: string }>('/v1/inventory?', 'inventory', 2);
    const ids = ['cup', 'product-1', 'product-2', 'product-3', 'tea'];
    expect(levels.map(({ productId }) => productId)).toEqual(ids);
    expect(await all('/v1/payments?orderId=o-1&', 'payments', 1)).toMatchObject([
      { paymentId: 'o-1', status: 'CAPTURED', authorized: '15.65', captured: '15.65', refunded: '2.55' },
    ]);
    expect(await all('/v1/payments?status=DECLINED&', 'payments', 1)).toHaveLength(2);
    expect(JSON.stringify(await all('/v1/payments?', 'payments', 3))).not.toContain('tok_ok');
    expect(await all('/v1/sales?by=product&', 'sales', 1)).toEqual([
      { key: null, currency: 'GBP', orders: 0, units: '0', revenue: '-2.55' },
      { key: 'cup', currency: 'GBP', orders: 5, units: '10', revenue: '40' },
      { key: 'tea', currency: 'GBP', orders: 5, units: '15', revenue: '38.25' },
    ]);
    const figures = { orders: 5, units: '25', revenue: '75.7' };
    const { body } = await call('GET', '/v1/sales?by=country&country=United%20Kingdom');
    expect(body).toMatchObject({
      by: 'country',
      sales: [{ key: 'United Kingdom', ...figures }],
      totals: [{ currency: 'GBP', ...figures }],
    });
  });

  it.each([
    ['/v1/orders?status=LOST', '400 invalid_request status'],
    ['/v1/orders?from=yesterday', '400 invalid_request from'],
    ['/v1/orders?cursor=nonsense', '400 invalid_request cursor'],
    ['/v1/orders?customerId=a%20b', '400 invalid_request customerId'],
    ['/v1/orders/o-1/history?minVersion=-1', '400 invalid_request minVersion'],
    ['/v1/orders/a%20b/history', '400 invalid_request id'],
    ['/v1/inventory?limit=0', '400 invalid_request limit'],
    ['/v1/inventory?cursor=WzFd', '400 invalid_request cursor'],
    ['/v1/payments?orderId=', '400 invalid_request orderId'],
    ['/v1/sales?by=customer', '400 invalid_request by'],
    ['/v1/sales?by=day&from=2026-02-30', '400 invalid_request from'],
    ['/v1/sales?by=day&to=2026-03-01T00:00:00Z', '400 invalid_request to'],
  ])('refuse %s', async (path, expected) => {
    expect(verdict(await call('GET', path))).toBe(expected);
  });
});
