/** The shop's views over HTTP: lists, histories and sales, as clients page through them and get them wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, verdict } from '../support/api.ts';
import { upTo } from '../support/projection.ts';
import { confirmed, placed, SHIPPING } from '../support/shop.ts';

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

async function authorize(paymentId: string, orderId: string): Promise<void> {
  const data = {
    orderId,
    customerId: 'c',
    amount: '15.65',
    currency: 'GBP',
    method: 'card',
    token: 'tok_ok',
  };
  const commands = [
    {
      commandId: 'authorize',
      aggregateType: 'payment',
      aggregateId: paymentId,
      type: 'AuthorizePayment',
      data,
    },
  ];
  expect((await call('POST', '/v1/commands', { body: { commands } })).body).toMatchObject({ accepted: 1 });
}

beforeAll(async () => {
  for (const number of upTo(8)) {
    const more = { customerId: `customer-${number % 2}` };
    await (number % 4 === 0 ? placed(`o-${number}`, more) : confirmed(`o-${number}`, more));
  }
  await call('POST', '/v1/orders/o-1/ship', { body: SHIPPING });
  await call('POST', '/v1/orders/o-2/cancel', { body: { reason: 'changed my mind' } });
  for (const number of upTo(5)) {
    await call('POST', `/v1/inventory/product-${number}/receipts`, { body: { quantity: number } });
  }
  await authorize('p-1', 'o-1');
  await eventually(async () => {
    expect((await call('GET', '/v1/orders?status=SHIPPED')).body.orders).toHaveLength(1);
    expect((await call('GET', '/v1/orders?status=CANCELLED')).body.orders).toHaveLength(1);
    expect((await call('GET', '/v1/orders')).body.orders).toHaveLength(8);
    expect((await call('GET', '/v1/sales?by=day')).body.totals).toMatchObject([{ orders: 5 }]);
    expect((await call('GET', '/v1/inventory')).body.inventory).toHaveLength(5);
    expect((await call('GET', '/v1/payments?status=AUTHORIZED')).body.payments).toHaveLength(1);
    expect((await call('GET', '/v1/orders/o-1/history')).body.events).toHaveLength(8);
  });
}, 60_000);

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
    const events = await all<{ words: string; aggregateType: string }>(
      '/v1/orders/o-1/history?',
      'events',
      2,
    );
    expect(events.slice(0, 3).map(({ words }) => words)).toEqual([
      'Placed: 5 units in 2 lines for 15.65 GBP',
      'Confirmed: stock and payment are sure',
      'Shipped: 5 units with Royal Mail, tracking number RM123456785GB, shipment o-1-1',
    ]);
    const counts = Map.groupBy(events, ({ aggregateType }) => aggregateType);
    expect(['order', 'payment', 'shipment'].map((type) => counts.get(type)?.length)).toEqual([4, 2, 2]);
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
    expect(levels).toMatchObject(
      upTo(5).map((number) => ({
        productId: `product-${number}`,
        onHand: `${number}`,
        reserved: '0',
        available: `${number}`,
      })),
    );
    expect(await all('/v1/payments?orderId=o-1&', 'payments', 1)).toMatchObject([
      { paymentId: 'p-1', status: 'AUTHORIZED', authorized: '15.65', captured: '0' },
    ]);
    expect(JSON.stringify(await all('/v1/payments?', 'payments', 1))).not.toContain('tok_ok');
    const products = await all('/v1/sales?by=product&', 'sales', 1);
    expect(products).toEqual([
      { key: 'cup', currency: 'GBP', orders: 5, units: '10', revenue: '40' },
      { key: 'tea', currency: 'GBP', orders: 5, units: '15', revenue: '38.25' },
    ]);
    const { body } = await call('GET', '/v1/sales?by=country&country=United%20Kingdom');
    expect(body).toMatchObject({
      by: 'country',
      sales: [{ key: 'United Kingdom', orders: 5, units: '25', revenue: '78.25' }],
      totals: [{ currency: 'GBP', orders: 5, units: '25', revenue: '78.25' }],
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
    ['/v1/sales', '400 invalid_request by'],
    ['/v1/sales?by=customer', '400 invalid_request by'],
    ['/v1/sales?by=day&from=2026-02-30', '400 invalid_request from'],
    ['/v1/sales?by=day&to=2026-03-01T00:00:00Z', '400 invalid_request to'],
  ])('refuse %s', async (path, expected) => {
    expect(verdict(await call('GET', path))).toBe(expected);
  });
});
