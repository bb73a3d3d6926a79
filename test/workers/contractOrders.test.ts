/** The public contract, statement by statement: section "Orders and what they need". */
import { describe, expect, it } from 'vitest';
import { call, eventually } from '../support/api.ts';
import { confirmed, ordering, pending, SHIPPING } from '../support/shop.ts';

const tea = { name: 'Assam tea, 50 bags', unitPrice: '2.55', currency: 'GBP' };

describe('Products', () => {
  it('are created with 201 and replaced with 200', async () => {
    const first = await call('PUT', '/v1/products/p-1', { body: tea });
    expect([first.status, first.headers.get('ETag'), first.body.aggregateId]).toEqual([201, '"1"', 'p-1']);
    const second = await call('PUT', '/v1/products/p-1', { body: { ...tea, unitPrice: 2.6 } });
    expect([second.status, second.headers.get('ETag')]).toEqual([200, '"2"']);
    expect((await call('GET', '/v1/products/p-1')).body).toEqual({
      productId: 'p-1',
      ...tea,
      unitPrice: '2.6',
      version: 2,
    });
    expect((await call('GET', '/v1/products/p-1?version=1')).body.unitPrice).toBe('2.55');
  });

  it('answer a repeat of the first request with its 201', async () => {
    const sent = { body: tea, headers: { 'Idempotency-Key': 'put-1' } };
    const first = await call('PUT', '/v1/products/p-2', sent);
    await call('PUT', '/v1/products/p-2', { body: { ...tea, name: 'Tea' } });
    const again = await call('PUT', '/v1/products/p-2', sent);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  });

  it('are replaced at the version that is expected', async () => {
    await call('PUT', '/v1/products/p-3', { body: tea });
    const put = (version: string) =>
      call('PUT', '/v1/products/p-3', { body: tea, headers: { 'If-Match': version } });
    const stale = await put('"0"');
    expect([stale.status, stale.body.code, stale.body.currentVersion]).toEqual([412, 'version_conflict', 1]);
    expect((await put('"1"')).status).toBe(200);
  });

  it('are not replaced by who wants there to be nothing yet', async () => {
    const put = (name: string, headers: Record<string, string> = {}) =>
      call('PUT', '/v1/products/p-4', {
        body: { ...tea, name },
        headers: { 'If-None-Match': '*', ...headers },
      });
    const key = { 'Idempotency-Key': 'put-4' };
    expect((await put('Tea', key)).status).toBe(201);
    const second = await put('Coffee');
    expect([second.status, second.body.code, second.body.currentVersion]).toEqual([
      412,
      'version_conflict',
      1,
    ]);
    expect((await put('Tea', key)).headers.get('Idempotency-Replayed')).toBe('true');
    expect((await call('GET', '/v1/products/p-4')).body.name).toBe('Tea');
    expect((await put('Tea', { 'If-Match': '"1"' })).body.errors).toMatchObject([{ path: 'If-None-Match' }]);
  });

  it('are 404 product_not_found where there is none', async () => {
    const { status, body } = await call('GET', '/v1/products/nowhere');
    expect([status, body.code]).toEqual([404, 'product_not_found']);
  });
});

describe('Inventory', () => {
  it('says what is there, promised and free', async () => {
    const receipt = await call('POST', '/v1/inventory/i-1/receipts', {
      body: { quantity: 120, reference: 'delivery 4711' },
    });
    expect([receipt.status, receipt.headers.get('ETag')]).toEqual([200, '"1"']);
    expect((await call('GET', '/v1/inventory/i-1')).body).toEqual({
      productId: 'i-1',
      onHand: '120',
      reserved: '0',
      available: '120',
      version: 1,
    });
    const reserve = { reservationId: 'r-1', quantity: '20' };
    const { body } = await call('POST', '/v1/commands', {
      body: {
        commands: [
          {
            commandId: 'c-1',
            aggregateType: 'inventory',
            aggregateId: 'i-1',
            type: 'ReserveStock',
            data: reserve,
          },
        ],
      },
    });
    expect(body).toMatchObject({ accepted: 1 });
    expect((await call('GET', '/v1/inventory/i-1')).body).toMatchObject({ reserved: '20', available: '100' });
    const refused = await call('POST', '/v1/inventory/i-1/adjustments', {
      body: { quantity: '-101', reason: 'counted' },
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'insufficient_stock']);
  });

  it('counts whole units', async () => {
    for (const quantity of ['1.5', '0', '-1', 0.5, '1e3', '1000000000000000', '', null]) {
      const { status, body } = await call('POST', '/v1/inventory/i-2/receipts', { body: { quantity } });
      expect([status, body.errors]).toMatchObject([400, [{ path: 'quantity' }]]);
    }
    const whole = await call('POST', '/v1/inventory/i-2/receipts', { body: { quantity: '2.00' } });
    expect(whole.status).toBe(200);
    expect((await call('GET', '/v1/inventory/i-2')).body.onHand).toBe('2');
  });

  it('is 404 inventory_not_found where nothing was received', async () => {
    const { status, body } = await call('GET', '/v1/inventory/nowhere');
    expect([status, body.code]).toEqual([404, 'inventory_not_found']);
  });
});

