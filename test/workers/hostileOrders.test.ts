/** Orders, stock and products that no good shop sends: each gets a clear problem that names the place, and changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORDER_LINES_MAX } from '../../schemas/order.ts';
import { call, footprint, verdict } from '../support/api.ts';
import { confirmed, ordering, SHIPPING } from '../support/shop.ts';

const ID = 'hostile';

let untouched: unknown;
const touched = () => Promise.all([footprint(ID, 'order'), footprint(ID, 'inventory')]);

beforeAll(async () => {
  await confirmed(ID);
  await call('POST', `/v1/inventory/${ID}/receipts`, { body: { quantity: '5' } });
  untouched = await touched();
});

afterAll(async () => {
  expect(await touched()).toEqual(untouched);
});

const place = async (more: object) =>
  verdict(await call('POST', '/v1/orders', { body: ordering('never', more) }));
const item = { productId: 'tea', quantity: '1', unitPrice: '1' };

describe('an order', () => {
  it.each<[string, object, string]>([
    ['no items', { items: [] }, 'items'],
    ['items that are none', { items: 'tea' }, 'items'],
    ['null among the items', { items: [item, null] }, 'items[1]'],
    ['an item with an unknown field', { items: [{ ...item, sku: '1' }] }, 'items[0].sku'],
    ['an item without a price', { items: [{ productId: 'tea', quantity: '1' }] }, 'items[0].unitPrice'],
    ['a negative price', { items: [{ ...item, unitPrice: '-1' }] }, 'items[0].unitPrice'],
    ['half a unit', { items: [item, { ...item, quantity: '0.5' }] }, 'items[1].quantity'],
    ['no unit', { items: [{ ...item, quantity: 0 }] }, 'items[0].quantity'],
    ['units without end', { items: [{ ...item, quantity: '9'.repeat(5_000) }] }, 'items[0].quantity'],
    ['a product that is a path', { items: [{ ...item, productId: '../x' }] }, 'items[0].productId'],
    ['another currency', { currency: 'gbp' }, 'currency'],
    ['an id that is too long', { orderId: 'o'.repeat(65) }, 'orderId'],
    ['no customer', { customerId: undefined }, 'customerId'],
    ['no payment', { payment: undefined }, 'payment'],
    ['a payment with a card', { payment: { method: 'card', number: '1' } }, 'payment.token payment.number'],
    [
      'a card number for a token',
      { payment: { method: 'card', token: '4111111111111111' } },
      'payment.token',
    ],
    ['a total of its own', { total: '1' }, 'total'],
    ['an empty address', { shipTo: {} }, 'shipTo'],
    ['an address of numbers', { shipTo: { city: 5 } }, 'shipTo.city'],
    ['an address with a line break', { shipTo: { line1: 'a\nb' } }, 'shipTo.line1'],
    ['an address in depth', { shipTo: { city: { name: 'London' } } }, 'shipTo.city'],
    ['an address that is a list', { shipTo: ['London'] }, 'shipTo'],
    ['a part of an address with a bad name', { shipTo: { 'post code': '1' } }, 'shipTo["post code"]'],
    ['a long line for an address', { shipTo: 'x'.repeat(257) }, 'shipTo.line1'],
  ])('with %s', async (_name, more, paths) => {
    expect(await place(more)).toBe(`400 invalid_request ${paths}`);
  });

  it('with more parts of an address than there are', async () => {
    const parts = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`part${index}`, 'x']));
    expect(await place({ shipTo: parts(17) })).toBe('400 invalid_request shipTo');
  });

  it('with more lines than it may have, or as many', async () => {
    const lines = (count: number) => Array.from({ length: count }, () => ({ ...item, productId: 't' }));
    expect(await place({ items: lines(ORDER_LINES_MAX + 1) })).toBe('400 invalid_request items');
    const order = ordering('longest', { items: lines(ORDER_LINES_MAX) });
    const { status, body } = await call('POST', '/v1/orders', { body: order });
    expect([status, body.version]).toEqual([202, 1]);
    const reply = await call('GET', '/v1/orders/longest');
    expect([(reply.body.items as object[]).length, reply.body.total]).toEqual([ORDER_LINES_MAX, '1000']);
  });

  it('whose text is larger than a body may be', async () => {
    const items = Array.from({ length: 800 }, () => ({ ...item, productId: 'p'.repeat(64) }));
    expect(await place({ items })).toBe('413 request_too_large');
  });

  it('has its address in parts, however it was sent', async () => {
    await call('POST', '/v1/orders', { body: ordering('one-line', { shipTo: '1 High St, London' }) });
    expect((await call('GET', '/v1/orders/one-line')).body.shipTo).toEqual({ line1: '1 High St, London' });
  });

  it('was never placed by any of them', async () => {
    expect(await footprint('never', 'order')).toEqual({ version: 0, rows: 0 });
  });
});

describe('what follows an order', () => {
  it.each<[string, string, unknown, string]>([
    ['a cancellation without a reason', 'cancel', {}, 'reason'],
    ['a cancellation with an empty reason', 'cancel', { reason: '' }, 'reason'],
    ['a shipment without a carrier', 'ship', { trackingNumber: '1' }, 'carrier'],
    ['a shipment of no line', 'ship', { ...SHIPPING, items: [] }, 'items'],
    ['a shipment of line 0', 'ship', { ...SHIPPING, items: [{ line: 0, quantity: '1' }] }, 'items[0].line'],
    [
      'a shipment of half a line',
      'ship',
      { ...SHIPPING, items: [{ line: 1.5, quantity: '1' }] },
      'items[0].line',
    ],
    [
      'a shipment of a line in text',
      'ship',
      { ...SHIPPING, items: [{ line: '1', quantity: '1' }] },
      'items[0].line',
    ],
    [
      'a shipment that takes back',
      'ship',
      { ...SHIPPING, items: [{ line: 1, quantity: '-1' }] },
      'items[0].quantity',
    ],
    ['a shipment with an id of its own', 'ship', { ...SHIPPING, shipmentId: 's-1' }, 'shipmentId'],
    ['a delivery with a time', 'deliver', { at: 'noon' }, 'at'],
    ['a delivery that is a list', 'deliver', '[]', ''],
  ])('%s', async (_name, resource, body, paths) => {
    const reply = await call('POST', `/v1/orders/${ID}/${resource}`, { body });
    expect(verdict(reply)).toBe(`400 invalid_request ${paths}`);
  });

  it.each<[string, object[], string]>([
    ['a line that it does not have', [{ line: 3, quantity: '1' }], 'unknown_line'],
    ['more than is left', [{ line: 1, quantity: '4' }], 'quantity_exceeds_order'],
    [
      'more than is left, in two pieces',
      [
        { line: 1, quantity: '2' },
        { line: 1, quantity: '2' },
      ],
      'quantity_exceeds_order',
    ],
    ['units beyond counting', [{ line: 1, quantity: '999999999999999' }], 'quantity_exceeds_order'],
  ])('a shipment of %s is refused', async (_name, items, code) => {
    const reply = await call('POST', `/v1/orders/${ID}/ship`, { body: { ...SHIPPING, items } });
    expect(verdict(reply)).toBe(`422 ${code}`);
  });
});

describe('commands of the platform itself', () => {
  it.each([
    ['order', 'ConfirmOrder', {}],
    ['order', 'RecordShipment', { shipmentId: 'hostile-1', status: 'DELIVERED' }],
    ['inventory', 'ExpireReservation', { reservationId: 'r' }],
    ['shipment', 'CreateShipment', {}],
    ['shipment', 'DeliverShipment', {}],
  ])('%s: %s cannot be sent by a client', async (aggregateType, type, data) => {
    const command = { commandId: 'c-1', aggregateType, aggregateId: ID, type, data };
    const { body } = await call('POST', '/v1/commands', { body: { commands: [command] } });
    expect(body.results).toMatchObject([{ status: 'refused', code: 'invalid_request' }]);
  });

  it('are not taken under the name of another aggregate', async () => {
    const command = {
      commandId: 'c-1',
      aggregateType: 'order',
      aggregateId: ID,
      type: 'ReceiveStock',
      data: { quantity: '1' },
    };
    const { body } = await call('POST', '/v1/commands', { body: { commands: [command] } });
    expect(body.results).toMatchObject([{ code: 'invalid_request', errors: [{ path: 'aggregateType' }] }]);
  });
});

describe('products and stock', () => {
  it.each<[string, string, object, string]>([
    ['PUT', '/v1/products/never', { name: 'x', unitPrice: '1' }, 'currency'],
    ['PUT', '/v1/products/never', { name: '', unitPrice: '1', currency: 'GBP' }, 'name'],
    ['PUT', '/v1/products/never', { name: 'x', unitPrice: '-1', currency: 'GBP' }, 'unitPrice'],
    ['PUT', '/v1/products/never', { name: 'x\u0000', unitPrice: '1', currency: 'GBP' }, 'name'],
    ['POST', `/v1/inventory/${ID}/receipts`, {}, 'quantity'],
    ['POST', `/v1/inventory/${ID}/receipts`, { quantity: '1', reason: 'r' }, 'reason'],
    ['POST', `/v1/inventory/${ID}/adjustments`, { quantity: '0', reason: 'r' }, 'quantity'],
    ['POST', `/v1/inventory/${ID}/adjustments`, { quantity: '-0', reason: 'r' }, 'quantity'],
    ['POST', `/v1/inventory/${ID}/adjustments`, { quantity: '-1.5', reason: 'r' }, 'quantity'],
    ['POST', `/v1/inventory/${ID}/adjustments`, { quantity: '-1' }, 'reason'],
  ])('%s %s %o', async (method, path, body, paths) => {
    expect(verdict(await call(method, path, { body }))).toBe(`400 invalid_request ${paths}`);
  });

  it.each(['/v1/orders/a%2Fb', '/v1/products/a.b', `/v1/inventory/${'i'.repeat(65)}`])(
    'no id: %s',
    async (path) => {
      expect((await call('GET', path)).status).toBe(400);
    },
  );

  it('have shipments with ids longer than any client makes', async () => {
    expect((await call('GET', `/v1/shipments/${'s'.repeat(70)}-1`)).status).toBe(404);
    expect((await call('GET', `/v1/shipments/${'s'.repeat(97)}`)).status).toBe(400);
  });
});