describe('Orders', () => {
  it('are placed with 202 and the id of the saga that goes on', async () => {
    const { status, headers, body } = await call('POST', '/v1/orders', { body: ordering('o-1') });
    expect([status, headers.get('ETag')]).toEqual([202, '"1"']);
    expect(body).toMatchObject({ aggregateId: 'o-1', version: 1, sagaId: 'fulfil-o-1' });
    expect(body.events).toMatchObject([{ eventType: 'OrderPlaced', version: 1 }]);
    expect((await call('GET', '/v1/orders/o-1?version=1')).body).toEqual({
      orderId: 'o-1',
      customerId: 'customer-1',
      status: 'PENDING',
      currency: 'GBP',
      items: [
        { line: 1, productId: 'tea', quantity: '3', unitPrice: '2.55', amount: '7.65', shipped: '0' },
        { line: 2, productId: 'cup', quantity: '2', unitPrice: '4', amount: '8', shipped: '0' },
      ],
      total: '15.65',
      payment: { method: 'card' },
      shipTo: { name: 'A. Lovelace', line1: '1 High St', country: 'United Kingdom' },
      country: 'United Kingdom',
      shipments: [],
      version: 1,
    });
  });

  it('are idempotent by their own id', async () => {
    const first = await call('POST', '/v1/orders', { body: ordering('o-2') });
    const again = await call('POST', '/v1/orders', { body: ordering('o-2') });
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    const other = await call('POST', '/v1/orders', { body: ordering('o-2', { customerId: 'customer-2' }) });
    expect([other.status, other.body.code]).toEqual([409, 'command_id_reused']);
  });

  it('are the same order in a batch, with or without the id in the data', async () => {
    await call('POST', '/v1/orders', { body: ordering('o-3') });
    const { orderId: _, ...data } = ordering('o-3');
    const command = (commandId: string, more: object) => ({
      commandId,
      aggregateType: 'order',
      aggregateId: 'o-3',
      type: 'PlaceOrder',
      data: { ...data, ...more },
    });
    const { body } = await call('POST', '/v1/commands', {
      body: {
        commands: [command('a', {}), command('b', { orderId: 'o-3' }), command('c', { orderId: 'x' })],
      },
    });
    expect(body).toMatchObject({ replayed: 2, refused: 1 });
    expect((body.results as object[])[2]).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'data.orderId' }],
    });
  });

  it('are shipped and delivered, and their shipments with them', async () => {
    await confirmed('o-4');
    const items = [{ line: 1, quantity: '2' }];
    const first = await call('POST', '/v1/orders/o-4/ship', { body: { ...SHIPPING, items } });
    expect(first.status).toBe(200);
    expect((await call('GET', '/v1/orders/o-4')).body).toMatchObject({ status: 'CONFIRMED' });
    expect((await call('POST', '/v1/orders/o-4/ship', { body: SHIPPING })).status).toBe(200);
    expect((await call('GET', '/v1/orders/o-4')).body).toMatchObject({ status: 'SHIPPED' });
    const second = await eventually(async () => {
      const { status, body } = await call('GET', '/v1/shipments/o-4-2');
      expect(status).toBe(200);
      return body;
    });
    expect(second).toMatchObject({
      orderId: 'o-4',
      status: 'DISPATCHED',
      ...SHIPPING,
      items: [
        { line: 1, productId: 'tea', quantity: '1' },
        { line: 2, productId: 'cup', quantity: '2' },
      ],
      deliveredAt: null,
    });
    expect((await call('POST', '/v1/orders/o-4/deliver')).status).toBe(200);
    expect((await call('GET', '/v1/orders/o-4')).body).toMatchObject({ status: 'DELIVERED' });
    await eventually(async () => {
      for (const id of ['o-4-1', 'o-4-2'])
        expect((await call('GET', `/v1/shipments/${id}`)).body).toMatchObject({ status: 'DELIVERED' });
    });
  });

  it('are cancelled with a reason, before anything has left', async () => {
    await pending('o-5');
    const cancel = { body: { reason: 'changed my mind' } };
    const early = await call('POST', '/v1/orders/o-5/cancel', cancel);
    expect([early.status, early.body.sagaId]).toEqual([202, 'fulfil-o-5']);
    expect((await call('GET', '/v1/orders/o-5')).body).toMatchObject({
      status: 'CANCELLED',
      reason: 'changed my mind',
    });
    const again = await call('POST', '/v1/orders/o-5/cancel', cancel);
    expect([again.status, again.body.code]).toEqual([422, 'order_cancelled']);
    await confirmed('o-6');
    const sold = await call('POST', '/v1/orders/o-6/cancel', cancel);
    expect([sold.status, sold.body.sagaId]).toEqual([202, 'cancel-o-6']);
  });

  it('may have the longest id there is, and shipments with longer ones', async () => {
    const id = await confirmed('o'.repeat(64));
    expect((await call('POST', `/v1/orders/${id}/ship`, { body: SHIPPING })).status).toBe(200);
    await eventually(async () => {
      const { body } = await call('GET', `/v1/events?aggregateType=shipment&aggregateId=${id}-1`);
      expect(body.events).toHaveLength(2);
    });
    expect((await call('GET', `/v1/audit/shipment/${id}-1`)).body).toMatchObject({ ok: true, version: 2 });
    expect((await call('GET', `/v1/shipments/${id}-1`)).body).toMatchObject({ shipmentId: `${id}-1` });
  });

  it('deliver without a body, or with an empty one', async () => {
    await confirmed('o-7');
    await call('POST', '/v1/orders/o-7/ship', { body: SHIPPING });
    const faulty = await call('POST', '/v1/orders/o-7/deliver', { body: { at: 'noon' } });
    expect([faulty.status, faulty.body.errors]).toMatchObject([400, [{ path: 'at' }]]);
    const text = await call('POST', '/v1/orders/o-7/deliver', {
      body: '{}',
      headers: { 'Content-Type': 'text/plain' },
    });
    expect(text.status).toBe(415);
    expect((await call('POST', '/v1/orders/o-7/deliver', { body: {} })).status).toBe(200);
  });

  it('are 404 order_not_found where there is none, whatever is asked', async () => {
    const asked = await Promise.all([
      call('GET', '/v1/orders/nowhere'),
      call('POST', '/v1/orders/nowhere/cancel', { body: { reason: 'r' } }),
      call('POST', '/v1/orders/nowhere/ship', { body: SHIPPING }),
      call('POST', '/v1/orders/nowhere/deliver'),
    ]);
    expect(asked.map(({ status, body }) => [status, body.code])).toEqual(
      Array(4).fill([404, 'order_not_found']),
    );
    const shipment = await call('GET', '/v1/shipments/nowhere-1');
    expect([shipment.status, shipment.body.code]).toEqual([404, 'shipment_not_found']);
  });
});

describe('every type of aggregate', () => {
  it('has its events in the feed and an audit of its chain', async () => {
    await confirmed('all-1');
    await call('PUT', '/v1/products/all-1', { body: tea });
    await call('POST', '/v1/inventory/all-1/receipts', { body: { quantity: '5' } });
    await call('POST', '/v1/orders/all-1/ship', { body: SHIPPING });
    const expected: [type: string, id: string, events: string[]][] = [
      ['product', 'all-1', ['ProductPut']],
      ['inventory', 'all-1', ['StockReceived']],
      ['order', 'all-1', ['OrderPlaced', 'OrderConfirmed', 'OrderShipped', 'ShipmentRecorded']],
      ['shipment', 'all-1-1', ['ShipmentCreated', 'ShipmentDispatched']],
    ];
    for (const [aggregateType, aggregateId, eventTypes] of expected) {
      await eventually(async () => {
        const query = new URLSearchParams({ aggregateType, aggregateId });
        const { body } = await call('GET', `/v1/events?${query}`);
        expect((body.events as { eventType: string }[]).map(({ eventType }) => eventType)).toEqual(
          eventTypes,
        );
      });
      const audit = await call('GET', `/v1/audit/${aggregateType}/${aggregateId}`);
      expect(audit.body).toMatchObject({ ok: true, version: eventTypes.length });
    }
  });
});
